//! Private keys.

use pkcs1::{RsaPrivateKey, UintRef};
use pkcs5::{EncryptionScheme, pbes2};
use pkcs8::{
    EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef,
    der::{
        Decode,
        asn1::{AnyRef, ObjectIdentifier},
    },
};
use ring::{
    rand::SystemRandom,
    rsa::{KeyPair, PublicKeyComponents},
    signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256},
};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::{
    certificate::{self, Certificate},
    document::{self, DocumentError},
};

/// The maximum number of rounds of PBKDF2 for each encoding of the password. SAT's keys have 2,048.
const MAX_ROUNDS: u32 = 10_000;
/// Triple DES in CBC mode (RFC 8018 appendix B.2.2).
const DES_EDE3_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.3.7");
/// The size of a block of DES, in bytes.
const DES_BLOCK_SIZE: usize = 8;

/// A private key, as a PKCS #8 document (RFC 5958). These bytes are erased from memory when it is dropped. What `ring` has parsed of them
/// for the check is not.
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
    /// The document is too long.
    TooLong,
    /// The document is not a private key, is encrypted otherwise than with PBES2 and PBKDF2, or with too many rounds.
    NotAKey,
    /// The document is a certificate.
    IsCertificate,
    /// The key is not encrypted.
    NotEncrypted,
    /// The password is another one.
    WrongPassword,
    /// The key is not an RSA key of 2,048 to 4,096 bits, or is damaged.
    Unusable,
    /// The key is that of another certificate.
    AnotherCertificate,
}

impl PrivateKeyError {
    /// Returns what is wrong, as a sentence for the caller.
    pub const fn detail(self) -> &'static str {
        match self {
            Self::TooLong => "A private key has at most 32 KB.",
            Self::NotAKey => "This is not an encrypted private key. Send the .key file as SAT has issued it.",
            Self::IsCertificate => "This is a certificate, not a private key.",
            Self::NotEncrypted => "This key is not encrypted. Send the .key file as SAT has issued it.",
            Self::WrongPassword => "The password does not open the private key.",
            Self::Unusable => "The key is not an RSA key of 2,048 to 4,096 bits, or it is damaged.",
            Self::AnotherCertificate => "The private key is that of another certificate.",
        }
    }
}

impl PrivateKey {
    /// Opens the private key of a certificate with its password. The key is DER, PEM, or base64 of DER.
    pub fn open(
        document: &[u8],
        password: &[u8],
        certificate: &Certificate,
    ) -> Result<Self, PrivateKeyError> {
        let der = document::der(document, &["ENCRYPTED PRIVATE KEY"]).map_err(|error| match error {
            DocumentError::TooLong => PrivateKeyError::TooLong,
            DocumentError::Encoding => PrivateKeyError::NotAKey,
        })?;
        let encrypted = parse_encrypted_key(&der).ok_or_else(|| {
            if certificate::is_certificate(&der) {
                PrivateKeyError::IsCertificate
            } else if PrivateKeyInfoRef::from_der(&der).is_ok()
                || RsaPrivateKey::<UintRef<'_>>::from_der(&der).is_ok()
            {
                PrivateKeyError::NotEncrypted
            } else {
                PrivateKeyError::NotAKey
            }
        })?;
        let decrypt = |password: Zeroizing<Vec<u8>>| {
            let plain = encrypted.decrypt(&*password).ok()?;
            // A wrong password sometimes leaves bytes behind that have the right padding and are no key.
            PrivateKeyInfoRef::from_der(plain.as_bytes()).ok()?;
            Some(Zeroizing::new(plain.as_bytes().to_vec()))
        };
        let plain = password_encodings(password)
            .into_iter()
            .find_map(decrypt)
            .ok_or(PrivateKeyError::WrongPassword)?;
        let pair = KeyPair::from_pkcs8(&plain).map_err(|_| PrivateKeyError::Unusable)?;
        let public: PublicKeyComponents<Vec<u8>> = pair.public().into();
        if (&public.n, &public.e) != (&certificate.modulus, &certificate.exponent) {
            return Err(PrivateKeyError::AnotherCertificate);
        }
        if can_sign(&pair, &public) { Ok(Self(plain)) } else { Err(PrivateKeyError::Unusable) }
    }

