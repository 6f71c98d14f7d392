//! The sign-in at the operator's issuer, by the authorization code flow of OpenID Connect (Core §3.1).

use std::{sync::Arc, time::Duration};

use padron_auth::{RemoteDocument, Source, TokenRequest, User};
use padron_domain::{Error, Failure};
use padron_http::{Context, Login, Response, is_https_or_loopback};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use url::Url;

use crate::{
    authorization::{Answer, AuthorizationRequest, challenge_of, open, seal},
    page::redirect,
    session::{self, random_text},
};

/// The maximum length of a cookie's value, in bytes. Browsers drop cookies of more than 4,096 bytes with name and attributes.
const MAX_COOKIE_LENGTH: usize = 3900;
/// The context in which a sign-in is sealed.
const CONTEXT: &str = "login";

/// A sign-in that is under way, which its cookie holds.
#[derive(Serialize, Deserialize)]
struct PendingLogin {
    state: String,
    nonce: String,
    verifier: String,
    request: AuthorizationRequest,
}

/// The metadata of the operator's issuer (OpenID Connect Discovery §3).
#[derive(Clone, Debug, Deserialize)]
struct Provider {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
}

/// The documents with the metadata of issuers.
const PROVIDERS: Source<Provider> = Source {
    name: "the issuer's metadata",
    parse: |document| serde_json::from_slice(document).map_err(|_| "it is not a provider's".to_owned()),
    refresh_interval: Duration::from_secs(60),
    retry_interval: Duration::from_secs(2),
    fresh_for: Duration::from_secs(60 * 60),
    usable_for: Duration::from_secs(24 * 60 * 60),
};

/// Returns the metadata of the operator's issuer.
async fn provider(cx: &Context<'_>, login: &Login) -> Result<Provider, Error> {
    let create = || Ok(Arc::new(RemoteDocument::new(login.discovery_url.clone(), PROVIDERS)));
    let document = cx.environment().get_or_create(create)?;
    let provider = document.with_key(|_| true, cx.now(), cx.deadline()).await?;
    if provider.issuer != login.issuer {
        return Err(Error::unavailable("the metadata are those of another issuer"));
    }
    if ![&provider.authorization_endpoint, &provider.token_endpoint]
        .iter()
        .all(|url| is_https_or_loopback(url))
    {
        return Err(Error::unavailable("the issuer's endpoints are not https"));
    }
    Ok((*provider).clone())
}

/// Returns the URL that the issuer sends the user back to.
fn callback(cx: &Context<'_>) -> String {
    format!("{}/oauth/callback", cx.issuer())
}

/// Sends the user to the issuer to sign in.
pub(crate) async fn begin(
    cx: &Context<'_>,
    login: &Login,
    request: AuthorizationRequest,
) -> Result<Response, Error> {
    let provider = match provider(cx, login).await {
        Ok(provider) => provider,
        Err(error) => return failed(cx, &error, &request),
    };
    let asks_again = request.prompt.login;
    let pending =
        PendingLogin { state: random_text()?, nonce: random_text()?, verifier: random_text()?, request };
    let challenge = challenge_of(&pending.verifier);
    let Ok(mut url) = Url::parse(&provider.authorization_endpoint) else {
        let error = Error::unavailable("the issuer's authorization endpoint is not a URL");
        return failed(cx, &error, &pending.request);
    };
    {
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &login.client_id)
            .append_pair("redirect_uri", &callback(cx))
            .append_pair("scope", "openid email profile")
            .append_pair("state", &pending.state)
            .append_pair("nonce", &pending.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        if asks_again {
            query.append_pair("prompt", "login");
        }
    }
    let sealed = seal(cx, CONTEXT, &pending)?;
    if sealed.len() > MAX_COOKIE_LENGTH {
        let too_long = "The state, the redirect URI and the resource together are too long.";
        return pending.request.answer(cx, 302, Answer::Error("invalid_request", too_long));
    }
    Ok(session::set_login(cx, redirect(302, url.into()), sealed))
}

/// Returns the answer to the app when the issuer fails. The log says why.
fn failed(cx: &Context<'_>, error: &Error, request: &AuthorizationRequest) -> Result<Response, Error> {
    request.answer(cx, 302, Answer::Error(error_code(cx, error), "The user cannot sign in at present."))
}

/// Returns the error for the app when the issuer fails (RFC 6749 §4.1.2.1), and notes the cause.
fn error_code(cx: &Context<'_>, error: &Error) -> &'static str {
    cx.note_cause(error.cause().unwrap_or_default());
    if error.failure() == Failure::UNAVAILABLE { "temporarily_unavailable" } else { "server_error" }
}

/// The outcome of a sign-in.
pub(crate) enum Outcome {
    /// The user has signed in.
    SignedIn(User, AuthorizationRequest),
    /// The user is not signed in, with the error for the app.
    Refused(AuthorizationRequest, &'static str),
    /// The answer is not one to a sign-in of this browser.
    Unknown,
}

/// Completes a sign-in with the issuer's answer.
pub(crate) async fn complete(
    cx: &Context<'_>,
    login: &Login,
    get: impl Fn(&str) -> Option<String>,
) -> Result<Outcome, Error> {
    let pending = session::login(cx).and_then(|sealed| open::<PendingLogin>(cx, CONTEXT, &sealed));
    let Some(pending) = pending.filter(|pending| !pending.request.has_expired(cx.now())) else {
        return Ok(Outcome::Unknown);
    };
    let state = get("state").unwrap_or_default();
    let is_answer: bool = state.as_bytes().ct_eq(pending.state.as_bytes()).into();
    // An issuer that names itself must be this one (RFC 9207).
    let is_issuer = get("iss").is_none_or(|issuer| issuer == login.issuer);
    if !is_answer || !is_issuer {
        return Ok(Outcome::Unknown);
    }
    let Some(code) = get("code") else { return Ok(Outcome::Refused(pending.request, "access_denied")) };
    match sign_in(cx, login, &pending, &code).await {
        Ok(user) => Ok(Outcome::SignedIn(user, pending.request)),
        Err(error) => Ok(Outcome::Refused(pending.request, error_code(cx, &error))),
    }
}

/// Exchanges the issuer's code, and returns the user whom the ID token names.
async fn sign_in(cx: &Context<'_>, login: &Login, pending: &PendingLogin, code: &str) -> Result<User, Error> {
    let provider = provider(cx, login).await?;
    let request = TokenRequest {
        url: &provider.token_endpoint,
        client_id: &login.client_id,
        client_secret: login.client_secret.as_deref(),
        code,
        redirect_uri: &callback(cx),
        verifier: &pending.verifier,
    };
    let id_token = request.send(cx.deadline()).await?;
    let refused = || Error::from(Failure::INVALID_GRANT).with_cause("the issuer refuses the code");
    cx.verify_id_token(&id_token.ok_or_else(refused)?, &login.client_id, &pending.nonce).await
}
