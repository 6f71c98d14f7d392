//! The credentials of a request.

use padron_auth::{
    AUTHENTICATION_REQUIRED, Credential, INVALID_TOKEN, PresentedKey, TOKEN_EXPIRED, TOKEN_REVOKED,
    bearer_token,
};
use padron_domain::{Error, Failure};

use super::oauth::Server;
use crate::context::Context;

/// The failures of [`authenticate`], and of verifying an API key or the token of an app.
pub const UNAUTHENTICATED: &[Failure] = &[
    AUTHENTICATION_REQUIRED,
    INVALID_TOKEN,
    TOKEN_EXPIRED,
    TOKEN_REVOKED,
    Failure::INVALID_API_KEY,
    Failure::INVALID_REQUEST,
    Failure::UNAVAILABLE,
];

/// The header of API keys.
pub(crate) const API_KEY_HEADER: &str = "X-API-Key";

/// Returns the credential of a request: an API key in `X-API-Key`, or an access token or API key in `Authorization`.
///
/// An access token is verified here. Whether the token of an app was revoked is checked with what the database has of it, and so is an API key. Fails if the request has both headers: one of
/// them would be ignored (RFC 6750 §2).
pub async fn authenticate(cx: &Context<'_>) -> Result<Credential, Error> {
    let authorization = cx.request.header("authorization");
    let duplicate = |pointer| Error::invalid(pointer, "duplicate_header", "Given twice.");
    let Some(key) = cx.request.header("x-api-key") else {
        // A header that was sent twice arrives joined by a comma, which no key contains.
        let has_key = |header: &str| {
            let is_key = |value: &str| PresentedKey::is_one(value.rsplit(' ').next().unwrap_or_default());
            header.contains(',') && header.split(',').any(is_key)
        };
        if authorization.as_deref().is_some_and(has_key) {
            return Err(duplicate("/headers/Authorization"));
        }
        let token = bearer_token(authorization.as_deref())?;
        if PresentedKey::is_one(token) {
            return presented_key(cx, token).map(Credential::Key);
        }
        return verify(cx, token).await;
    };
    if key.contains(',') {
        return Err(duplicate("/headers/X-API-Key"));
    }
    let key = presented_key(cx, key.trim())?;
    if authorization.is_some() {
        let detail = "Send either X-API-Key or Authorization, not both.";
        return Err(Error::invalid("/headers/X-API-Key", "ambiguous", detail));
    }
    Ok(Credential::Key(key))
}

/// Verifies an access token. The token of an app may have been revoked, which the database knows.
pub async fn verify(cx: &Context<'_>, token: &str) -> Result<Credential, Error> {
    cx.verifier().verify(token, cx.now(), cx.deadline(), &Server(cx)).await
}

/// Parses an API key. It is not yet verified.
pub fn presented_key(cx: &Context<'_>, text: &str) -> Result<PresentedKey, Error> {
    let key = PresentedKey::parse(text, &cx.options().key_brand);
    key.ok_or_else(|| Error::from(Failure::INVALID_API_KEY).with_cause("not of a key's form"))
}
