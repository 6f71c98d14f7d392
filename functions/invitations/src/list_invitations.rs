//! The endpoint `GET /organizations/{organizationId}/invitations`, which lists the invitations of an organization with their status.
//!
//! The response never contains a token.

use padron_domain::{Error, Failure, Invitation, InvitationStatus, Scope};
use padron_dto::InvitationResponse;
use padron_http::{
    Admin, Array, Context, Endpoint, Input, PageRequest, Query, Request, Route,
    openapi::{Operation, Schemas},
};
use padron_store::{Action, Store};
use serde_json::json;

/// The endpoint that lists the invitations of an organization.
#[derive(Debug)]
pub struct ListInvitations;

/// The query parameters of the list of invitations.
#[derive(Debug)]
pub struct InvitationQuery {
    paging: PageRequest,
    status: Option<InvitationStatus>,
}

impl Input for InvitationQuery {
    const FAILURES: &'static [Failure] = &[Failure::INVALID_REQUEST];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        let query = Query::read(request, &["limit", "cursor", "status"])?;
        let detail = "pending, expired, accepted, declined or revoked.";
        let status = query.parse("status", detail, InvitationStatus::parse)?;
        Ok(Self { paging: PageRequest::read(&query)?, status })
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        PageRequest::describe_parameters(operation);
        let status = json!({ "type": "string", "enum": InvitationStatus::ALL.map(InvitationStatus::name) });
        operation.parameter("query", "status", "Those of this status only", false, &status);
    }
}

impl Endpoint for ListInvitations {
    const ROUTE: Route = Route::get("list-invitations", "/organizations/{organizationId}/invitations");
    const SUMMARY: &'static str = "Lists the invitations of an organization, ordered by id";
    const SCOPE: Option<Scope> = Some(Scope::ReadMembers);
    const ACCEPTS_KEYS: bool = true;
    const ACTIONS: &'static [&'static [Action]] = &[Store::INVITATIONS];
    type Access = Admin;
    type Input = InvitationQuery;
    type Output = Array<InvitationResponse>;

    async fn handle(cx: &Context<'_>, admin: Admin, query: InvitationQuery) -> Result<Self::Output, Error> {
        let InvitationQuery { paging, status } = query;
        let organization = admin.organization().id;
        let is_wanted = |invitation: &Invitation| Some(invitation.status(cx.now())) == status;
        let is_wanted: Option<&(dyn Fn(&Invitation) -> bool + Sync)> =
            if status.is_some() { Some(&is_wanted) } else { None };
        let after = paging.after(cx, organization)?;
        let page = cx.store().invitations(organization, after, paging.limit(), is_wanted).await?;
        let next = paging.next(cx, organization, page.next.map(|last| last.id))?;
        let items = page.items.into_iter().map(|invitation| InvitationResponse::new(invitation, cx.now()));
        Ok(Array::new(items)?.next(next))
    }
}
