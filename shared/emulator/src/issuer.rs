//! An issuer of access tokens for local use: its keys and the tokens it signs.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize, PublicKeyComponents},
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    },
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// An issuer of access tokens, with one signing key.
#[derive(Debug)]
pub struct Issuer {
    /// The value of the claim `iss`.
    pub name: String,
    /// The value of the claim `aud`.
    pub audience: String,
    /// The key that signs the tokens.
    pub key: SigningKey,
}

/// A key pair that signs tokens.
pub struct SigningKey {
    /// The id of the key in the key set (`kid`).
    pub kid: String,
    pair: Pair,
}

enum Pair {
    Rs256(RsaKeyPair),
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.kid)
    }
}

const HEALTHY: &str = "a healthy key and random generator";

impl SigningKey {
    /// Generates an RSA key of 2,048 bits, in DER (PKCS #8).
    pub fn new_rsa_document() -> Vec<u8> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect(HEALTHY);
        AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).expect(HEALTHY).as_ref().to_vec()
    }

    /// Creates a key for RS256 from a PKCS #8 document; `None` if the document has no valid RSA key.
    pub fn rs256(kid: &str, document: &[u8]) -> Option<Self> {
        let pair = RsaKeyPair::from_pkcs8(document).ok()?;
        Some(Self { kid: kid.into(), pair: Pair::Rs256(pair) })
    }

    /// Generates a key for ES256.
    pub fn es256(kid: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect(HEALTHY);
        Self { kid: kid.into(), pair: Pair::Es256(pair) }
    }

    /// Generates a key for EdDSA.
    pub fn eddsa(kid: &str) -> Self {
        Self { kid: kid.into(), pair: Pair::EdDsa(Ed25519KeyPair::generate().expect(HEALTHY)) }
    }

    /// Returns the public key as a JSON Web Key (RFC 7517).
    pub fn jwk(&self) -> Value {
        let mut jwk = match &self.pair {
            Pair::Rs256(pair) => {
                let public = PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                json!({ "kty": "RSA", "n": encode(&public.n), "e": encode(&public.e) })
            }
            Pair::Es256(pair) => {
                // The uncompressed point of SEC 1: the byte 4, then x and y.
                let point = pair.public_key().as_ref();
                json!({ "kty": "EC", "crv": "P-256", "x": encode(&point[1..33]), "y": encode(&point[33..65]) })
            }
            Pair::EdDsa(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key().as_ref()) })
            }
        };
        jwk["kid"] = json!(self.kid);
        jwk["use"] = json!("sig");
        jwk["alg"] = json!(self.algorithm());
        jwk
    }

    /// Returns the name of the algorithm, as in JOSE.
    pub fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Rs256(_) => "RS256",
            Pair::Es256(_) => "ES256",
            Pair::EdDsa(_) => "EdDSA",
        }
    }

    /// Returns the header of an access token (RFC 9068).
    pub fn header(&self) -> Value {
        json!({ "alg": self.algorithm(), "kid": self.kid, "typ": "at+jwt" })
    }

    /// Signs a token (RFC 7515) with exactly this header and these claims, which may be invalid.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    /// Signs a token with this header and these claims, which need not be JSON.
    pub fn sign_text(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()));
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).expect(HEALTHY);
                signature
            }
            Pair::Es256(pair) => pair.sign(&random, message.as_bytes()).expect(HEALTHY).as_ref().to_vec(),
            Pair::EdDsa(pair) => pair.sign(message.as_bytes()).as_ref().to_vec(),
        };
        format!("{message}.{}", encode(&signature))
    }
}

impl Issuer {
    /// Returns the key set (RFC 7517).
    pub fn jwks(&self) -> Value {
        json!({ "keys": [self.key.jwk()] })
    }

    /// Returns the claims of an access token (RFC 9068) for a subject.
    ///
    /// `issued_at` is in seconds since 1970 and `lifetime` in seconds.
    pub fn claims(&self, subject: &str, issued_at: i64, lifetime: i64) -> Value {
        json!({
            "iss": self.name, "aud": self.audience, "sub": subject, "iat": issued_at, "exp": issued_at.saturating_add(lifetime),
            "client_id": "local", "jti": uuid::Uuid::new_v4().to_string(),
        })
    }

    /// Signs an access token with these claims.
    pub fn token(&self, claims: &Value) -> String {
        self.key.sign(&self.key.header(), claims)
    }
}

fn encode(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Returns the HMAC-SHA256 of a message, for tests of the attack in which a public key is used as an HMAC secret.
pub fn hmac_sha256(secret: &[u8], message: &[u8]) -> Vec<u8> {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
    aws_lc_rs::hmac::sign(&key, message).as_ref().to_vec()
}
