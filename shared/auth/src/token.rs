//! A JWS in compact form (RFC 7515), taken apart but not yet believed.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, de::IgnoredAny};

/// Longer ones name nothing an issuer would publish.
const MAX_KID_LENGTH: usize = 256;

/// A token taken apart.
pub(crate) struct Token<'a> {
    pub(crate) header: Header,
    /// `header.payload`, as it was signed.
    pub(crate) message: &'a [u8],
    pub(crate) signature: &'a str,
    /// The claims as JSON, to be read only once the signature is verified.
    pub(crate) payload: Vec<u8>,
}

/// The JOSE header.
#[derive(Deserialize)]
pub(crate) struct Header {
    pub(crate) alg: String,
    pub(crate) kid: String,
    typ: Option<String>,
    // What follows would let a token choose its own key or rules. RFC 7515 lets us ignore all but `crit`; a token that
    // carries any of them is not from an issuer we know, and refusing it is the safer reading.
    crit: Option<IgnoredAny>,
    jku: Option<IgnoredAny>,
    jwk: Option<IgnoredAny>,
    x5u: Option<IgnoredAny>,
    x5c: Option<IgnoredAny>,
    zip: Option<IgnoredAny>,
    enc: Option<IgnoredAny>,
}

/// Why a token cannot be believed. For the log.
pub(crate) type Refusal = &'static str;

impl<'a> Token<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, Refusal> {
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
    fn check(&self) -> Result<(), Refusal> {
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
        // RFC 9068 names access tokens `at+jwt`; most issuers still say `JWT` or nothing. Anything else (logout tokens,
        // DPoP proofs, security events) is signed with the same keys and is no access token.
        let known = |typ: &String| {
            ["jwt", "at+jwt", "application/at+jwt"].iter().any(|name| typ.eq_ignore_ascii_case(name))
        };
        if !typ.as_ref().is_none_or(known) {
            return Err("the type is not that of an access token");
        }
        Ok(())
    }

    /// Whether the token says of itself that it is an RFC 9068 access token.
    pub(crate) fn is_access_token(&self) -> bool {
        self.typ.as_ref().is_some_and(|typ| typ.to_ascii_lowercase().ends_with("at+jwt"))
    }
}
