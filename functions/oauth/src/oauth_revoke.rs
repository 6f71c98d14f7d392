//! The endpoint `POST /oauth/revoke`, with which a client revokes a token of its own (RFC 7009).
//!
//! The response does not tell whether there was such a token.

use padron_auth::{RefreshToken, Verifier};
use padron_domain::{Actor, Error, Event, Failure, GrantRevocationReason, OauthGrantId, Scope};
use padron_http::{Anonymous, Context, Endpoint, ErrorFormat, ParameterDescription, Response, Route};
use padron_store::{Action, OauthGrantWithGate, Store};

use crate::{
    client::PresentedClient,
    exchange::is_genuine,
    form::{FormOf, FormParameters},
    issuance::{revocation, revoked_event},
    parameter::{CLIENT_ID, CLIENT_SECRET, TOKEN, TOKEN_TYPE_HINT},
};

/// The endpoint with which a client revokes a token.
#[derive(Debug)]
pub struct OauthRevoke;

/// The maximum number of requests that a client sends in a minute, from one network.
const REQUESTS_A_MINUTE: u32 = 60;

impl FormParameters for OauthRevoke {
    const PARAMETERS: &'static [ParameterDescription] = &[TOKEN, TOKEN_TYPE_HINT, CLIENT_ID, CLIENT_SECRET];
}

impl Endpoint for OauthRevoke {
    const ROUTE: Route = Route::post("oauth-revoke", "/oauth/revoke");
    const SUMMARY: &'static str = "Revokes a token of the client (RFC 7009). It stops working at once";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    const ERROR_FORMAT: ErrorFormat = ErrorFormat::Oauth;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::INVALID_CLIENT, Failure::RATE_LIMITED]];
    const ACTIONS: &'static [&'static [Action]] = &[
        Store::TAKE_REQUESTS,
        Store::OAUTH_CLIENT,
        Store::SIGNING_KEYS,
        Store::OAUTH_GRANT_WITH_GATE,
        Store::REVOKE_OWN_OAUTH_GRANT,
    ];
    type Access = Anonymous;
    type Input = FormOf<Self>;
    type Output = EmptyOk;

    async fn handle(
        cx: &Context<'_>,
        _: Anonymous,
        FormOf { form, .. }: FormOf<Self>,
    ) -> Result<EmptyOk, Error> {
        let client = PresentedClient::of(cx.request, &form)?;
        client.count(cx, Self::ROUTE.function, REQUESTS_A_MINUTE).await?;
        let client = client.authenticate(cx).await?;
        let token = form.get("token");
        let token = token
            .ok_or_else(|| Error::invalid("", "missing_parameter", "The parameter token is missing."))?;
        let own = grant_id(cx, token).await?.filter(|id| id.client == client.stored.app.id);
        let Some(id) = own else { return Ok(EmptyOk) };
        let Some(OauthGrantWithGate { stored, gate }) = cx.store().oauth_grant_with_gate(id).await? else {
            return Ok(EmptyOk);
        };
        // An access token was verified before.
        if RefreshToken::parse(token).is_some_and(|token| !is_genuine(cx, &token, &stored)) {
            return Ok(EmptyOk);
        }
        let grant = stored.grant;
        let gate = revocation(&gate, &grant, cx.now());
        let revoked = revoked_event(&grant, GrantRevocationReason::Revoked);
        let event = Event::new(grant.organization, Actor::App(grant.client), cx.now(), revoked);
        let transaction = cx.store().revoke_oauth_grant(grant.id(), &gate, None, &event)?;
        transaction.commit().await?;
        Ok(EmptyOk)
    }
}

/// Returns the grant of an access token or a refresh token; `None` if it has expired, or was never one.
async fn grant_id(cx: &Context<'_>, token: &str) -> Result<Option<OauthGrantId>, Error> {
    if RefreshToken::is_one(token) {
        return Ok(RefreshToken::parse(token).map(|token| token.id));
    }
    let keys = cx.signing_keys(None).await?;
    let token = Verifier::verify_own(token, cx.issuer(), &keys.verifying, cx.now());
    Ok(token.ok().map(|token| token.grant_id()))
}

/// An empty response with status 200 (RFC 7009 §2.2).
#[derive(Debug)]
pub struct EmptyOk;

impl padron_http::Output for EmptyOk {
    const FAILURES: &'static [Failure] = &[Failure::CONCURRENT_CHANGE];

    fn into_response(self, _: &padron_http::Request<'_>) -> Result<Response, Error> {
        Ok(Response::empty(200))
    }

    fn describe(operation: &mut padron_http::openapi::Operation, _: &mut padron_http::openapi::Schemas) {
        operation.succeeds("200", None);
    }
}
