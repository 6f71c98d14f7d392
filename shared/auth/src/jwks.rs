//! JSON Web Key Sets (RFC 7517).

use std::{collections::HashMap, fmt};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey};
use pkcs1::{RsaPublicKey, UintRef, der::Encode};
use serde::Deserialize;

/// The maximum number of keys in a key set. Issuers publish two to four.
const MAX_KEYS: usize = 32;
/// The allowed size of an RSA modulus, in bytes: from 2,048 bits (NIST SP 800-131A) to 8,192 bits. Larger keys are too expensive
/// to verify with.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// The keys of one issuer that Padrón can verify signatures with, by `kid`.
#[derive(Clone, Default)]
pub struct KeySet {
    keys: HashMap<String, Key>,
}

/// A public key, and the only algorithm that it verifies.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) algorithm: Algorithm,
    pub(crate) decoding: DecodingKey,
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySet({} keys)", self.keys.len())
    }
}

/// The reason why a document is not a usable key set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidKeySet {
    /// The document is not a JSON object with `keys`.
    Malformed,
    /// The document has more keys than an issuer publishes.
    TooMany,
    /// None of the keys is an RS256, ES256 or EdDSA public key with a `kid`.
    NoUsableKey,
}

impl fmt::Display for InvalidKeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "it is not a JSON Web Key Set",
            Self::TooMany => "it has more than 32 keys",
            Self::NoUsableKey => "it has no RS256, ES256 or EdDSA public key with a `kid`",
        })
    }
}

/// A JSON Web Key Set before its keys are parsed.
#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

/// The members of a JWK that are needed to verify signatures. The members of a private key are never read.
#[derive(Deserialize)]
struct Jwk {
    kid: String,
    kty: String,
    alg: Option<String>,
    r#use: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Parses a key set. Keys of other types are ignored, as RFC 7517 §5 recommends.
    pub fn parse(document: &[u8]) -> Result<Self, InvalidKeySet> {
        let Document { keys } = serde_json::from_slice(document).map_err(|_| InvalidKeySet::Malformed)?;
        if keys.len() > MAX_KEYS {
            return Err(InvalidKeySet::TooMany);
        }
        let mut usable = HashMap::new();
        for key in keys {
            if let Some((kid, key)) = serde_json::from_value(key).ok().and_then(Jwk::into_key) {
                // If two keys have the same `kid`, it is not certain which one is meant. The first one is used.
                usable.entry(kid).or_insert(key);
            }
        }
        if usable.is_empty() { Err(InvalidKeySet::NoUsableKey) } else { Ok(Self { keys: usable }) }
    }

    /// Returns the key with this `kid`; `None` if there is none.
    pub(crate) fn get(&self, kid: &str) -> Option<&Key> {
        self.keys.get(kid)
    }
}

impl Jwk {
    /// Returns the `kid` and the key; `None` if the key cannot verify signatures.
    fn into_key(self) -> Option<(String, Key)> {
        let for_signatures = self.r#use.as_deref().is_none_or(|r#use| r#use == "sig")
            && self.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !for_signatures {
            return None;
        }
        let (algorithm, names, decoding) = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => {
                let (n, e) = (decode(&self.n)?, decode(&self.e)?);
                if !RSA_BYTES.contains(&n.iter().skip_while(|byte| **byte == 0).count()) {
                    return None;
                }
                (Algorithm::RS256, &["RS256"][..], DecodingKey::from_rsa_der(&rsa_public_key(&n, &e)?))
            }
            ("EC", Some("P-256")) => {
                let (x, y) = (decode(&self.x)?, decode(&self.y)?);
                if (x.len(), y.len()) != (32, 32) {
                    return None;
                }
                // An EC key is read from the uncompressed point of SEC 1.
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                (Algorithm::ES256, &["ES256"][..], DecodingKey::from_ec_der(&point))
            }
            ("OKP", Some("Ed25519")) => {
                let x = decode(&self.x)?;
                if x.len() != 32 {
                    return None;
                }
                // RFC 9864 renames `EdDSA` with this curve to `Ed25519`. Tokens may have either name.
                (Algorithm::EdDSA, &["EdDSA", "Ed25519"][..], DecodingKey::from_ed_der(&x))
            }
            _ => return None,
        };
        if self.alg.as_deref().is_some_and(|alg| !names.contains(&alg)) {
            return None;
        }
        Some((self.kid, Key { algorithm, decoding }))
    }
}

/// Returns an RSA public key in the form that it is read from (`RSAPublicKey`, RFC 8017 appendix A.1.1).
fn rsa_public_key(modulus: &[u8], exponent: &[u8]) -> Option<Vec<u8>> {
    let (modulus, public_exponent) = (UintRef::new(modulus).ok()?, UintRef::new(exponent).ok()?);
    RsaPublicKey { modulus, public_exponent }.to_der().ok()
}

/// Decodes a member of a JWK from base64url; `None` if it is absent or invalid.
fn decode(member: &Option<String>) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(member.as_ref()?).ok()
}