    /// Returns the PKCS #8 document.
    pub fn as_pkcs8(&self) -> &[u8] {
        &self.0
    }
}

/// Returns whether a document is an encrypted private key. No password is tried.
pub(crate) fn is_encrypted_key(der: &[u8]) -> bool {
    parse_encrypted_key(der).is_some()
}

/// Parses an encrypted private key; `None` if it is none, is encrypted otherwise than with PBES2 and PBKDF2, or with too many rounds.
fn parse_encrypted_key(der: &[u8]) -> Option<EncryptedPrivateKeyInfoRef<'_>> {
    has_valid_iv(der).filter(|is_valid| *is_valid)?;
    let encrypted = EncryptedPrivateKeyInfoRef::from_der(der).ok()?;
    // Scrypt takes as much memory as the key says, and PBES1 is older than SAT's keys.
    let EncryptionScheme::Pbes2(pbes2::Parameters { kdf, encryption }) = &encrypted.encryption_algorithm
    else {
        return None;
    };
    let pbkdf2 = kdf.pbkdf2()?;
    let is_bounded = pbkdf2.iteration_count <= MAX_ROUNDS;
    let has_key_length = pbkdf2.key_length.is_none_or(|length| usize::from(length) == encryption.key_size());
    (is_bounded && has_key_length).then_some(encrypted)
}

/// Returns whether the initialization vector has the length of a block, if the cipher is triple DES; `None` if the document is not
/// encrypted with PBES2.
///
/// `pkcs5` does not check this length, and panics if there are fewer bytes.
fn has_valid_iv(der: &[u8]) -> Option<bool> {
    let [algorithm, _] = pair(AnyRef::from_der(der).ok()?)?;
    let [_, parameters] = pair(algorithm)?;
    let [_, cipher] = pair(parameters)?;
    let [cipher, vector] = pair(cipher)?;
    let is_des = cipher.decode_as::<ObjectIdentifier>().ok()? == DES_EDE3_CBC;
    Some(!is_des || vector.value().len() == DES_BLOCK_SIZE)
}

/// Returns the two elements of a sequence; `None` if it is none, or has another number of elements.
fn pair(sequence: AnyRef<'_>) -> Option<[AnyRef<'_>; 2]> {
    sequence.decode_as::<Vec<AnyRef<'_>>>().ok()?.try_into().ok()
}

/// Returns the encodings of a password: the bytes that were sent, and if they are not ASCII, UTF-8 and Latin-1. The program that has
/// encrypted the key may have used another encoding than the one that sends the password.
fn password_encodings(password: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut encodings = vec![Zeroizing::new(password.to_vec())];
    if password.is_ascii() {
        return encodings;
    }
    match std::str::from_utf8(password) {
        Ok(text) => {
            // Allocated once, because what is left behind by growing is not erased. Composing makes no text three times as long.
            let mut composed = Zeroizing::new(String::with_capacity(3 * text.len()));
            composed.extend(text.nfc());
            let mut latin1 = Zeroizing::new(Vec::with_capacity(composed.len()));
            latin1.extend(composed.chars().map_while(|letter| u8::try_from(u32::from(letter)).ok()));
            let is_latin1 = latin1.len() == composed.chars().count();
            encodings.push(Zeroizing::new(composed.as_bytes().to_vec()));
            encodings.extend(is_latin1.then_some(latin1));
        }
        Err(_) => {
            let mut text = Zeroizing::new(String::with_capacity(2 * password.len()));
            text.extend(password.iter().copied().map(char::from));
            encodings.push(Zeroizing::new(text.as_bytes().to_vec()));
        }
    }
    encodings.dedup();
    encodings
}

/// Returns whether a signature of the private key is one of the public key.
///
/// `ring` signs with the exponents of the factors, and does not check them when it reads a key.
fn can_sign(pair: &KeyPair, public: &PublicKeyComponents<Vec<u8>>) -> bool {
    const MESSAGE: &[u8] = b"padron";
    let mut signature = vec![0; pair.public().modulus_len()];
    let signed = pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), MESSAGE, &mut signature);
    signed.is_ok() && public.verify(&RSA_PKCS1_2048_8192_SHA256, MESSAGE, &signature).is_ok()
}
