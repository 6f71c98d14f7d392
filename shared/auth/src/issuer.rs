//! Who may vouch for users, and for whom their tokens must be made.

use crate::jwks::KeySet;

/// An issuer whose access tokens are accepted.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// The exact `iss` of its tokens.
    pub name: String,
    /// How a token says that it was made for this API.
    pub audience: Audience,
    /// Where its keys come from.
    pub keys: KeySource,
    /// The claim that binds a token to one organization, if the issuer has one.
    pub organization_claim: Option<String>,
}

/// How a token says that it was made for this API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// `aud` is or holds one of these (RFC 9068, Auth0 and most others).
    Claim(Vec<String>),
    /// `client_id` is one of these and `token_use` is `access`: Amazon Cognito's access tokens have no `aud`.
    CognitoClient(Vec<String>),
}

/// Where an issuer's keys come from.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// Given with the configuration: no network at start.
    Inline(KeySet),
    /// Fetched from this address when first needed.
    Url(String),
}
