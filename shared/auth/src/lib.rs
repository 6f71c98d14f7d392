//! Authentication: API keys, bearer tokens, the keys of their issuers, and the principals that they identify.
//!
//! Access tokens are JWTs (RFC 7519) that are signed with RS256, ES256 or EdDSA. The algorithm comes from the key, never from the
//! token. Keys are looked up by issuer and `kid` in memory, and nothing is ever fetched because of what a token contains.

mod api_key;
mod base62;
mod bearer;
mod cache;
mod claims;
mod client_identifier;
mod client_secret;
mod crypto;
mod failure;
mod fetcher;
mod issuer;
mod jwks;
mod login;
mod oauth_token;
mod principal;
mod refresh_token;
mod remote;
mod token;
mod verifier;

pub use api_key::PresentedKey;
pub use bearer::{bearer_token, require_jwt_form};
pub use client_identifier::ClientIdentifier;
pub use client_secret::{CLIENT_SECRET_LENGTH, ClientSecret};
pub use failure::{AUTHENTICATION_REQUIRED, INVALID_TOKEN, TOKEN_EXPIRED, TOKEN_REVOKED};
pub use issuer::{Audience, Issuer, KeySource};
pub use jwks::{InvalidKeySet, KeySet};
pub use login::TokenRequest;
pub use oauth_token::{AuthorizationServer, OauthToken, TokenSigner};
pub use principal::{App, Credential, Delegate, Key, Principal, User};
pub use refresh_token::{RefreshSeed, RefreshToken};
pub use remote::{RemoteDocument, Source};
pub use verifier::Verifier;
