//! Secrets that only AWS KMS can decrypt.
//!
//! The key pairs of this installation are made by KMS, so that only the functions that sign ever have their private parts. Private keys that
//! somebody has uploaded are each encrypted with a data key of KMS (envelope encryption). What is encrypted for one purpose and id cannot be
//! decrypted for another one, and the policy of each function names the purpose.

use std::{collections::HashMap, sync::Arc, time::Duration};

use aws_sdk_kms::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    primitives::Blob,
    types::{DataKeyPairSpec, DataKeySpec},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use padron_domain::Error;
use padron_store::{Action, Connection, sdk_config};
use pkcs1::RsaPublicKey;
use spki::{SubjectPublicKeyInfoRef, der::Decode};
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

mod envelope;

/// The maximum time for one request.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// A key of AWS KMS, with which private keys are encrypted.
#[derive(Clone, Debug)]
pub struct KeyVault {
    client: Client,
    key: Arc<str>,
}

/// What a private key is encrypted for: its encryption context.
#[derive(Clone, Copy, Debug)]
pub struct EncryptionContext<'a> {
    /// The purpose, which the policies of functions name.
    pub purpose: &'static str,
    /// The id of what the secret belongs to: an organization, or a key that signs access tokens.
    pub id: &'a str,
}

/// An RSA key pair.
#[derive(Debug)]
pub struct RsaKeyPair {
    /// The private key as a PKCS #8 document, encrypted.
    pub encrypted: Vec<u8>,
    /// The modulus, in base64url.
    pub modulus: String,
    /// The exponent, in base64url.
    pub exponent: String,
}

/// A secret that is encrypted with a data key of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSecret {
    /// The data key, which only KMS can decrypt.
    pub data_key: Vec<u8>,
    /// The nonce and the secret, encrypted with the data key by AES-256-GCM.
    pub ciphertext: Vec<u8>,
}

impl KeyVault {
    /// The IAM actions of [`KeyVault::seal`] for the private key of a CSD.
    pub const SEAL_CSD: &'static [Action] = &[Action::GENERATE_CSD_DATA_KEY];
    /// The IAM actions of [`KeyVault::seal`] for the private key of a FIEL.
    pub const SEAL_FIEL: &'static [Action] = &[Action::GENERATE_FIEL_DATA_KEY];
    /// The IAM actions of [`KeyVault::generate_rsa`] for access tokens.
    pub const GENERATE_SIGNING_KEY: &'static [Action] = &[Action::GENERATE_SIGNING_KEY];
    /// The IAM actions of [`KeyVault::decrypt`] for access tokens.
    pub const DECRYPT_SIGNING_KEY: &'static [Action] = &[Action::DECRYPT_SIGNING_KEY];

    /// Creates the client of the key with this id. It connects when the first request is sent.
    pub fn connect(connection: &Connection, key: &str) -> Self {
        Self { client: Client::new(&sdk_config(connection)), key: key.into() }
    }

    /// Makes an RSA key pair of 2,048 bits. KMS returns the private key encrypted only.
    pub async fn generate_rsa(
        &self,
        context: EncryptionContext<'_>,
        deadline: Instant,
    ) -> Result<RsaKeyPair, Error> {
        let call = self
            .client
            .generate_data_key_pair_without_plaintext()
            .key_id(&*self.key)
            .key_pair_spec(DataKeyPairSpec::Rsa2048)
            .set_encryption_context(Some(context.into()))
            .send();
        let output = call_until(deadline, call).await?;
        let incomplete = || Error::internal("KMS made no key pair");
        let public = output.public_key.ok_or_else(incomplete)?;
        let encrypted = output.private_key_ciphertext_blob.ok_or_else(incomplete)?.into_inner();
        let (modulus, exponent) = rsa_parameters(public.as_ref()).ok_or_else(incomplete)?;
        Ok(RsaKeyPair { encrypted, modulus, exponent })
    }

