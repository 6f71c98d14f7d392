//! The failures of requests with API keys and about them.

use crate::{Failure, FailureClass};

impl Failure {
    /// The API key is malformed, unknown, revoked or expired.
    pub const INVALID_API_KEY: Self =
        Self::new(FailureClass::InvalidCredentials, "invalid_api_key", "The API key is not valid").with_hint(
            "It is mistyped, was revoked or has expired. Ask an admin of the organization for a new one.",
        );

    /// The API key may not be used from the caller's address.
    pub const IP_NOT_ALLOWED: Self = Self::new(
        FailureClass::Forbidden,
        "ip_not_allowed",
        "Access denied. The API key may not be used from this address",
    )
    .with_hint("Use it from one of its `ipRanges`, or ask an admin to add this address to them.");

    /// The credential lacks the scope that the route requires.
    pub const INSUFFICIENT_SCOPE: Self = Self::new(
        FailureClass::Forbidden,
        "insufficient_scope",
        "Access denied. The credential lacks the scope that this requires",
    )
    .with_hint("`missing` lists the scopes. An admin of the organization can add them to the API key.");

    /// The route is for users, not for API keys.
    pub const KEYS_NOT_ACCEPTED: Self = Self::new(
        FailureClass::Forbidden,
        "keys_not_accepted",
        "Access denied. API keys are not accepted here",
    )
    .with_hint("Sign in as a user, and send the user's access token.");

    /// The caller has used up the limit of requests.
    pub const RATE_LIMITED: Self = Self::new(FailureClass::RateLimited, "rate_limited", "Too many requests")
        .with_hint("Try again after the time in Retry-After.");

    /// No API key of the organization has this id.
    pub const API_KEY_NOT_FOUND: Self =
        Self::new(FailureClass::NotFound, "api_key_not_found", "API key not found");

    /// The API key was replaced by another one already.
    pub const API_KEY_SUPERSEDED: Self = Self::new(
        FailureClass::Conflict,
        "api_key_superseded",
        "The API key was replaced by another one already",
    )
    .with_hint("Rotate the key that replaces it: `supersededBy`.");

    /// The API key was revoked or has expired.
    pub const API_KEY_NOT_ACTIVE: Self =
        Self::new(FailureClass::Conflict, "api_key_not_active", "The API key was revoked or has expired")
            .with_hint("Create a new one.");

    /// The API key cannot get rights of admins, because the member who made it is none.
    pub const API_KEY_CREATOR_NOT_ADMIN: Self = Self::new(
        FailureClass::Conflict,
        "api_key_creator_not_admin",
        "The API key belongs to a member who is no admin, so it cannot get rights of admins",
    )
    .with_hint("Rotate the key, which makes it yours, or create a new one.");

    /// The organization or the member has as many live API keys as they can have.
    pub const API_KEY_LIMIT_REACHED: Self = Self::new(
        FailureClass::Conflict,
        "api_key_limit_reached",
        "There are as many live API keys as there can be: 50 of an organization, 20 of a member",
    )
    .with_hint(
        "Revoke one that is not used any more. A rotation of one of them without overlap needs no room.",
    );

    /// The API key cannot be made to expire later.
    pub const EXPIRY_NOT_EXTENDABLE: Self = Self::new(
        FailureClass::Invalid,
        "expiry_not_extendable",
        "The API key cannot be made to expire later",
    )
    .with_hint("Rotate it: the new key has the whole lifetime again.");

    /// The scope cannot be given to an API key.
    pub const SCOPE_NOT_GRANTABLE: Self =
        Self::new(FailureClass::Invalid, "scope_not_grantable", "This scope cannot be given to an API key")
            .with_hint("Keys cannot manage credentials or act as an owner. Sign in as a user for that.");
}
