//! Encryption with a data key: AES-256-GCM (NIST SP 800-38D) with a random nonce before the ciphertext, in an encryption context.

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand::{SecureRandom, SystemRandom},
};
use zeroize::Zeroizing;

use crate::EncryptionContext;

/// Encrypts a secret; `None` if the key has another length than 256 bits.
pub(crate) fn encrypt(key: &[u8], context: EncryptionContext<'_>, secret: &[u8]) -> Option<Vec<u8>> {
    let mut nonce = [0; NONCE_LEN];
    SystemRandom::new().fill(&mut nonce).ok()?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?);
    // Encrypted in place, so that no copy of the secret is left.
    let mut buffer = Zeroizing::new(secret.to_vec());
    let nonce_of_message = Nonce::assume_unique_for_key(nonce);
    let tag = key.seal_in_place_separate_tag(nonce_of_message, aad(context), &mut buffer).ok()?;
    Some([&nonce[..], &buffer, tag.as_ref()].concat())
}

/// Decrypts a secret; `None` if it was encrypted with another key, or in another context.
pub(crate) fn decrypt(
    key: &[u8],
    context: EncryptionContext<'_>,
    ciphertext: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, ciphertext) = ciphertext.split_first_chunk::<NONCE_LEN>()?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?);
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let length =
        key.open_in_place(Nonce::assume_unique_for_key(*nonce), aad(context), &mut buffer).ok()?.len();
    buffer.truncate(length);
    Some(buffer)
}

/// Returns the context as the data that is authenticated with the secret.
fn aad(EncryptionContext { purpose, id }: EncryptionContext<'_>) -> Aad<Vec<u8>> {
    // No purpose contains a line break.
    Aad::from(format!("{purpose}\n{id}").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_decrypted_with_its_key_in_its_context_only() {
        let context = EncryptionContext { purpose: "csd", id: "1" };
        let sealed = encrypt(&[1; 32], context, b"secret").unwrap();
        assert_eq!(decrypt(&[1; 32], context, &sealed).as_deref().map(Vec::as_slice), Some(&b"secret"[..]));
        assert_ne!(encrypt(&[1; 32], context, b"secret").unwrap(), sealed);
        assert!(!sealed.windows(6).any(|bytes| bytes == b"secret"));
        for (key, context) in [
            ([2; 32], context),
            ([1; 32], EncryptionContext { purpose: "fiel", id: "1" }),
            ([1; 32], EncryptionContext { purpose: "csd", id: "2" }),
        ] {
            assert!(decrypt(&key, context, &sealed).is_none());
        }
        for length in 0..sealed.len() {
            assert!(decrypt(&[1; 32], context, &sealed[..length]).is_none());
        }
        assert!(encrypt(&[1; 16], context, b"secret").is_none());
    }
}
