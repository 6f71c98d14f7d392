//! The endpoint `GET /users/me/oauth-grants`, which lists what the caller has allowed OAuth apps to do.

use padron_domain::{Error, OauthClientId, OauthGrantId, OrganizationId, Scope, Scopes, Timestamp};
use padron_http::{Array, Context, Endpoint, PageRequest, Route, SignedIn};
use padron_store::{Action, GrantOfUser, Store};
use schemars::JsonSchema;
use serde::Serialize;

/// The endpoint that lists what the caller has allowed.
#[derive(Debug)]
pub struct ListMyGrants;

/// What the caller has allowed an OAuth app to do.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "MyOauthGrant")]
#[serde(rename_all = "camelCase")]
#[schemars(extend("examples" = [{ "id": "tok_0195b2f35e7f7b8c9d0e1f2a3b4c5d6e0195b2f46f807c9d8e1f2a3b4c5d6e7f", "clientId": "app_0195b2f35e7f7b8c9d0e1f2a3b4c5d6e", "appName": "Contabilidad", "appUrl": null, "organizationId": "550e8400-e29b-41d4-a716-446655440000", "scopes": ["read:customers"], "expiresAt": "2026-02-14T12:00:00.000Z", "createdAt": "2026-01-15T12:00:00.000Z", "lastUsedAt": "2026-01-15T12:00:00.000Z" }]))]
pub struct MyGrantResponse {
    /// Id of the grant, by which it is revoked.
    id: OauthGrantId,
    /// Id of the app.
    client_id: OauthClientId,
    /// Name of the app.
    app_name: String,
    /// URL of the document that describes the app, which is its `client_id` in OAuth; `null` if there is none.
    app_url: Option<String>,
    /// UUID of the organization in which the app acts.
    #[schemars(with = "String", extend("format" = "uuid"))]
    organization_id: OrganizationId,
    /// Scopes that were granted.
    scopes: Scopes,
    /// When the grant ends. A refresh postpones the end.
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Timestamp,
    /// When the grant was created.
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
    /// When tokens were last issued for it.
    #[schemars(with = "String", extend("format" = "date-time"))]
    last_used_at: Timestamp,
}

impl From<GrantOfUser> for MyGrantResponse {
    fn from(GrantOfUser { grant, app_name, app_url }: GrantOfUser) -> Self {
        Self {
            id: grant.id(),
            client_id: grant.client,
            app_name,
            app_url,
            organization_id: grant.organization,
            scopes: grant.scopes,
            expires_at: grant.expires_at,
            created_at: grant.created_at,
            last_used_at: grant.last_used_at,
        }
    }
}

impl Endpoint for ListMyGrants {
    const ROUTE: Route = Route::get("list-my-grants", "/users/me/oauth-grants");
    const SUMMARY: &'static str = "Lists what the caller has allowed OAuth apps to do";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    const ACTIONS: &'static [&'static [Action]] = &[Store::GRANTS_OF_USER];
    type Access = SignedIn;
    type Input = PageRequest;
    type Output = Array<MyGrantResponse>;

    async fn handle(cx: &Context<'_>, caller: SignedIn, paging: PageRequest) -> Result<Self::Output, Error> {
        let user = caller.user().id;
        let scope = serde_json::json!(user);
        let after = paging
            .cursor_position(cx, &scope, |bytes| OauthGrantId::parse(std::str::from_utf8(bytes).ok()?))?;
        let (grants, next) = cx.store().grants_of_user(user, after, paging.limit(), cx.now()).await?;
        let next =
            next.map(|id| paging.query_after_position(cx, &scope, id.to_string().as_bytes())).transpose()?;
        Ok(Array::new(grants.into_iter().map(Into::into))?.next(next))
    }
}
