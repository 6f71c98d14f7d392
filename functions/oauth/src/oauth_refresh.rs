//! The endpoint `POST /oauth/token/refresh`, which exchanges a refresh token for the next pair of tokens in the form of Timbrix's API.

use padron_auth::RefreshToken;
use padron_domain::{Error, Failure, Scope};
use padron_http::{Anonymous, Body, Context, Endpoint, ErrorFormat, Json, Route};
use padron_key_vault::KeyVault;
use padron_store::{Action, Store};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    client::{self, PresentedClient},
    exchange::{self, PresentedRefreshToken, refresh},
    issuance::TokenResponse,
};

/// The endpoint that exchanges a refresh token.
#[derive(Debug)]
pub struct OauthRefresh;

/// The maximum number of requests that a client sends in a minute, from one network.
const REQUESTS_A_MINUTE: u32 = 20;

/// A refresh token, to be exchanged.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "OauthRefreshRequest")]
#[serde(rename_all = "camelCase")]
pub struct RefreshRequest {
    /// The refresh token.
    refresh_token: String,
    /// Id of the app. Only apps that were created without a `type` may leave it out.
    client_id: Option<String>,
    /// Secret of the app. A public client has none.
    client_secret: Option<String>,
}

/// Omits token and secret.
impl std::fmt::Debug for RefreshRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshRequest").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl Endpoint for OauthRefresh {
    const ROUTE: Route = Route::post("oauth-refresh", "/oauth/token/refresh");
    const SUMMARY: &'static str = "Exchanges a refresh token for the next pair of tokens, as Timbrix does";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    const ERROR_FORMAT: ErrorFormat = ErrorFormat::OauthForForms;
    const FAILURES: &'static [&'static [Failure]] = &[exchange::FAILURES];
    const ACTIONS: &'static [&'static [Action]] = &[
        Store::TAKE_REQUESTS,
        Store::OAUTH_CLIENT,
        Store::REFRESH_OAUTH_GRANT,
        Store::OAUTH_GRANT_WITH_GATE,
        Store::REVOKE_OWN_OAUTH_GRANT,
        Store::ORGANIZATION_ACCESS,
        Store::SIGNING_KEYS,
        KeyVault::DECRYPT_SIGNING_KEY,
    ];
    type Access = Anonymous;
    type Input = Json<RefreshRequest>;
    type Output = Body<TokenResponse>;

    async fn handle(
        cx: &Context<'_>,
        _: Anonymous,
        Json(request): Json<RefreshRequest>,
    ) -> Result<Self::Output, Error> {
        refresh_tokens(cx, request).await.map(Body)
    }
}

async fn refresh_tokens(cx: &Context<'_>, request: RefreshRequest) -> Result<TokenResponse, Error> {
    let RefreshRequest { refresh_token, client_id, client_secret } = request;
    let token = RefreshToken::parse(&refresh_token);
    let of_token = || token.as_ref().map(|token| token.id.client.to_string()).unwrap_or_default();
    let names_client = client_id.is_some() || client_secret.is_some();
    let presented = PresentedClient::of_json(cx.request, client_id.unwrap_or_else(of_token), client_secret)?;
    presented.count(cx, OauthRefresh::ROUTE.function, REQUESTS_A_MINUTE).await?;
    let token = token.ok_or(Failure::INVALID_GRANT)?;
    if cx.options().login.is_none() {
        return Err(Failure::UNSUPPORTED_GRANT_TYPE.into());
    }
    let app = if names_client {
        presented.authenticate(cx).await?.stored.app
    } else {
        // Timbrix's clients send the token alone.
        let found = client::find_by_id(cx, token.id.client).await?.ok_or(Failure::INVALID_GRANT)?;
        Some(found.stored.app).filter(|app| app.is_untyped).ok_or(Failure::INVALID_CLIENT)?
    };
    refresh(cx, &app, PresentedRefreshToken { token, scopes: None, audience: None }).await
}
