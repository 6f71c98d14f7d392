//! What one Lambda environment has for everything that runs in it.

use std::sync::{Arc, Mutex, PoisonError};

use padron_domain::Error;
use padron_store::Secrets;

use crate::settings::{BucketLocation, KeyLocation, Options};

/// The secrets, the options and the clients of one Lambda environment.
#[derive(Debug)]
pub struct Environment {
    secrets: Arc<Secrets>,
    options: Options,
    /// Values that are created at their first use, by type.
    kept: Mutex<http::Extensions>,
}

impl Environment {
    pub(crate) fn new(secrets: Arc<Secrets>, options: Options) -> Self {
        Self { secrets, options, kept: Mutex::default() }
    }

    /// Returns the keys that cursors, recorded answers and credentials are encrypted with.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Returns the options that the operator has set.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Returns the key of AWS KMS that private keys are encrypted with. Fails if the function has none.
    pub fn encryption_key(&self) -> Result<&KeyLocation, Error> {
        self.options.encryption_key.as_ref().ok_or_else(|| Error::internal("ENCRYPTION_KEY is missing"))
    }

    /// Returns the bucket of the logos. Fails if the function has none.
    pub fn logo_bucket(&self) -> Result<&BucketLocation, Error> {
        self.options.logo_bucket.as_ref().ok_or_else(|| Error::internal("LOGO_BUCKET is missing"))
    }

    /// Returns the value of a type, such as a client, that `create` creates at its first use. A failure is not kept.
    pub fn get_or_create<T: Clone + Send + Sync + 'static>(
        &self,
        create: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = kept.get::<T>() {
            return Ok(value.clone());
        }
        let value = create()?;
        kept.insert(value.clone());
        Ok(value)
    }
}
