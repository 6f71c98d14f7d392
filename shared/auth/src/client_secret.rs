//! The secret of an OAuth app (RFC 6749 §2.3.1), and what is stored to verify it.

use padron_domain::Error;
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom, SystemRandom},
};
use subtle::ConstantTimeEq;

use crate::base62::{CHECKSUM_DIGITS, digit_of, push_checksum, without_checksum};

/// The beginning of every secret.
const PREFIX: &str = "cs_";
/// The number of random base62 digits: 256 bits.
const DIGITS: usize = 43;

/// A client secret: `cs_`, 43 random base62 digits, and 6 more with the CRC-32 of all before them.
#[derive(Clone)]
pub struct ClientSecret(String);

/// Omits the secret, which must not be logged.
impl std::fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientSecret(…)")
    }
}

impl ClientSecret {
    /// Creates a random secret.
    pub fn generate() -> Result<Self, Error> {
        let mut text = PREFIX.to_owned();
        while text.len() < PREFIX.len() + DIGITS {
            let mut bytes = [0; DIGITS];
            SystemRandom::new().fill(&mut bytes).map_err(|_| Error::internal("no random bytes"))?;
            let missing = PREFIX.len() + DIGITS - text.len();
            text.extend(bytes.into_iter().filter_map(digit_of).take(missing));
        }
        push_checksum(&mut text);
        Ok(Self(text))
    }

    /// Parses a secret; `None` if the text has another form, or its checksum is wrong.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = without_checksum(text)?.strip_prefix(PREFIX)?;
        let is_one = digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_alphanumeric());
        is_one.then(|| Self(text.to_owned()))
    }

    /// Returns the text of the secret. It is shown once and never stored.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Returns the SHA-256 hash of the secret, which is stored encrypted.
    ///
    /// A slow hash would add nothing: nobody guesses 256 random bits (OWASP ASVS 6.5.2).
    pub fn hash(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, self.0.as_bytes()).as_ref());
        hash
    }

    /// Returns whether one of these is the hash of the secret. The comparison with each takes constant time.
    pub fn matches_any(&self, hashes: &[[u8; 32]]) -> bool {
        let hash = self.hash();
        hashes.iter().fold(false, |matches, known| matches | bool::from(hash.ct_eq(known)))
    }
}

/// The number of characters of a secret.
pub const CLIENT_SECRET_LENGTH: usize = PREFIX.len() + DIGITS + CHECKSUM_DIGITS;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_as_it_was_written_and_no_other_text_is() {
        let secret = ClientSecret::generate().unwrap();
        let text = secret.text().to_owned();
        assert_eq!(text.len(), CLIENT_SECRET_LENGTH);
        let read = ClientSecret::parse(&text).unwrap();
        assert!(read.matches_any(&[[0; 32], secret.hash()]) && !read.matches_any(&[[0; 32]]));
        assert!(!read.matches_any(&[]));
        for at in 0..text.len() {
            let mut other = text.clone().into_bytes();
            other[at] ^= 1;
            assert!(ClientSecret::parse(&String::from_utf8(other).unwrap()).is_none(), "{at}");
            assert!(ClientSecret::parse(&text[..at]).is_none());
        }
        assert!(ClientSecret::parse(&format!("{text}0")).is_none() && ClientSecret::parse("cs_ñ").is_none());
        assert_ne!(ClientSecret::generate().unwrap().text(), text);
    }
}
