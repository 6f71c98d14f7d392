//! The endpoint `POST /oauth/introspect`, which tells a client about a token of its own (RFC 7662).
//!
//! Everything else than a token of the client that works has the same response.

use padron_auth::{OauthToken, RefreshToken, Verifier};
use padron_domain::{Error, Failure, Membership, OauthClientId, OauthGrantId, Scope};
use padron_http::{Anonymous, Body, Context, Endpoint, ErrorFormat, ParameterDescription, Route};
use padron_store::{Action, OauthAccess, Store};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    client::PresentedClient,
    exchange::is_genuine,
    form::{FormOf, FormParameters},
    issuance::require_active,
    parameter::{CLIENT_ID, CLIENT_SECRET, TOKEN, TOKEN_TYPE_HINT},
};

/// The endpoint that tells a client about a token.
#[derive(Debug)]
pub struct OauthIntrospect;

/// The maximum number of requests that a client sends in a minute, from one network.
const REQUESTS_A_MINUTE: u32 = 600;

/// What is known of a token (RFC 7662 §2.2).
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Introspection {
    /// Whether the token works. If it does not, there are no other fields.
    active: bool,
    /// The rest, if the token works.
    #[serde(flatten)]
    token: Option<ActiveToken>,
}

/// A token that works.
#[derive(Debug, Serialize, JsonSchema)]
struct ActiveToken {
    /// Scopes that the token has at present, separated by spaces.
    scope: String,
    /// Id of the app.
    client_id: OauthClientId,
    /// How the token is sent: always `Bearer`. Absent for a refresh token.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    /// UUID of the user for whom the app acts; the id of the app if it acts for itself.
    sub: String,
    /// URL that the token is valid for.
    aud: String,
    /// URL of the API.
    iss: String,
    /// When the token was issued, in seconds since 1970.
    iat: i64,
    /// When the token expires, in seconds since 1970.
    exp: i64,
    /// Id of the token. Absent for a refresh token.
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    /// UUID of the organization.
    org: String,
}

impl FormParameters for OauthIntrospect {
    const PARAMETERS: &'static [ParameterDescription] = &[TOKEN, TOKEN_TYPE_HINT, CLIENT_ID, CLIENT_SECRET];
}

impl Endpoint for OauthIntrospect {
    const ROUTE: Route = Route::post("oauth-introspect", "/oauth/introspect");
    const SUMMARY: &'static str =
        "Returns whether a token of the client works, and what it is for (RFC 7662)";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    const ERROR_FORMAT: ErrorFormat = ErrorFormat::Oauth;
    const FAILURES: &'static [&'static [Failure]] =
        &[&[Failure::INVALID_CLIENT, Failure::UNAUTHORIZED_CLIENT, Failure::RATE_LIMITED]];
    const ACTIONS: &'static [&'static [Action]] = &[
        Store::TAKE_REQUESTS,
        Store::OAUTH_CLIENT,
        Store::SIGNING_KEYS,
        Store::OAUTH_GRANT_WITH_GATE,
        Store::ORGANIZATION_ACCESS,
    ];
    type Access = Anonymous;
    type Input = FormOf<Self>;
    type Output = Body<Introspection>;

    async fn handle(
        cx: &Context<'_>,
        _: Anonymous,
        FormOf { form, .. }: FormOf<Self>,
    ) -> Result<Self::Output, Error> {
        let client = PresentedClient::of(cx.request, &form)?;
        client.count(cx, Self::ROUTE.function, REQUESTS_A_MINUTE).await?;
        let client = client.authenticate_confidential(cx).await?;
        let text = form.require("token")?;
        let client = client.stored.app.id;
        let token = if RefreshToken::is_one(text) {
            of_refresh_token(cx, client, text).await?
        } else {
            of_access_token(cx, client, text).await?
        };
        Ok(Body(Introspection { active: token.is_some(), token }))
    }
}

/// Returns what is known of an access token of a client; `None` if it does not work.
async fn of_access_token(
    cx: &Context<'_>,
    client: OauthClientId,
    text: &str,
) -> Result<Option<ActiveToken>, Error> {
    let keys = cx.signing_keys(None).await?;
    let token = Verifier::verify_own(text, cx.issuer(), &keys.verifying, cx.now());
    let Some(token) = token.ok().filter(|token| token.client == client) else { return Ok(None) };
    let OauthAccess { gate, access } =
        cx.store().oauth_access(client, token.user, token.organization, []).await?;
    let gate = gate.filter(|gate| !gate.excludes(token.grant, token.issued_at));
    let is_active = access.organization.is_some_and(|organization| organization.is_active());
    // Whoever has left and joined again has not granted anything since.
    let has_granted = |membership: Membership| OauthGrantId::was_granted_by(token.grant, &membership);
    let has_subject = token.user.is_none() || access.membership.is_some_and(has_granted);
    let Some(gate) = gate.filter(|_| is_active && has_subject) else { return Ok(None) };
    let scopes = token.scopes.limited_to(gate.scopes);
    if scopes.is_empty() {
        return Ok(None);
    }
    let sub = token.subject();
    let OauthToken { id, client, organization, audience, issued_at, expires_at, .. } = token;
    Ok(Some(ActiveToken {
        scope: scopes.to_string(),
        client_id: client,
        token_type: Some("Bearer"),
        sub,
        aud: audience,
        iss: cx.issuer().to_owned(),
        iat: issued_at,
        exp: expires_at,
        jti: Some(id.to_string()),
        org: organization.to_string(),
    }))
}

/// Returns what is known of a refresh token of a client; `None` if it cannot be exchanged, or only because the response to an exchange was
/// lost.
async fn of_refresh_token(
    cx: &Context<'_>,
    client: OauthClientId,
    text: &str,
) -> Result<Option<ActiveToken>, Error> {
    let Some(token) = RefreshToken::parse(text).filter(|token| token.id.client == client) else {
        return Ok(None);
    };
    let Some(found) = cx.store().oauth_grant_with_gate(token.id).await? else { return Ok(None) };
    let grant = &found.stored.grant;
    let (Some(state), Some(user)) = (&grant.refresh, grant.user) else { return Ok(None) };
    let is_current = is_genuine(cx, &token, &found.stored) && token.generation == state.generation;
    if !is_current || !grant.is_live(cx.now()) {
        return Ok(None);
    }
    match require_active(cx, grant.organization, Some((user, grant.created_at))).await {
        Ok(()) => {}
        Err(error) if error.failure() == Failure::INVALID_GRANT => return Ok(None),
        Err(error) => return Err(error),
    }
    let scopes = grant.scopes.limited_to(found.gate.scopes);
    if scopes.is_empty() {
        return Ok(None);
    }
    Ok(Some(ActiveToken {
        scope: scopes.to_string(),
        client_id: client,
        token_type: None,
        sub: user.to_string(),
        aud: grant.audience.clone(),
        iss: cx.issuer().to_owned(),
        iat: state.issued_at.seconds(),
        exp: grant.expires_at.seconds(),
        jti: None,
        org: grant.organization.to_string(),
    }))
}
