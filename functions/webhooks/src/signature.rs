//! The signatures of requests (Standard Webhooks 1.0.0): one with a shared secret, and one that anyone can verify.
//!
//! Source: <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use base64::{Engine as _, prelude::BASE64_STANDARD};
use padron_domain::Error;
use padron_http::Environment;
use padron_store::{StoredWebhook, WebhookSecretMaterial};
use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
    signature::{Ed25519KeyPair, KeyPair},
};

/// Returns the secrets and private keys of a webhook, the latest ones first. Some may have ended.
pub(crate) fn material(
    environment: &Environment,
    stored: &StoredWebhook,
) -> Result<Vec<WebhookSecretMaterial>, Error> {
    let unreadable = || Error::internal("a webhook's secrets were encrypted with another root secret");
    stored.material(environment.secrets()).ok_or_else(unreadable)
}

/// Creates a secret and a private key.
pub(crate) fn generate(generation: u32) -> Result<WebhookSecretMaterial, Error> {
    let random = || {
        let mut bytes = [0; 32];
        SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| Error::internal("the system has no random bytes"))?;
        Ok::<_, Error>(bytes)
    };
    Ok(WebhookSecretMaterial { generation, secret: random()?, seed: random()? })
}

/// Returns the text of a secret: `whsec_` and its bytes in base64.
pub(crate) fn secret_text(material: &WebhookSecretMaterial) -> String {
    format!("whsec_{}", BASE64_STANDARD.encode(material.secret))
}

/// Returns the public key of a private key: 32 bytes of Ed25519 in base64.
pub(crate) fn public_key(material: &WebhookSecretMaterial) -> Result<String, Error> {
    Ok(BASE64_STANDARD.encode(key_pair(material)?.public_key()))
}

/// Returns the header `webhook-signature`: the signatures with each secret, the latest one first.
pub(crate) fn sign(
    secrets: &[WebhookSecretMaterial],
    id: &str,
    timestamp: i64,
    body: &[u8],
) -> Result<String, Error> {
    let signed = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
    let mut signatures = Vec::with_capacity(2 * secrets.len());
    for material in secrets {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &material.secret);
        signatures.push(format!("v1,{}", BASE64_STANDARD.encode(hmac::sign(&key, &signed))));
        signatures.push(format!("v1a,{}", BASE64_STANDARD.encode(key_pair(material)?.sign(&signed))));
    }
    Ok(signatures.join(" "))
}

fn key_pair(material: &WebhookSecretMaterial) -> Result<Ed25519KeyPair, Error> {
    Ed25519KeyPair::from_seed_unchecked(&material.seed).map_err(|_| Error::internal("an invalid private key"))
}
