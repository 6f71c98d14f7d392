//! Reports of GitHub's secret scanning, which are signed.
//!
//! Source: <https://docs.github.com/en/code-security/secret-scanning/secret-scanning-partnership-program/secret-scanning-partner-program>

use std::{collections::HashMap, sync::Arc, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use padron_auth::Fetcher;
use padron_domain::{Error, Timestamp};
use padron_http::Context;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde::Deserialize;
use spki::{
    ObjectIdentifier, SubjectPublicKeyInfoOwned,
    der::{DecodePem, asn1::ObjectIdentifier as Oid},
};
use tokio::sync::Mutex;

/// Where GitHub publishes its keys.
const KEYS_URL: &str = "https://api.github.com/meta/public_keys/secret_scanning";
/// The maximum size of the document, in bytes. It has a few hundred for each key.
const MAX_DOCUMENT_SIZE: usize = 64 * 1024;
/// The age at which the keys are fetched again.
const FRESH_FOR: Duration = Duration::from_secs(60 * 60);
/// The minimum interval between two fetches. It keeps invented key ids from causing requests to GitHub.
const FETCH_INTERVAL: Duration = Duration::from_secs(60);

/// The public keys of GitHub, by id. Each is a point on the curve P-256.
type Keys = HashMap<String, Vec<u8>>;

/// The keys that this environment has fetched.
static FETCHED: Mutex<Option<Fetched>> = Mutex::const_new(None);

#[derive(Clone)]
struct Fetched {
    at: Timestamp,
    keys: Arc<Keys>,
}

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
        None => fetched_keys(cx, key_id).await?,
    };
    let Some(point) = keys.get(key_id) else { return Ok(false) };
    let Ok(signature) = BASE64_STANDARD.decode(signature) else { return Ok(false) };
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point);
    Ok(key.verify(body, &signature).is_ok())
}

/// Returns GitHub's keys, which are fetched if they are too old or lack this one.
async fn fetched_keys(cx: &Context<'_>, key_id: &str) -> Result<Arc<Keys>, Error> {
    let mut fetched = FETCHED.lock().await;
    let age = |since: Timestamp| {
        Duration::from_millis(u64::try_from(cx.now().millis() - since.millis()).unwrap_or(0))
    };
    if let Some(Fetched { at, keys }) = &*fetched {
        let is_known = keys.contains_key(key_id);
        if (is_known && age(*at) < FRESH_FOR) || age(*at) < FETCH_INTERVAL {
            return Ok(keys.clone());
        }
    }
    let unavailable = |why: String| Error::unavailable(format!("GitHub's keys: {why}"));
    let document = Fetcher::default().get(KEYS_URL, MAX_DOCUMENT_SIZE, cx.deadline()).await;
    let keys = document.and_then(|document| parse_keys(&document).ok_or("it has no keys".to_owned()));
    match (keys, &mut *fetched) {
        (Ok(keys), fetched) => {
            let keys = Arc::new(keys);
            *fetched = Some(Fetched { at: cx.now(), keys: keys.clone() });
            Ok(keys)
        }
        // GitHub seldom replaces a key. The next attempt waits for the interval.
        (Err(_), Some(Fetched { at, keys })) => {
            *at = cx.now();
            Ok(keys.clone())
        }
        (Err(why), None) => Err(unavailable(why)),
    }
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
