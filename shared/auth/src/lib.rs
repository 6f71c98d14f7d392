//! Who is calling: bearer tokens, the keys of their issuers, and the principals they stand for.
//!
//! The wall around everything. Access tokens are JWTs (RFC 7519) signed RS256, ES256 or EdDSA. The algorithm comes from the
//! key, never from the token; keys are looked up by issuer and `kid` in memory, and nothing a token says is ever fetched.

mod bearer;
mod cache;
mod claims;
mod crypto;
mod failure;
mod issuer;
mod jwks;
mod principal;
mod remote;
mod token;
mod verifier;

pub use bearer::{bearer_token, is_jwt};
pub use failure::{AUTHENTICATION_REQUIRED, INVALID_TOKEN, TOKEN_EXPIRED};
pub use issuer::{Audience, Issuer, KeySource};
pub use jwks::{InvalidKeySet, KeySet};
pub use principal::{Principal, User};
pub use verifier::Verifier;
