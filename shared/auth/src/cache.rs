//! A cache of verified tokens.
//!
//! A client sends the same token many times, and verifying its signature is a third of a request's work.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use padron_domain::Timestamp;
use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};

use crate::{jwks::KeySet, principal::Credential};

/// The maximum number of tokens in the cache. It is enough for many users, because a Lambda environment serves one request at a
/// time.
const MAX_TOKENS: usize = 512;

/// A cache of verified tokens, by hash. The tokens themselves are not stored.
#[derive(Debug, Default)]
pub(crate) struct VerifiedTokens(Mutex<HashMap<TokenHash, Verified>>);

/// The SHA-256 hash of a token.
pub(crate) type TokenHash = [u8; SHA256_OUTPUT_LEN];

/// The result of verifying a token.
#[derive(Clone, Debug)]
pub(crate) struct Verified {
    pub(crate) credential: Credential,
    /// The instant until which the token is valid, according to its own claims.
    pub(crate) until: Timestamp,
    pub(crate) issuer: TokenIssuer,
    pub(crate) kid: String,
    /// The key set that the token was verified with. With another key set, the token must be verified again, because the key may
    /// be missing from it.
    pub(crate) keys: Arc<KeySet>,
}

/// The issuer of a token.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TokenIssuer {
    /// The issuer with this index among those that the verifier trusts.
    Trusted(usize),
    /// The installation's own authorization server.
    Own,
}

/// Returns the SHA-256 hash of a token.
pub(crate) fn hash(token: &str) -> TokenHash {
    let mut hash = TokenHash::default();
    hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    hash
}

impl VerifiedTokens {
    /// Returns the result for a token that is still valid; `None` if it is not in the cache or has expired.
    pub(crate) fn get(&self, hash: &TokenHash, now: Timestamp) -> Option<Verified> {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.get(hash).filter(|verified| now < verified.until).cloned()
    }

    /// Adds a token to the cache. A full cache is cleared first, because choosing which tokens to remove is not worth the effort.
    pub(crate) fn insert(&self, hash: TokenHash, verified: Verified) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= MAX_TOKENS {
            tokens.clear();
        }
        tokens.insert(hash, verified);
    }

    /// Removes all tokens, because the keys that they were verified with are no longer the issuer's.
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