    /// Encrypts a secret with a new data key. This function's copy of the data key is erased from memory; the buffers of the SDK are not.
    pub async fn seal(
        &self,
        secret: &[u8],
        context: EncryptionContext<'_>,
        deadline: Instant,
    ) -> Result<SealedSecret, Error> {
        let call = self
            .client
            .generate_data_key()
            .key_id(&*self.key)
            .key_spec(DataKeySpec::Aes256)
            .set_encryption_context(Some(context.into()))
            .send();
        let output = call_until(deadline, call).await?;
        let incomplete = || Error::internal("KMS made no data key");
        let plain = Zeroizing::new(output.plaintext.ok_or_else(incomplete)?.into_inner());
        let data_key = output.ciphertext_blob.ok_or_else(incomplete)?.into_inner();
        let ciphertext = envelope::encrypt(&plain, context, secret)
            .ok_or_else(|| Error::internal("a secret cannot be encrypted"))?;
        Ok(SealedSecret { data_key, ciphertext })
    }

    /// Decrypts a secret that [`KeyVault::seal`] has encrypted in the same context.
    pub async fn open(
        &self,
        sealed: &SealedSecret,
        context: EncryptionContext<'_>,
        deadline: Instant,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let plain = self.decrypt(&sealed.data_key, context, deadline).await?;
        let secret = envelope::decrypt(&plain, context, &sealed.ciphertext);
        secret.ok_or_else(|| Error::internal("a secret cannot be decrypted"))
    }

    /// Decrypts with KMS: a private key of [`KeyVault::generate_rsa`], which is a PKCS #8 document, or a data key.
    pub async fn decrypt(
        &self,
        encrypted: &[u8],
        context: EncryptionContext<'_>,
        deadline: Instant,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let call = self
            .client
            .decrypt()
            .key_id(&*self.key)
            .ciphertext_blob(Blob::new(encrypted))
            .set_encryption_context(Some(context.into()))
            .send();
        let output = call_until(deadline, call).await?;
        let plain = output.plaintext.ok_or_else(|| Error::internal("KMS decrypted nothing"))?;
        Ok(Zeroizing::new(plain.into_inner()))
    }
}

impl From<EncryptionContext<'_>> for HashMap<String, String> {
    fn from(context: EncryptionContext<'_>) -> Self {
        Self::from([
            ("purpose".to_owned(), context.purpose.to_owned()),
            ("id".to_owned(), context.id.to_owned()),
        ])
    }
}

/// Waits for a call of KMS, at most until the deadline.
fn call_until<T, E: ProvideErrorMetadata>(
    deadline: Instant,
    call: impl Future<Output = Result<T, SdkError<E>>>,
) -> impl Future<Output = Result<T, Error>> {
    // In a box, because the compiler limits how deeply the types of futures are nested.
    let call = Box::pin(call);
    async move {
        let deadline = deadline.min(Instant::now() + TIME_LIMIT);
        match timeout_at(deadline, call).await {
            Ok(Ok(output)) => Ok(output),
            Ok(Err(error)) => {
                let code = error.code().unwrap_or("no answer");
                Err(Error::unavailable(format!("KMS: {code}")))
            }
            Err(_) => Err(Error::unavailable("KMS did not answer in time")),
        }
    }
}

/// Returns modulus and exponent of an RSA public key in DER (RFC 5280 §4.1.2.7), in base64url; `None` if it is no such key.
fn rsa_parameters(public: &[u8]) -> Option<(String, String)> {
    let info = SubjectPublicKeyInfoRef::from_der(public).ok()?;
    let key = RsaPublicKey::from_der(info.subject_public_key.as_bytes()?).ok()?;
    let encode = |number: pkcs1::UintRef<'_>| BASE64_URL_SAFE_NO_PAD.encode(number.as_bytes());
    Some((encode(key.modulus), encode(key.public_exponent)))
}
