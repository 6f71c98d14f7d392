//! Tokens that were verified before: a client sends the same one many times, and its signature is a third of a request.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use padron_domain::Timestamp;
use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};

use crate::{jwks::KeySet, principal::Principal};

/// One Lambda environment serves one request at a time: this is many users' worth.
const MAX_TOKENS: usize = 512;

/// Verified tokens, by hash: the tokens themselves are not kept.
#[derive(Debug, Default)]
pub(crate) struct VerifiedTokens(Mutex<HashMap<TokenHash, Verified>>);

pub(crate) type TokenHash = [u8; SHA256_OUTPUT_LEN];

/// What verifying a token came to.
#[derive(Clone, Debug)]
pub(crate) struct Verified {
    pub(crate) principal: Principal,
    /// Good until then, by the token's own word.
    pub(crate) until: Timestamp,
    /// Which of the verifier's issuers it is of.
    pub(crate) issuer: usize,
    pub(crate) kid: String,
    /// The key set it was verified with. With another one it must be verified again: the key may be gone from it.
    pub(crate) keys: Arc<KeySet>,
}

pub(crate) fn hash(token: &str) -> TokenHash {
    let mut hash = TokenHash::default();
    hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    hash
}

impl VerifiedTokens {
    /// What is known of a token that is still good.
    pub(crate) fn get(&self, hash: &TokenHash, now: Timestamp) -> Option<Verified> {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.get(hash).filter(|verified| now < verified.until).cloned()
    }

    /// Remembers a token. Where there are too many, all are forgotten: none is worth the choosing.
    pub(crate) fn insert(&self, hash: TokenHash, verified: Verified) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= MAX_TOKENS {
            tokens.clear();
        }
        tokens.insert(hash, verified);
    }

    /// Forgets all: the keys they were verified with are not the issuer's any more.
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
