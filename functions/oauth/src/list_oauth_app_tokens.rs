//! The endpoint `GET /oauth/apps/{clientId}/tokens`, which lists what an OAuth app was granted. The response never contains the text of a token.

use padron_domain::{Error, OauthGrant, OauthGrantId, Scope, Scopes, Timestamp, UserId};
use padron_http::{AdminByCredential, Array, Context, Endpoint, PageRequest, Route};
use padron_store::{Action, Store, StoredOauthApp};
use schemars::JsonSchema;
use serde::Serialize;

/// The endpoint that lists the tokens of an OAuth app.
#[derive(Debug)]
pub struct ListOauthAppTokens;

/// What an OAuth app was granted: one entry for all access tokens of a grant.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OauthAppToken")]
#[serde(rename_all = "camelCase")]
pub struct OauthAppTokenResponse {
    /// Id of the grant, by which it is revoked.
    id: OauthGrantId,
    /// UUID of the user for whom the app acts; `null` if it acts for itself.
    #[schemars(with = "Option<String>", extend("format" = "uuid"))]
    user_id: Option<UserId>,
    /// Scopes that were granted.
    scopes: Scopes,
    /// When the grant ends, if it is not used before.
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Timestamp,
    /// When the grant was created.
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
    /// When an access token was last issued.
    #[schemars(with = "String", extend("format" = "date-time"))]
    last_used_at: Timestamp,
}

impl From<OauthGrant> for OauthAppTokenResponse {
    fn from(grant: OauthGrant) -> Self {
        let id = grant.id();
        let OauthGrant { user, scopes, expires_at, created_at, last_used_at, .. } = grant;
        Self { id, user_id: user, scopes, expires_at, created_at, last_used_at }
    }
}

impl Endpoint for ListOauthAppTokens {
    const ROUTE: Route = Route::get("list-oauth-app-tokens", "/oauth/apps/{clientId}/tokens");
    const SUMMARY: &'static str = "Lists what an OAuth app was granted, newest first";
    const SCOPE: Option<Scope> = Some(Scope::ReadOauthApps);
    const ACCEPTS_KEYS: bool = false;
    const ACTIONS: &'static [&'static [Action]] = &[Store::OAUTH_GRANTS];
    type Access = AdminByCredential<StoredOauthApp>;
    type Input = PageRequest;
    type Output = Array<OauthAppTokenResponse>;

    async fn handle(
        cx: &Context<'_>,
        admin: AdminByCredential<StoredOauthApp>,
        paging: PageRequest,
    ) -> Result<Self::Output, Error> {
        let (_, stored) = admin.with_resource()?;
        let client = stored.app.id;
        let scope = padron_domain::Id::<OauthGrant>::new(client.uuid());
        let after = paging.after::<OauthGrant, OauthGrant>(cx, scope)?.map(|id| id.uuid());
        let page = cx.store().oauth_grants(client, after, paging.limit(), cx.now()).await?;
        let last = page.next.map(|last| padron_domain::Id::<OauthGrant>::new(last.grant));
        let next = paging.next(cx, scope, last)?;
        Ok(Array::new(page.items.into_iter().map(Into::into))?.next(next))
    }
}
