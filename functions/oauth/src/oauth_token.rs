//! The endpoint `POST /oauth/token`, which issues access tokens.
//!
//! A form is a request of RFC 6749, JSON is one of Timbrix's API.

use std::time::Duration;

use padron_auth::{OauthToken, RefreshToken};
use padron_domain::{Error, Failure, OauthGrant, OauthGrantId, Scope, Scopes, UserId};
use padron_http::{
    Anonymous, Body, Context, Endpoint, ErrorFormat, Input, ParameterDescription, Request, Route,
    decode_json, json_bytes,
    openapi::{Operation, Schemas},
};
use padron_key_vault::KeyVault;
use padron_store::{Action, OauthAppWithGate, Store};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    client::PresentedClient,
    exchange::{self, PresentedCode, PresentedRefreshToken, exchange_code, refresh},
    form::{Form, MAX_FORM_SIZE},
    issuance::{TokenResponse, audience, issue, require_active},
    parameter::{CLIENT_ID, CLIENT_SECRET},
};
use serde_json::json;

/// The endpoint that issues access tokens.
#[derive(Debug)]
pub struct OauthTokenEndpoint;

/// The maximum number of requests with JSON that a client sends in a minute, from one network.
const JSON_REQUESTS_A_MINUTE: u32 = 10;
/// The maximum number of requests with a form that a client sends in a minute, from one network.
const FORM_REQUESTS_A_MINUTE: u32 = 60;
/// The time by which a grant outlives its token: the token may be issued some seconds later, by another clock.
const CLOCK_MARGIN: Duration = Duration::from_secs(5);
/// The maximum number of scopes in a request.
const MAX_SCOPES: usize = Scopes::MAX_LISTED;

/// A request for an access token, as Timbrix's API has it.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "OauthTokenRequest")]
#[serde(rename_all = "camelCase")]
pub struct JsonTokenRequest {
    /// Id of the app.
    client_id: String,
    /// Secret of the app.
    client_secret: String,
    /// Scopes of the token. Without them, it has all scopes of the app.
    #[schemars(with = "Option<Vec<String>>", extend("maxItems" = MAX_SCOPES))]
    #[serde(default)]
    scopes: Option<Vec<String>>,
    /// UUID of a user for whom the app acts. The user must have granted it to the app.
    #[schemars(extend("format" = "uuid"))]
    user_id: Option<String>,
}

/// The body of a request for an access token.
pub enum TokenRequest {
    /// As Timbrix's API has it.
    Json(JsonTokenRequest),
    /// As RFC 6749 has it.
    Form(Form),
}

/// Omits the secret.
impl std::fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenRequest(…)")
    }
}

/// The parameters of the form.
const FORM: &[ParameterDescription] = &[
    ParameterDescription::required("grant_type", "What the token is asked for with").with_schema(
        || json!({ "type": "string", "enum": ["client_credentials", "authorization_code", "refresh_token"] }),
    ),
    ParameterDescription::optional(
        "scope",
        "Scopes of the token, separated by spaces or commas. Without them, it has all that the app or the grant has",
    ),
    ParameterDescription::optional(
        "resource",
        "URL that the token is to be valid for: the API's, or one below it (RFC 8707)",
    ),
    ParameterDescription::optional("code", "With `authorization_code`: the code"),
    ParameterDescription::optional(
        "redirect_uri",
        "With `authorization_code`: the redirect URI of the authorization request",
    ),
    ParameterDescription::optional(
        "code_verifier",
        "With `authorization_code`: the code verifier (RFC 7636)",
    ),
    ParameterDescription::optional("refresh_token", "With `refresh_token`: the refresh token"),
    CLIENT_ID,
    CLIENT_SECRET,
];

impl Input for TokenRequest {
    const FAILURES: &'static [Failure] = Form::FAILURES;

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        if request.has_json() {
            return decode_json(&json_bytes(request, MAX_FORM_SIZE)?).map(Self::Json);
        }
        Form::decode(request).map(Self::Form)
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.body(&schemas.request::<JsonTokenRequest>());
        operation.form(FORM);
    }
}

impl Endpoint for OauthTokenEndpoint {
    const ROUTE: Route = Route::post("oauth-token", "/oauth/token");
    const SUMMARY: &'static str = "Issues an access token for an OAuth app";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    const ERROR_FORMAT: ErrorFormat = ErrorFormat::OauthForForms;
    const FAILURES: &'static [&'static [Failure]] = &[
        exchange::FAILURES,
        &[Failure::UNAUTHORIZED_CLIENT, Failure::INVALID_SCOPE, Failure::INVALID_TARGET],
    ];
    const ACTIONS: &'static [&'static [Action]] = &[
        Store::TAKE_REQUESTS,
        Store::OAUTH_CLIENT,
        Store::CREATE_OAUTH_GRANT,
        Store::EXCHANGE_CODE,
        Store::REFRESH_OAUTH_GRANT,
        Store::OAUTH_GRANT_WITH_GATE,
        Store::REVOKE_OWN_OAUTH_GRANT,
        Store::ORGANIZATION_ACCESS,
        Store::OAUTH_GRANTS_OF_USER,
        Store::SIGNING_KEYS,
        KeyVault::DECRYPT_SIGNING_KEY,
    ];
    type Access = Anonymous;
    type Input = TokenRequest;
    type Output = Body<TokenResponse>;

    async fn handle(cx: &Context<'_>, _: Anonymous, request: TokenRequest) -> Result<Self::Output, Error> {
        let response = match request {
            TokenRequest::Json(request) => of_json(cx, request).await?,
            TokenRequest::Form(form) => of_form(cx, &form).await?,
        };
        Ok(Body(response))
    }
}

