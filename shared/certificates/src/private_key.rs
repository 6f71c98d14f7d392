//! Private keys.

use pkcs5::{EncryptionScheme, pbes2};
use pkcs8::{EncryptedPrivateKeyInfoRef, der::Decode};
use ring::rsa::{KeyPair, PublicKeyComponents};
use zeroize::Zeroizing;

use crate::{certificate::Certificate, document};

/// The maximum number of rounds of PBKDF2. SAT's keys have 2,048.
const MAX_ROUNDS: u32 = 100_000;

/// A private key, as a PKCS #8 document (RFC 5958). It is erased from memory when it is dropped.
pub struct PrivateKey(Zeroizing<Vec<u8>>);

/// Omits the key.
impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}

/// The reason why a private key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrivateKeyError {
    /// The document is no encrypted private key, or is encrypted in a way that SAT does not use.
    NotAKey,
    /// The password is another one.
    Password,
    /// The key is not an RSA key of 2,048 to 4,096 bits.
    Kind,
    /// The key is that of another certificate.
    AnotherCertificate,
}

impl PrivateKey {
    /// Opens the private key of a certificate with its password. The key is DER, PEM, or base64 of DER.
    pub fn open(document: &[u8], password: &str, certificate: &Certificate) -> Result<Self, PrivateKeyError> {
        let der = document::der(document, &["ENCRYPTED PRIVATE KEY"]).ok_or(PrivateKeyError::NotAKey)?;
        let encrypted = EncryptedPrivateKeyInfoRef::from_der(&der).map_err(|_| PrivateKeyError::NotAKey)?;
        if !is_bounded(&encrypted.encryption_algorithm) {
            return Err(PrivateKeyError::NotAKey);
        }
        // A wrong password sometimes leaves bytes behind that have the right padding and are no key.
        let plain = encrypted.decrypt(password).map_err(|_| PrivateKeyError::Password)?;
        let plain = Zeroizing::new(plain.as_bytes().to_vec());
        pkcs8::PrivateKeyInfoRef::from_der(&plain).map_err(|_| PrivateKeyError::Password)?;
        let pair = KeyPair::from_pkcs8(&plain).map_err(|_| PrivateKeyError::Kind)?;
        let PublicKeyComponents::<Vec<u8>> { n, e } = pair.public().into();
        let is_same = (n, e) == (certificate.modulus.clone(), certificate.exponent.clone());
        if is_same { Ok(Self(plain)) } else { Err(PrivateKeyError::AnotherCertificate) }
    }

    /// Returns the PKCS #8 document.
    pub fn as_pkcs8(&self) -> &[u8] {
        &self.0
    }
}

/// Returns whether opening a key takes a bounded time and little memory: scrypt takes as much as the key says.
fn is_bounded(scheme: &EncryptionScheme) -> bool {
    let EncryptionScheme::Pbes2(pbes2::Parameters { kdf, .. }) = scheme else { return false };
    kdf.pbkdf2().is_some_and(|parameters| parameters.iteration_count <= MAX_ROUNDS)
}
