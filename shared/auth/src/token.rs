//! Parsing of a JWS in compact form (RFC 7515), before its signature is verified.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use serde::{Deserialize, de::IgnoredAny};

use crate::jwks::KeySet;

/// The maximum length of a `kid`, in bytes. No issuer publishes longer ones.
const MAX_KID_LENGTH: usize = 256;

/// A token that has been parsed, but not verified.
pub(crate) struct Token<'a> {
    pub(crate) header: Header,
    /// The signed part of the token: `header.payload`, as it was sent.
    pub(crate) message: &'a [u8],
    pub(crate) signature: &'a str,
    /// The claims as JSON. They must not be trusted before the signature is verified.
    pub(crate) payload: Vec<u8>,
}

/// The JOSE header of a token.
#[derive(Deserialize)]
pub(crate) struct Header {
    pub(crate) alg: String,
    pub(crate) kid: String,
    typ: Option<String>,
    // These parameters would let a token choose its own key or rules. RFC 7515 allows ignoring all of them except `crit`. A token
    // that has one of them is not from a known issuer, and rejecting it is safer.
    crit: Option<IgnoredAny>,
    jku: Option<IgnoredAny>,
    jwk: Option<IgnoredAny>,
    x5u: Option<IgnoredAny>,
    x5c: Option<IgnoredAny>,
    zip: Option<IgnoredAny>,
    enc: Option<IgnoredAny>,
}

/// The reason why a token is rejected, for the log.
pub(crate) type RejectionReason = &'static str;

impl<'a> Token<'a> {
    /// Parses a token. It fails if the header is not that of an access token.
    pub(crate) fn parse(text: &'a str) -> Result<Self, RejectionReason> {
        let (message, signature) = text.rsplit_once('.').ok_or("a token has three parts")?;
        let (header, payload) = message.split_once('.').ok_or("a token has three parts")?;
        if payload.contains('.') {
            return Err("a token has three parts");
        }
        let header = BASE64_URL_SAFE_NO_PAD.decode(header).map_err(|_| "the header is not base64url")?;
        let header: Header =
            serde_json::from_slice(&header).map_err(|_| "the header lacks `alg` or `kid`")?;
        header.check()?;
        let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).map_err(|_| "the payload is not base64url")?;
        Ok(Self { header, message: message.as_bytes(), signature, payload })
    }
}

impl Header {
    fn check(&self) -> Result<(), RejectionReason> {
        let Self { alg: _, kid, typ, crit, jku, jwk, x5u, x5c, zip, enc } = self;
        if crit.is_some() {
            return Err("the header has critical extensions");
        }
        if [jku, jwk, x5u, x5c].into_iter().any(Option::is_some) {
            return Err("the header brings its own key");
        }
        if zip.is_some() || enc.is_some() {
            return Err("the token is compressed or encrypted");
        }
        if kid.len() > MAX_KID_LENGTH {
            return Err("the `kid` is too long");
        }
        // RFC 9068 names the type of access tokens `at+jwt`, but most issuers still use `JWT` or no type. Tokens of any other
        // type, such as logout tokens, DPoP proofs and security events, are signed with the same keys and are not access tokens.
        let known = |typ: &String| {
            ["jwt", "at+jwt", "application/at+jwt"].iter().any(|name| typ.eq_ignore_ascii_case(name))
        };
        if !typ.as_ref().is_none_or(known) {
            return Err("the type is not that of an access token");
        }
        Ok(())
    }

    /// Returns whether the header says that the token is an RFC 9068 access token.
    pub(crate) fn is_access_token(&self) -> bool {
        self.typ.as_ref().is_some_and(|typ| typ.to_ascii_lowercase().ends_with("at+jwt"))
    }
}

/// Checks the signature. The key determines the algorithm, and a token that names another one is rejected.
pub(crate) fn check_signature(token: &Token<'_>, keys: &KeySet) -> Result<(), RejectionReason> {
    let key = keys.get(&token.header.kid).ok_or("no key of the issuer has this `kid`")?;
    let named = match key.algorithm {
        Algorithm::RS256 => token.header.alg == "RS256",
        Algorithm::ES256 => token.header.alg == "ES256",
        Algorithm::EdDSA => matches!(token.header.alg.as_str(), "EdDSA" | "Ed25519"),
        _ => false,
    };
    if !named {
        return Err("the algorithm is not the key's");
    }
    match jsonwebtoken::crypto::verify(token.signature, token.message, &key.decoding, key.algorithm) {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err("the signature does not hold"),
    }
}