/// Issues the token that a request of Timbrix's API asks for.
async fn of_json(cx: &Context<'_>, request: JsonTokenRequest) -> Result<TokenResponse, Error> {
    let JsonTokenRequest { client_id, client_secret, scopes, user_id } = request;
    let client = PresentedClient::of_json(cx.request, client_id, Some(client_secret))?;
    client.count(cx, "oauth-token json", JSON_REQUESTS_A_MINUTE).await?;
    let client = client.authenticate_confidential(cx).await?;
    let scopes = scopes.map(|names| parse_scopes(names.iter().map(String::as_str))).transpose()?;
    let Some(user) = user_id else { return for_itself(cx, &client, scopes, audience(cx, None)?).await };
    client.stored.app.client_credentials_organization().ok_or(Failure::UNAUTHORIZED_CLIENT)?;
    let user = UserId::parse(&user).ok_or(Failure::INVALID_GRANT)?;
    for_user(cx, &client, user, scopes).await
}

/// Issues the token that a request of RFC 6749 asks for.
async fn of_form(cx: &Context<'_>, form: &Form) -> Result<TokenResponse, Error> {
    let client = PresentedClient::of(cx.request, form)?;
    client.count(cx, "oauth-token", FORM_REQUESTS_A_MINUTE).await?;
    let client = client.authenticate(cx).await?;
    let scopes = form.get("scope").map(|list| parse_scopes(list.split([' ', ',']))).transpose()?;
    if scopes.is_some_and(Scopes::is_empty) {
        return Err(Failure::INVALID_SCOPE.into());
    }
    match form.require("grant_type")? {
        "client_credentials" => {
            let audience = audience(cx, form.get("resource"))?;
            for_itself(cx, &client, scopes, audience).await
        }
        "authorization_code" if cx.options().login.is_some() => {
            let presented = PresentedCode {
                code: form.require("code")?,
                redirect_uri: form.get("redirect_uri"),
                verifier: form.get("code_verifier"),
                audience: form.get("resource").map(|resource| audience(cx, Some(resource))).transpose()?,
            };
            exchange_code(cx, &client, presented).await
        }
        "refresh_token" if cx.options().login.is_some() => {
            let token = RefreshToken::parse(form.require("refresh_token")?).ok_or(Failure::INVALID_GRANT)?;
            let audience = form.get("resource").map(|resource| audience(cx, Some(resource))).transpose()?;
            refresh(cx, &client.stored.app, PresentedRefreshToken { token, scopes, audience }).await
        }
        _ => Err(Failure::UNSUPPORTED_GRANT_TYPE.into()),
    }
}

/// Returns the scopes with these names. Fails if there is no such scope.
fn parse_scopes<'a>(names: impl Iterator<Item = &'a str>) -> Result<Scopes, Error> {
    let mut names = names.filter(|name| !name.is_empty());
    let scopes = names.by_ref().take(MAX_SCOPES).map(Scope::parse).collect::<Option<Scopes>>();
    match (scopes, names.next()) {
        (Some(scopes), None) => Ok(scopes),
        _ => Err(Failure::INVALID_SCOPE.into()),
    }
}

/// Issues a token for an app that acts for itself (RFC 6749 §4.4).
async fn for_itself(
    cx: &Context<'_>,
    OauthAppWithGate { stored, gate }: &OauthAppWithGate,
    scopes: Option<Scopes>,
    audience: String,
) -> Result<TokenResponse, Error> {
    let app = &stored.app;
    let organization = app.client_credentials_organization().ok_or(Failure::UNAUTHORIZED_CLIENT)?;
    let scopes = scopes.filter(|scopes| !scopes.is_empty()).unwrap_or(app.scopes);
    if !app.scopes.missing_of(scopes).is_empty() {
        return Err(Failure::INVALID_SCOPE.into());
    }
    require_active(cx, organization, None).await?;
    let id = OauthGrantId::at(app.id, cx.now());
    let lifetime = Duration::from_secs(u64::try_from(OauthToken::LIFETIME).unwrap_or_default());
    let grant = OauthGrant {
        client: id.client,
        grant: id.grant,
        version: 1,
        organization,
        user: None,
        scopes,
        created_at: cx.now(),
        last_used_at: cx.now(),
        expires_at: cx.now().plus(lifetime + CLOCK_MARGIN),
        audience: String::new(),
        refresh: None,
    };
    // Signed first: a key that is missing leaves no grant behind.
    let response = issue(cx, app, &grant, gate, scopes, audience).await?;
    cx.store().create_oauth_grant(&grant).await?;
    Ok(response)
}

/// Issues a token for an app that acts for a user, who has granted it to the app.
async fn for_user(
    cx: &Context<'_>,
    OauthAppWithGate { stored, gate }: &OauthAppWithGate,
    user: UserId,
    scopes: Option<Scopes>,
) -> Result<TokenResponse, Error> {
    let grants = cx.store().oauth_grants_of_user(stored.app.id, user, cx.now()).await?;
    let granted = |grant: &OauthGrant| grant.scopes.limited_to(stored.app.scopes);
    let is_enough =
        |grant: &&OauthGrant| scopes.is_none_or(|scopes| granted(grant).missing_of(scopes).is_empty());
    let grant = grants.iter().find(is_enough).ok_or(Failure::INVALID_GRANT)?;
    require_active(cx, grant.organization, Some((user, grant.created_at))).await?;
    let scopes = scopes.filter(|scopes| !scopes.is_empty()).unwrap_or(granted(grant));
    issue(cx, &stored.app, grant, gate, scopes, grant.audience.clone()).await
}
