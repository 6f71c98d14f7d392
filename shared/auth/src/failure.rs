//! Failures of authentication.

use padron_domain::{Failure, FailureClass};

/// The request has no access token, or not where it is expected.
pub const AUTHENTICATION_REQUIRED: Failure = Failure::new(
    FailureClass::Unauthenticated,
    "authentication_required",
    "Authentication required. Provide a valid bearer token.",
);

/// The access token is malformed, forged, or issued for another audience.
pub const INVALID_TOKEN: Failure = Failure::new(
    FailureClass::InvalidCredentials,
    "invalid_token",
    "Authentication required. Provide a valid bearer token.",
)
.with_hint("The bearer token is not a valid access token for this API.");

/// The access token was valid, but has expired.
pub const TOKEN_EXPIRED: Failure = Failure::new(
    FailureClass::InvalidCredentials,
    "token_expired",
    "Authentication required. Provide a valid bearer token.",
)
.with_hint("The access token has expired. Get a new one.");

/// The access token of an OAuth app was valid, but the app or what it was granted is gone.
pub const TOKEN_REVOKED: Failure = Failure::new(
    FailureClass::InvalidCredentials,
    "token_revoked",
    "Authentication required. Provide a valid bearer token.",
)
.with_hint("The access token was revoked. Ask for authorization again.");
