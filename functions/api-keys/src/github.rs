//! Reports of GitHub's secret scanning, which are signed.
//!
//! Source: <https://docs.github.com/en/code-security/secret-scanning/secret-scanning-partnership-program/secret-scanning-partner-program>

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use padron_auth::{RemoteDocument, Source};
use padron_domain::Error;
use padron_http::Context;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde::Deserialize;
use spki::{
    ObjectIdentifier, SubjectPublicKeyInfoOwned,
    der::{DecodePem, asn1::ObjectIdentifier as Oid},
};

/// Where GitHub publishes its keys.
const KEYS_URL: &str = "https://api.github.com/meta/public_keys/secret_scanning";

/// The public keys of GitHub, by id. Each is a point on the curve P-256.
type Keys = HashMap<String, Vec<u8>>;

/// The keys that this environment has fetched. GitHub answers 60 requests an hour of an address, and seldom replaces a key.
static KEYS: LazyLock<RemoteDocument<Keys>> = LazyLock::new(|| {
    let source = Source {
        name: "GitHub's keys",
        parse: |document| parse_keys(document).ok_or("it has no keys".to_owned()),
        refresh_interval: Duration::from_secs(60),
        retry_interval: Duration::from_secs(60),
        fresh_for: Duration::from_secs(60 * 60),
        usable_for: Duration::from_secs(24 * 60 * 60),
    };
    RemoteDocument::new(KEYS_URL, source)
});

/// Returns whether GitHub has signed `body`: `signature` is in base64, and `key_id` names the key.
///
/// Fails if GitHub's keys cannot be fetched.
pub(crate) async fn is_signed(
    cx: &Context<'_>,
    key_id: &str,
    signature: &str,
    body: &[u8],
) -> Result<bool, Error> {
    let keys = match &cx.options().github_keys_file {
        Some(path) => {
            let document = std::fs::read(path).unwrap_or_default();
            Arc::new(parse_keys(&document).unwrap_or_default())
        }
        None => KEYS.with_key(|keys| keys.contains_key(key_id), cx.now(), cx.deadline()).await?,
    };
    let Some(point) = keys.get(key_id) else { return Ok(false) };
    let Ok(signature) = BASE64_STANDARD.decode(signature) else { return Ok(false) };
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point);
    Ok(key.verify(body, &signature).is_ok())
}

#[derive(Deserialize)]
struct Document {
    public_keys: Vec<PublishedKey>,
}

#[derive(Deserialize)]
struct PublishedKey {
    key_identifier: String,
    key: String,
}

/// Parses GitHub's document; `None` if it is not one. Keys of other algorithms are left out.
fn parse_keys(document: &[u8]) -> Option<Keys> {
    let Document { public_keys } = serde_json::from_slice(document).ok()?;
    let point = |PublishedKey { key_identifier, key }: PublishedKey| Some((key_identifier, point(&key)?));
    Some(public_keys.into_iter().filter_map(point).collect())
}

/// The identifiers of elliptic curve keys and of the curve P-256 (RFC 5480 §2.1.1).
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

/// Returns the point of a P-256 public key in PEM; `None` if it is another key.
fn point(pem: &str) -> Option<Vec<u8>> {
    let key = SubjectPublicKeyInfoOwned::from_pem(pem.trim()).ok()?;
    let curve: Oid = key.algorithm.parameters.as_ref()?.decode_as().ok()?;
    let is_p256 = key.algorithm.oid == EC_PUBLIC_KEY && curve == P256;
    is_p256.then(|| key.subject_public_key.raw_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The samples of GitHub's documentation, the present one and an earlier one: key in PEM without its frame, signature and payload.
    const SAMPLES: [[&str; 3]; 2] = [
        [
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYAGMWO8XgCamYKMJS6jc/qgvSlAd\nAjPuDPRcXU22YxgBrz+zoN19MzuRyW87qEt9/AmtoNP5GrobzUvQSyJFVw==",
            "MEQCIQDaMKqrGnE27S0kgMrEK0eYBmyG0LeZismAEz/BgZyt7AIfXt9fErtRS4XaeSt/AO1RtBY66YcAdjxji410VQV4xg==",
            r#"[{"source":"commit","token":"some_token","type":"some_type","url":"https://example.com/base-repo-url/"}]"#,
        ],
        [
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEsz9ugWDj5jK5ELBK42ynytbo38gP\nHzZFI03Exwz8Lh/tCfL3YxwMdLjB+bMznsanlhK0RwcGP3IDb34kQDIo3Q==",
            "MEUCIFLZzeK++IhS+y276SRk2Pe5LfDrfvTXu6iwKKcFGCrvAiEAhHN2kDOhy2I6eGkOFmxNkOJ+L2y8oQ9A2T9GGJo6WJY=",
            r#"[{"token":"some_token","type":"some_type","url":"some_url","source":"some_source"}]"#,
        ],
    ];

    #[test]
    fn the_documented_samples_are_signed_by_the_documented_keys() {
        for [key, signature, payload] in SAMPLES {
            let pem = format!("-----BEGIN PUBLIC KEY-----\n{key}\n-----END PUBLIC KEY-----\n");
            let document = serde_json::json!({ "public_keys": [
                { "key_identifier": "ours", "key": pem, "is_current": true },
                { "key_identifier": "broken", "key": "-----BEGIN PUBLIC KEY-----", "is_current": true },
            ] });
            let keys = parse_keys(document.to_string().as_bytes()).unwrap();
            assert_eq!(keys.len(), 1);
            let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &keys["ours"]);
            let signature = BASE64_STANDARD.decode(signature).unwrap();
            assert!(key.verify(payload.as_bytes(), &signature).is_ok(), "{payload}");
            assert!(key.verify(&payload.as_bytes()[1..], &signature).is_err(), "{payload}");
        }
    }

    #[test]
    fn what_is_no_document_of_keys_has_none() {
        for text in ["", "{}", "[]", r#"{"public_keys":7}"#] {
            assert!(parse_keys(text.as_bytes()).is_none(), "{text}");
        }
    }
}
