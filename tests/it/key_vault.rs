//! Tests of `shared/key-vault` with moto's server, an implementation of AWS KMS that is not this project's own.

use std::time::Duration;

use aws_sdk_kms::Client;
use padron_key_vault::{EncryptionContext, KeyVault, SealedSecret};
use padron_store::sdk_config;
use tokio::time::Instant;

use crate::moto::Moto;

/// Makes a key, and returns the vault of it.
async fn vault(moto: &Moto) -> KeyVault {
    let created = Client::new(&sdk_config(&moto.connection)).create_key().send().await.unwrap();
    KeyVault::connect(&moto.connection, created.key_metadata().unwrap().key_id())
}

#[tokio::test]
async fn a_secret_is_opened_by_its_key_in_its_context_only() {
    let moto = Moto::start().await;
    let (vault, other_vault) = (vault(&moto).await, vault(&moto).await);
    let deadline = Instant::now() + Duration::from_secs(30);
    let context = EncryptionContext { purpose: "csd", id: "1" };
    let sealed = vault.seal(b"a private key", context, deadline).await.unwrap();
    assert_eq!(vault.open(&sealed, context, deadline).await.unwrap().as_slice(), b"a private key");

    // Each secret has a data key of its own, which is not that of another secret.
    let other = vault.seal(b"a private key", context, deadline).await.unwrap();
    assert_ne!(other.data_key, sealed.data_key);
    assert_ne!(other.ciphertext, sealed.ciphertext);
    let mixed = SealedSecret { data_key: other.data_key, ciphertext: sealed.ciphertext.clone() };
    let error = vault.open(&mixed, context, deadline).await.unwrap_err();
    assert_eq!(error.cause(), Some("a secret cannot be decrypted"));

    for context in
        [EncryptionContext { purpose: "fiel", id: "1" }, EncryptionContext { purpose: "csd", id: "2" }]
    {
        let error = vault.open(&sealed, context, deadline).await.unwrap_err();
        assert_eq!(error.cause(), Some("KMS: InvalidCiphertextException"), "{context:?}");
    }
    assert!(other_vault.open(&sealed, context, deadline).await.is_err(), "another key");
    let cut = SealedSecret { data_key: sealed.data_key[..40].into(), ciphertext: sealed.ciphertext.clone() };
    assert!(vault.open(&cut, context, deadline).await.is_err());

    // A key that does not exist makes no data keys, and a deadline that has passed ends the wait.
    let missing = KeyVault::connect(&moto.connection, "11111111-1111-4111-8111-111111111111");
    let error = missing.seal(b"a private key", context, deadline).await.unwrap_err();
    assert_eq!(error.cause(), Some("KMS: NotFoundException"));
    let error = vault.seal(b"a private key", context, Instant::now()).await.unwrap_err();
    assert_eq!(error.cause(), Some("KMS did not answer in time"));
}
