//! Trusted issuers, and the audiences that their tokens must have.

use crate::jwks::KeySet;

/// An issuer whose access tokens are accepted.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// The exact `iss` claim of the issuer's tokens.
    pub name: String,
    /// The audience that the issuer's tokens must have.
    pub audience: Audience,
    /// The source of the issuer's keys.
    pub keys: KeySource,
    /// The name of the claim that binds a token to one organization; `None` if the issuer has no such claim.
    pub organization_claim: Option<String>,
}

/// The audience that a token must have, which says that it was issued for this API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The `aud` claim must be or contain one of these values (RFC 9068, Auth0 and most others).
    Claim(Vec<String>),
    /// The `client_id` claim must be one of these values and `token_use` must be `access`. Amazon Cognito's access tokens have no
    /// `aud`.
    CognitoClient(Vec<String>),
}

/// The source of an issuer's keys.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// A key set in the configuration, which needs no network request at start.
    Inline(KeySet),
    /// The URL that the key set is fetched from when it is first needed.
    Url(String),
}
