//! The endpoint `POST /oauth/token/exchange`, which exchanges an authorization code for tokens in the form of Timbrix's API.

use padron_domain::{Error, Failure, Scope};
use padron_http::{Anonymous, Body, Context, Endpoint, ErrorFormat, Json, Route};
use padron_key_vault::KeyVault;
use padron_store::{Action, Store};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    client::PresentedClient,
    exchange::{self, PresentedCode, exchange_code},
    issuance::TokenResponse,
};

/// The endpoint that exchanges an authorization code for tokens.
#[derive(Debug)]
pub struct OauthExchange;

/// The maximum number of requests that a client sends in a minute, from one network.
const REQUESTS_A_MINUTE: u32 = 15;

/// An authorization code, to be exchanged.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "OauthExchangeRequest")]
#[serde(rename_all = "camelCase")]
pub struct ExchangeRequest {
    /// The authorization code.
    code: String,
    /// Id of the app.
    client_id: String,
    /// Secret of the app. A public client has none.
    client_secret: Option<String>,
    /// Redirect URI of the authorization request.
    redirect_uri: Option<String>,
    /// Type of the grant: `authorization_code`.
    grant_type: Option<String>,
    /// Verifier of the authorization request's challenge (RFC 7636).
    code_verifier: Option<String>,
}

/// Omits code, secret and verifier.
impl std::fmt::Debug for ExchangeRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExchangeRequest").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl Endpoint for OauthExchange {
    const ROUTE: Route = Route::post("oauth-exchange", "/oauth/token/exchange");
    const SUMMARY: &'static str = "Exchanges an authorization code for tokens, as Timbrix does";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    const ERROR_FORMAT: ErrorFormat = ErrorFormat::OauthForForms;
    const FAILURES: &'static [&'static [Failure]] = &[exchange::FAILURES];
    const ACTIONS: &'static [&'static [Action]] = &[
        Store::TAKE_REQUESTS,
        Store::OAUTH_CLIENT,
        Store::EXCHANGE_CODE,
        Store::OAUTH_GRANT_WITH_GATE,
        Store::REVOKE_OWN_OAUTH_GRANT,
        Store::ORGANIZATION_ACCESS,
        Store::SIGNING_KEYS,
        KeyVault::DECRYPT_SIGNING_KEY,
    ];
    type Access = Anonymous;
    type Input = Json<ExchangeRequest>;
    type Output = Body<TokenResponse>;

    async fn handle(
        cx: &Context<'_>,
        _: Anonymous,
        Json(request): Json<ExchangeRequest>,
    ) -> Result<Self::Output, Error> {
        exchange(cx, request).await.map(Body)
    }
}

async fn exchange(cx: &Context<'_>, request: ExchangeRequest) -> Result<TokenResponse, Error> {
    let ExchangeRequest { code, client_id, client_secret, redirect_uri, grant_type, code_verifier } = request;
    let client = PresentedClient::of_json(cx.request, client_id, client_secret)?;
    client.count(cx, OauthExchange::ROUTE.function, REQUESTS_A_MINUTE).await?;
    let client = client.authenticate(cx).await?;
    let is_code = grant_type.is_none_or(|grant_type| grant_type == "authorization_code");
    if !is_code || cx.options().login.is_none() {
        return Err(Failure::UNSUPPORTED_GRANT_TYPE.into());
    }
    let presented = PresentedCode {
        code: &code,
        redirect_uri: redirect_uri.as_deref().filter(|uri| !uri.is_empty()),
        verifier: code_verifier.as_deref().filter(|verifier| !verifier.is_empty()),
        audience: None,
    };
    exchange_code(cx, &client, presented).await
}
