//! How authentication fails.

use padron_domain::{Class, Failure};

/// There is no access token, or not where it belongs.
pub const AUTHENTICATION_REQUIRED: Failure = Failure::new(
    Class::Unauthenticated,
    "authentication_required",
    "Authentication required. Provide a valid bearer token.",
);

/// The access token is malformed, forged, or made for someone else.
pub const INVALID_TOKEN: Failure = Failure::new(
    Class::InvalidCredentials,
    "invalid_token",
    "Authentication required. Provide a valid bearer token.",
)
.with_hint("The bearer token is not a valid access token for this API.");

/// The access token was good once.
pub const TOKEN_EXPIRED: Failure = Failure::new(
    Class::InvalidCredentials,
    "token_expired",
    "Authentication required. Provide a valid bearer token.",
)
.with_hint("The access token has expired. Get a new one.");
