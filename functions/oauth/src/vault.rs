//! The key of KMS with which the private keys of the authorization server are encrypted.

use padron_domain::Error;
use padron_http::Environment;
use padron_key_vault::{EncryptionContext, KeyVault};
use padron_store::OAUTH;

/// Returns the client of KMS. Fails if the function has no key.
pub(crate) fn connect(environment: &Environment) -> Result<KeyVault, Error> {
    let key = environment.encryption_key()?;
    environment.get_or_create(|| Ok(KeyVault::connect(&key.connection, &key.id)))
}

/// Returns what a signing key is encrypted for.
pub(crate) fn context(kid: &str) -> EncryptionContext<'_> {
    EncryptionContext { purpose: OAUTH, id: kid }
}
