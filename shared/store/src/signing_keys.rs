//! The keys that sign access tokens.
//!
//! The public ones are one item, which every function may read. The private ones are encrypted by a key that few functions may use.

use padron_domain::{Error, SigningKeySet};
use serde::{Deserialize, Serialize};

use crate::{
    Action,
    expression::Expression,
    item::Entity,
    key::Key,
    read::{Consistency, Projection},
    table::Store,
    transaction::{Transaction, TransactionError},
};

/// The private part of a signing key, as it is stored.
#[derive(Clone, Serialize, Deserialize)]
pub struct EncryptedSigningKey {
    /// The id of the key.
    pub kid: String,
    /// The encrypted PKCS #8 document.
    #[serde(with = "serde_bytes")]
    pub ciphertext: Vec<u8>,
}

/// Omits the document.
impl std::fmt::Debug for EncryptedSigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EncryptedSigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl Store {
    /// The IAM actions of [`Store::signing_keys`] and [`Store::signing_key`].
    pub const SIGNING_KEYS: &'static [Action] = &[Action::BATCH_GET];
    /// The IAM actions of [`Store::replace_signing_keys`].
    pub const REPLACE_SIGNING_KEYS: &'static [Action] = &[Action::PUT, Action::DELETE];

    /// Returns the public keys for one capacity unit, strongly consistent. The set is empty if it was never written.
    pub async fn signing_keys(&self) -> Result<SigningKeySet, Error> {
        let key = Key::signing_keys();
        let mut found =
            self.batch_get(std::slice::from_ref(&key), Consistency::Strong, Projection::All).await?;
        Ok(found.remove::<StoredKeySet>(&key)?.map(|set| set.0).unwrap_or_default())
    }

    /// Returns the private part of a key, strongly consistent; `None` if it was withdrawn.
    pub async fn signing_key(&self, kid: &str) -> Result<Option<EncryptedSigningKey>, Error> {
        let key = Key::signing_key(kid);
        self.batch_get(std::slice::from_ref(&key), Consistency::Strong, Projection::All).await?.remove(&key)
    }

    /// Replaces the public keys by their next version, and adds or deletes the private parts of those that are new or gone.
    ///
    /// Returns whether they were replaced; `false` if another run was faster. No organization's audit trail records it.
    pub async fn replace_signing_keys(
        &self,
        after: &SigningKeySet,
        added: &[EncryptedSigningKey],
        removed: &[String],
    ) -> Result<bool, Error> {
        let mut transaction: Transaction<'_> = self.change_without_event();
        let condition = Expression::version_or_absent(after.version - 1);
        transaction.replace(&StoredKeySet(after.clone()), condition)?;
        for key in added {
            transaction.replace(key, Expression::default())?;
        }
        for kid in removed {
            transaction.remove(&Key::signing_key(kid), Expression::default())?;
        }
        match transaction.commit().await {
            Ok(()) => Ok(true),
            Err(TransactionError::Outdated) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// The public keys as they are stored.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct StoredKeySet(SigningKeySet);

impl Entity for StoredKeySet {
    const NAME: &'static str = "signing-keys";
    const ATTRIBUTES: Option<&[&str]> = Some(&["version"]);

    fn key(&self) -> Key {
        Key::signing_keys()
    }
}

impl Entity for EncryptedSigningKey {
    const NAME: &'static str = "signing-key";

    fn key(&self) -> Key {
        Key::signing_key(&self.kid)
    }
}
