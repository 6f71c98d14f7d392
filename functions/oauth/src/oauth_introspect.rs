//! The endpoint `POST /oauth/introspect`, which tells a client about a token of its own (RFC 7662).
//!
//! Everything else than a token of the client that works has the same response.

use padron_auth::{OauthToken, Verifier};
use padron_domain::{Error, Failure, Membership, OauthClientId, OauthGrantId, Scope};
use padron_http::{Anonymous, Body, Context, Endpoint, ErrorFormat, Route};
use padron_store::{Action, OauthAccess, Store};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{client::PresentedClient, form::Form};

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
    /// How the token is sent: always `Bearer`.
    token_type: &'static str,
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
    /// Id of the token.
    jti: String,
    /// UUID of the organization.
    org: String,
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
    const ACTIONS: &'static [&'static [Action]] =
        &[Store::USE_API_KEY, Store::OAUTH_CLIENT, Store::SIGNING_KEYS, Store::ORGANIZATION_ACCESS];
    type Access = Anonymous;
    type Input = Form;
    type Output = Body<Introspection>;

    async fn handle(cx: &Context<'_>, _: Anonymous, form: Form) -> Result<Self::Output, Error> {
        let client = PresentedClient::of(cx.request, &form)?;
        client.count(cx, Self::ROUTE.function, REQUESTS_A_MINUTE).await?;
        let client = client.authenticate_confidential(cx).await?;
        let text = form.require("token")?;
        let keys = cx.signing_keys(None).await?;
        let token = Verifier::verify_own(text, cx.issuer(), &keys.verifying, cx.now());
        let Some(token) = token.ok().filter(|token| token.client == client.stored.app.id) else {
            return Ok(Body(Introspection::default()));
        };
        Ok(Body(introspect(cx, token).await?))
    }
}

/// Returns what is known of a token whose signature and expiry were verified.
async fn introspect(cx: &Context<'_>, token: OauthToken) -> Result<Introspection, Error> {
    let OauthAccess { gate, access } =
        cx.store().oauth_access(token.client, token.user, token.organization, []).await?;
    let gate = gate.filter(|gate| !gate.excludes(token.grant, token.issued_at));
    let is_active = access.organization.is_some_and(|organization| organization.deleted_at.is_none());
    // Whoever has left and joined again has not granted anything since.
    let has_granted = |membership: Membership| OauthGrantId::was_granted_by(token.grant, &membership);
    let has_subject = token.user.is_none() || access.membership.is_some_and(has_granted);
    let Some(gate) = gate.filter(|_| is_active && has_subject) else { return Ok(Introspection::default()) };
    let sub = token.subject();
    let OauthToken { id, client, organization, scopes, audience, issued_at, expires_at, .. } = token;
    let token = ActiveToken {
        scope: scopes.limited_to(gate.scopes).to_string(),
        client_id: client,
        token_type: "Bearer",
        sub,
        aud: audience,
        iss: cx.issuer().to_owned(),
        iat: issued_at,
        exp: expires_at,
        jti: id.to_string(),
        org: organization.to_string(),
    };
    Ok(Introspection { active: true, token: Some(token) })
}
