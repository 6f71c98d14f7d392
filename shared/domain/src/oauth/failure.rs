//! The failures of requests about OAuth apps, and those of the OAuth endpoints (RFC 6749 §5.2, RFC 8707 §2, RFC 7591 §3.2.2).

use crate::{Failure, FailureClass};

impl Failure {
    /// No OAuth app of the organization has this id.
    pub const OAUTH_APP_NOT_FOUND: Self =
        Self::new(FailureClass::NotFound, "oauth_app_not_found", "OAuth app not found");

    /// There is no token with this id that the caller may revoke.
    pub const TOKEN_NOT_FOUND: Self = Self::new(FailureClass::NotFound, "token_not_found", "Token not found");

    /// The organization has as many OAuth apps as it can have.
    pub const APP_LIMIT_REACHED: Self = Self::new(
        FailureClass::Conflict,
        "app_limit_reached",
        "The organization has as many OAuth apps as it can have: 50",
    )
    .with_hint("Delete one that is not used any more.");

    /// A public client has no secret.
    pub const PUBLIC_CLIENT: Self =
        Self::new(FailureClass::Conflict, "public_client", "A public client has no secret")
            .with_hint("Create a confidential app if it can keep a secret.");

    /// The credential cannot give others more scopes than it has.
    pub const SCOPE_EXCEEDED: Self = Self::new(
        FailureClass::Forbidden,
        "scope_exceeded",
        "Access denied. A token cannot give scopes that it does not have",
    )
    .with_hint("`missing` lists the scopes. Sign in as a user for that.");

    /// The route is for users themselves, not for OAuth apps.
    pub const APPS_NOT_ACCEPTED: Self = Self::new(
        FailureClass::Forbidden,
        "apps_not_accepted",
        "Access denied. Tokens of OAuth apps are not accepted here",
    )
    .with_hint("Sign in as a user, and send the user's own access token.");

    /// The route acts for a user, and the token is of an app that acts for itself.
    pub const USER_REQUIRED: Self = Self::new(
        FailureClass::Forbidden,
        "user_required",
        "Access denied. This needs a user, and the app acts for itself",
    )
    .with_hint("Send a token that a user has granted to the app.");

    /// The client is unknown, or has not proved that it is this client.
    pub const INVALID_CLIENT: Self = Self::new(
        FailureClass::InvalidCredentials,
        "invalid_client",
        "The client is unknown, or its secret is not valid",
    )
    .with_hint("Send the id and the secret of the app in one way: by HTTP Basic, or in the body.");

    /// The grant, such as an authorization code or a refresh token, is not valid.
    pub const INVALID_GRANT: Self = Self::new(
        FailureClass::Invalid,
        "invalid_grant",
        "The grant is not valid, has expired or was revoked",
    )
    .with_hint("Ask the user for authorization again.");

    /// The client may not use this type of grant.
    pub const UNAUTHORIZED_CLIENT: Self =
        Self::new(FailureClass::Invalid, "unauthorized_client", "The client may not use this type of grant")
            .with_hint("A client without a secret, and one that has registered itself, acts for users only, with an authorization code.");

    /// The type of grant is not supported.
    pub const UNSUPPORTED_GRANT_TYPE: Self =
        Self::new(FailureClass::Invalid, "unsupported_grant_type", "The type of grant is not supported")
            .with_hint("Send client_credentials, authorization_code or refresh_token as the grant_type.");

    /// The client asks for a scope that there is not, or that it may not have.
    pub const INVALID_SCOPE: Self = Self::new(
        FailureClass::Invalid,
        "invalid_scope",
        "The scope is unknown, or the client may not have it",
    )
    .with_hint("Ask for scopes that the app has, separated by spaces.");

    /// The token is asked for another resource than this API (RFC 8707).
    pub const INVALID_TARGET: Self =
        Self::new(FailureClass::Invalid, "invalid_target", "The resource is not one of this server")
            .with_hint("Leave out the resource, or send the URL of the API or one below it.");

    /// A client that registers itself has a redirect URI that it cannot have, or none (RFC 7591 §3.2.2).
    pub const INVALID_REDIRECT_URI: Self =
        Self::new(FailureClass::Invalid, "invalid_redirect_uri", "A redirect URI is not valid").with_hint(
            "Register 1 to 5 redirect URIs: https URLs, http URLs on 127.0.0.1, [::1] or localhost, or without a secret private-use schemes.",
        );

    /// A client that registers itself has metadata that it cannot have (RFC 7591 §3.2.2).
    pub const INVALID_CLIENT_METADATA: Self = Self::new(
        FailureClass::Invalid,
        "invalid_client_metadata",
        "The metadata of the client is not valid",
    )
    .with_hint("Send a JSON object with redirect_uris, as RFC 7591 has it.");
}
