//! The public keys that verify the tokens of OAuth apps, as a Lambda environment knows them.

use std::{sync::Arc, time::Duration};

use padron_auth::KeySet;
use padron_domain::{Error, SigningKeySet, Timestamp};
use padron_store::Store;
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// The public keys that verify the tokens of OAuth apps.
#[derive(Debug)]
pub struct SigningKeys {
    /// The keys, with the times at which they sign.
    pub set: SigningKeySet,
    /// The keys in the form in which signatures are verified with them.
    pub verifying: Arc<KeySet>,
}

/// The time for which the keys are used. A key that is withdrawn stops working after it.
const FRESH_FOR: Duration = Duration::from_secs(60);
/// The shortest time between two reads of the keys because one is missing.
const REFRESH_INTERVAL: Duration = Duration::from_secs(2);

impl SigningKeys {
    fn new(set: SigningKeySet) -> Result<Self, Error> {
        if set.keys.is_empty() {
            return Ok(Self { set, verifying: Arc::default() });
        }
        let verifying = KeySet::parse(jwks(&set).to_string().as_bytes())
            .map_err(|_| Error::internal("the keys that verify access tokens cannot be read"))?;
        Ok(Self { set, verifying: Arc::new(verifying) })
    }
}

/// Returns the public keys as a JSON Web Key Set (RFC 7517).
pub fn jwks(set: &SigningKeySet) -> Value {
    let keys = set.keys.iter().map(|key| {
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": key.kid, "n": key.modulus, "e": key.exponent })
    });
    json!({ "keys": keys.collect::<Vec<_>>() })
}

/// The keys of a Lambda environment, read when they are first needed.
#[derive(Debug, Default)]
pub(crate) struct SigningKeyCache(Mutex<Option<(Arc<SigningKeys>, Timestamp)>>);

impl SigningKeyCache {
    /// Returns keys that are at most a minute old. They are read sooner if the one that is looked for is missing.
    pub(crate) async fn get(
        &self,
        store: &Store,
        kid: Option<&str>,
        now: Timestamp,
    ) -> Result<Arc<SigningKeys>, Error> {
        let mut cached = self.0.lock().await;
        if let Some((keys, read_at)) = &*cached {
            let is_missing = kid.is_some_and(|kid| keys.set.keys.iter().all(|key| key.kid != kid));
            let fresh_for = if is_missing || keys.set.keys.is_empty() { REFRESH_INTERVAL } else { FRESH_FOR };
            if (*read_at..read_at.plus(fresh_for)).contains(&now) {
                return Ok(keys.clone());
            }
        }
        let set = store.signing_keys().await?;
        let keys = match &*cached {
            // The same keys, so that tokens that were verified with them need not be verified again.
            Some((known, _)) if known.set.version == set.version => known.clone(),
            _ => Arc::new(SigningKeys::new(set)?),
        };
        *cached = Some((keys.clone(), now));
        Ok(keys)
    }
}
