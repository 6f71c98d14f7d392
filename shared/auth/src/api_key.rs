//! The text of an API key, and what is stored to verify it.
//!
//! A key is `sk_`, the brand of the installation, `_`, 77 base62 digits and 6 more with the CRC-32 of all before them. The 77 digits are 56
//! bytes: organization, id and secret.

use padron_domain::{ApiKeyId, Error, Id, OrganizationId};
use ring::{
    digest::{Digest, SHA256, digest},
    rand::{SecureRandom, SystemRandom},
};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::base62::{CHECKSUM_DIGITS, WORD_DIGITS, decode, encode, push_checksum, without_checksum};

/// The beginning of every key.
const SCHEME: &str = "sk_";
/// The number of random bytes: 192 bits.
const SECRET_LENGTH: usize = 24;
/// The number of bytes of organization, id and secret.
const LENGTH: usize = 16 + 16 + SECRET_LENGTH;

/// An API key as a client presents it. It proves nothing until its secret is compared with the stored hash.
#[derive(Clone)]
pub struct PresentedKey {
    /// The organization that the key belongs to.
    pub organization: OrganizationId,
    /// The id of the key.
    pub id: ApiKeyId,
    secret: [u8; SECRET_LENGTH],
}

impl PresentedKey {
    /// Creates a key with a new secret.
    pub fn generate(organization: OrganizationId, id: ApiKeyId) -> Result<Self, Error> {
        let mut secret = [0; SECRET_LENGTH];
        SystemRandom::new().fill(&mut secret).map_err(|_| Error::internal("no random bytes"))?;
        Ok(Self { organization, id, secret })
    }

    /// Creates a key with a known secret, for tests.
    pub const fn with_secret(
        organization: OrganizationId,
        id: ApiKeyId,
        secret: [u8; SECRET_LENGTH],
    ) -> Self {
        Self { organization, id, secret }
    }

    /// The number of base62 digits in the text of a key, after its beginning.
    pub const DIGITS: usize = LENGTH / 8 * WORD_DIGITS + CHECKSUM_DIGITS;

    /// Returns whether a text claims to be an API key, of whatever brand.
    pub fn is_one(text: &str) -> bool {
        text.starts_with(SCHEME)
    }

    /// Returns the beginning of the keys of an installation.
    fn prefix(brand: &str) -> String {
        format!("{SCHEME}{brand}_")
    }

    /// Parses a key of an installation; `None` if the text has another form, or its checksum is wrong.
    pub fn parse(text: &str, brand: &str) -> Option<Self> {
        let digits = text.strip_prefix(SCHEME)?.strip_prefix(brand)?.strip_prefix('_')?;
        if digits.len() != Self::DIGITS || !digits.is_ascii() {
            return None;
        }
        without_checksum(text)?;
        let payload = &digits[..digits.len() - CHECKSUM_DIGITS];
        let mut bytes = [0; LENGTH];
        for (word, bytes) in payload.as_bytes().chunks(WORD_DIGITS).zip(bytes.chunks_mut(8)) {
            bytes.copy_from_slice(&decode(std::str::from_utf8(word).ok()?)?.to_be_bytes());
        }
        let id = |from: usize| Uuid::from_slice(&bytes[from..from + 16]).ok();
        Some(Self {
            organization: Id::new(id(0)?),
            id: Id::new(id(16)?),
            secret: bytes[32..].try_into().ok()?,
        })
    }

    /// Returns the text of the key. It is shown once and never stored.
    pub fn text(&self, brand: &str) -> String {
        let bytes =
            [&self.organization.uuid().as_bytes()[..], self.id.uuid().as_bytes(), &self.secret].concat();
        let mut text = Self::prefix(brand);
        for word in bytes.chunks(8) {
            let word = word.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
            encode(word, WORD_DIGITS, &mut text);
        }
        push_checksum(&mut text);
        text
    }

    /// Returns the SHA-256 hash of the secret, which is stored encrypted.
    ///
    /// A slow hash would add nothing: nobody guesses 192 random bits (OWASP ASVS 6.5.2).
    pub fn secret_hash(&self) -> Digest {
        digest(&SHA256, &self.secret)
    }

    /// Returns whether `hash` is the hash of the secret. The comparison takes constant time.
    pub fn matches_hash(&self, hash: &[u8]) -> bool {
        self.secret_hash().as_ref().ct_eq(hash).into()
    }

    /// Returns whether both are the same key with the same secret. The comparison takes constant time.
    pub fn is_same(&self, other: &Self) -> bool {
        let is_same: bool = self.secret.ct_eq(&other.secret).into();
        is_same && self.organization == other.organization && self.id == other.id
    }
}

/// Omits the secret, which must not be logged.
impl std::fmt::Debug for PresentedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PresentedKey").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(organization: u128, id: u128, secret: [u8; SECRET_LENGTH]) -> PresentedKey {
        let [organization, id] = [organization, id].map(Uuid::from_u128);
        PresentedKey::with_secret(Id::new(organization), Id::new(id), secret)
    }

    #[test]
    fn a_key_is_ninety_characters_that_scanners_find() {
        let text = key(1, 2, [3; SECRET_LENGTH]).text("pdr");
        assert_eq!(
            text,
            "sk_pdr_000000000000000000000100000000000000000000020G1xHvdSZDX0G1xHvdSZDX0G1xHvdSZDX2cVua3"
        );
        assert_eq!(text.len(), 90);
        assert!(text["sk_pdr_".len()..].bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }

    proptest! {
        #[test]
        fn a_key_is_read_as_it_was_written_and_no_other_text_is(
            organization: u128, id: u128, secret: [u8; SECRET_LENGTH], at: prop::sample::Index, other in "[0-9A-Za-z_-]",
        ) {
            let made = key(organization, id, secret);
            let text = made.text("pdr");
            let read = PresentedKey::parse(&text, "pdr").unwrap();
            prop_assert!(read.is_same(&made) && read.matches_hash(made.secret_hash().as_ref()));
            prop_assert!(PresentedKey::parse(&text, "abc").is_none());
            let at = at.index(text.len());
            let mut changed = text.clone();
            changed.replace_range(at..=at, &other);
            prop_assert_eq!(PresentedKey::parse(&changed, "pdr").is_some(), changed == text);
            let mut folded = text.clone().into_bytes();
            folded[at] ^= 0x20;
            let folded = String::from_utf8(folded).unwrap();
            prop_assert!(PresentedKey::parse(&folded, "pdr").is_none());
            prop_assert!(PresentedKey::parse(&text[..at], "pdr").is_none());
            let longer = text + &other;
            prop_assert!(PresentedKey::parse(&longer, "pdr").is_none());
        }

        #[test]
        fn any_text_is_read_without_a_panic(text: String) {
            PresentedKey::parse(&text, "pdr");
            PresentedKey::parse(&format!("sk_pdr_{text}"), "pdr");
        }
    }
}
