//! The scheduled job `rotate-signing-keys`, which makes the keys that sign access tokens, and removes those whose tokens have expired.

use std::time::Duration;

use padron_domain::{Error, Id, SigningKey};
use padron_http::{BackgroundContext, Job};
use padron_key_vault::KeyVault;
use padron_store::{Action, EncryptedSigningKey, Store};
use serde::Serialize;

use crate::vault;

/// The scheduled job that rotates the keys that sign access tokens.
#[derive(Debug)]
pub struct RotateSigningKeys;

/// The result of one run of the job.
#[derive(Debug, Default, Serialize)]
pub struct RotationReport {
    /// The number of keys that were made.
    created: usize,
    /// The number of keys that were removed.
    removed: usize,
}

/// The time that is kept in reserve for writing the keys.
const RESERVE: Duration = Duration::from_secs(10);

impl Job for RotateSigningKeys {
    const FUNCTION: &'static str = "rotate-signing-keys";
    const SCHEDULE: &'static str = "rate(1 hour)";
    const TIMEOUT: u32 = 60;
    const ACTIONS: &'static [&'static [Action]] =
        &[Store::SIGNING_KEYS, Store::REPLACE_SIGNING_KEYS, KeyVault::GENERATE_SIGNING_KEY];
    type Report = RotationReport;

    async fn run(cx: &BackgroundContext<'_>) -> Result<RotationReport, Error> {
        let before = cx.store().signing_keys().await?;
        let mut after = before.next_version();
        let removed: Vec<String> = after.retired(cx.now).into_iter().map(|key| key.kid).collect();
        for kid in &removed {
            after.remove(kid);
        }
        let mut added = Vec::new();
        while let Some(signs_from) = after.missing_from(cx.now) {
            let kid = Id::<SigningKey>::random().to_string();
            let vault = vault::connect(cx.environment())?;
            let pair = vault.generate_rsa(vault::context(&kid), cx.end(RESERVE)).await?;
            added.push(EncryptedSigningKey { kid: kid.clone(), ciphertext: pair.encrypted });
            after.add(SigningKey { kid, modulus: pair.modulus, exponent: pair.exponent, signs_from });
        }
        let report = RotationReport { created: added.len(), removed: removed.len() };
        if added.is_empty() && removed.is_empty() {
            return Ok(report);
        }
        // Another run that was faster has done the same.
        let is_replaced = cx.store().replace_signing_keys(&after, &added, &removed).await?;
        Ok(if is_replaced { report } else { RotationReport::default() })
    }
}
