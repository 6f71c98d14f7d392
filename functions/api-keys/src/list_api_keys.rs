//! The endpoint `GET /organizations/{organizationId}/api-keys`, which lists the API keys of an organization with their status.
//!
//! The response never contains the text of a key.

use padron_domain::{ApiKeyStatus, Error, Failure, Scope};
use padron_dto::ApiKeyResponse;
use padron_http::{
    Array, Context, Endpoint, Input, PageRequest, Query, Request, Route,
    openapi::{Operation, Schemas},
};
use padron_store::{Action, Store, StoredApiKey};
use serde_json::json;

use crate::{access::KeyAdmin, response::show};

/// The endpoint that lists the API keys of an organization.
#[derive(Debug)]
pub struct ListApiKeys;

/// The query parameters of the list of API keys.
#[derive(Debug)]
pub struct ApiKeyQuery {
    paging: PageRequest,
    status: Option<ApiKeyStatus>,
}

impl Input for ApiKeyQuery {
    const FAILURES: &'static [Failure] = &[Failure::INVALID_REQUEST];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        let query = Query::read(request, &["limit", "cursor", "status"])?;
        let status = query.parse("status", "active, expired, revoked or superseded.", ApiKeyStatus::parse)?;
        Ok(Self { paging: PageRequest::read(&query)?, status })
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        PageRequest::describe_parameters(operation);
        let status = json!({ "type": "string", "enum": ApiKeyStatus::ALL.map(ApiKeyStatus::name) });
        operation.parameter("query", "status", "Those of this status only", false, &status);
    }
}

impl Endpoint for ListApiKeys {
    const ROUTE: Route = Route::get("list-api-keys", "/organizations/{organizationId}/api-keys");
    const SUMMARY: &'static str = "Lists the API keys of an organization, newest first";
    const SCOPE: Option<Scope> = Some(Scope::ReadApiKeys);
    const ACCEPTS_KEYS: bool = true;
    const ACTIONS: &'static [&'static [Action]] = &[Store::API_KEYS];
    type Access = KeyAdmin<()>;
    type Input = ApiKeyQuery;
    type Output = Array<ApiKeyResponse>;

    async fn handle(
        cx: &Context<'_>,
        admin: KeyAdmin<()>,
        query: ApiKeyQuery,
    ) -> Result<Self::Output, Error> {
        let ApiKeyQuery { paging, status } = query;
        let organization = admin.organization().id;
        let is_wanted = |stored: &StoredApiKey| {
            stored.is_retained(cx.now()) && status.is_none_or(|status| stored.key.status(cx.now()) == status)
        };
        let after = paging.after(cx, organization)?;
        let page = cx.store().api_keys(organization, after, paging.limit(), Some(&is_wanted)).await?;
        let next = paging.next(cx, organization, page.next.map(|last| last.key.id))?;
        let items = page.items.into_iter().map(|stored| show(stored, cx.now()));
        Ok(Array::new(items)?.next(next))
    }
}
