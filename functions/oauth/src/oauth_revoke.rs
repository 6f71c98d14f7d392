//! The endpoint `POST /oauth/revoke`, with which a client revokes a token of its own (RFC 7009).
//!
//! The response does not tell whether there was such a token.

use padron_auth::Verifier;
use padron_domain::{Actor, Error, Event, EventData, Failure, Scope};
use padron_http::{Anonymous, Context, Endpoint, ErrorFormat, Response, Route};
use padron_store::{Action, Store};

use crate::{client::PresentedClient, form::Form, issuance::revocation};

/// The endpoint with which a client revokes a token.
#[derive(Debug)]
pub struct OauthRevoke;

/// The maximum number of requests that a client sends in a minute, from one network.
const REQUESTS_A_MINUTE: u32 = 60;

impl Endpoint for OauthRevoke {
    const ROUTE: Route = Route::post("oauth-revoke", "/oauth/revoke");
    const SUMMARY: &'static str = "Revokes a token of the client (RFC 7009). It stops working at once";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    const ERROR_FORMAT: ErrorFormat = ErrorFormat::Oauth;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::INVALID_CLIENT, Failure::RATE_LIMITED]];
    const ACTIONS: &'static [&'static [Action]] = &[
        Store::USE_API_KEY,
        Store::OAUTH_CLIENT,
        Store::SIGNING_KEYS,
        Store::OAUTH_GRANT_WITH_GATE,
        Store::REVOKE_OWN_OAUTH_GRANT,
    ];
    type Access = Anonymous;
    type Input = Form;
    type Output = EmptyOk;

    async fn handle(cx: &Context<'_>, _: Anonymous, form: Form) -> Result<EmptyOk, Error> {
        let client = PresentedClient::of(cx.request, &form)?;
        client.count(cx, Self::ROUTE.function, REQUESTS_A_MINUTE).await?;
        let client = client.authenticate(cx).await?;
        let token = form.get("token");
        let token = token
            .ok_or_else(|| Error::invalid("", "missing_parameter", "The parameter token is missing."))?;
        let keys = cx.signing_keys(None).await?;
        // A token that has expired, or was never one, needs no revocation.
        let Ok(token) = Verifier::verify_own(token, cx.issuer(), &keys.verifying, cx.now()) else {
            return Ok(EmptyOk);
        };
        if token.client != client.stored.app.id {
            return Ok(EmptyOk);
        }
        let Some((grant, gate)) = cx.store().oauth_grant_with_gate(token.grant_id()).await? else {
            return Ok(EmptyOk);
        };
        let gate = revocation(&gate, &grant, cx.now());
        let revoked = EventData::OauthGrantRevoked { token_id: grant.id(), member_id: grant.user };
        let event = Event::new(grant.organization, Actor::App(grant.client), cx.now(), revoked);
        let transaction = cx.store().revoke_oauth_grant(grant.id(), &gate, None, &event)?;
        transaction.commit().await?;
        Ok(EmptyOk)
    }
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
