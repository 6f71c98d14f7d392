//! Refresh tokens (RFC 6749 §1.5), which are never stored.
//!
//! A refresh token is `rt_`, 83 base62 digits and 6 more with the CRC-32 of all before them. The 83 digits are 60 bytes: client, grant,
//! generation, and the authentication code of these three under a key that only the grant has. Each use of a token makes one of the next
//! generation.

use padron_domain::{Error, OauthClientId, OauthGrantId};
use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::base62::{CHECKSUM_DIGITS, WORD_DIGITS, decode, encode, push_checksum, without_checksum};

/// The beginning of every refresh token.
const PREFIX: &str = "rt_";
/// The number of bytes of the authentication code: 192 bits.
const MAC_LENGTH: usize = 24;
/// The number of bytes of client, grant, generation and authentication code.
const LENGTH: usize = 16 + 16 + 4 + MAC_LENGTH;
/// The number of bytes that are encoded as whole words. The last four bytes have as many digits as a CRC-32.
const WORDS_LENGTH: usize = LENGTH - 4;

/// The key of a grant, with which its refresh tokens are authenticated.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshSeed([u8; Self::LENGTH]);

/// Omits the key.
impl std::fmt::Debug for RefreshSeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefreshSeed(…)")
    }
}

impl RefreshSeed {
    /// The number of bytes of a key.
    pub const LENGTH: usize = 32;

    /// Creates a random key.
    pub fn generate() -> Result<Self, Error> {
        let mut seed = [0; Self::LENGTH];
        SystemRandom::new().fill(&mut seed).map_err(|_| Error::internal("no random bytes"))?;
        Ok(Self(seed))
    }

    /// Creates a key from its bytes; `None` if they are too many or too few.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Returns the bytes of the key, which are stored encrypted.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the refresh token of a generation of a grant.
    pub fn token(&self, id: OauthGrantId, generation: u32) -> RefreshToken {
        RefreshToken { id, generation, mac: self.mac(id, generation) }
    }

    fn mac(&self, id: OauthGrantId, generation: u32) -> [u8; MAC_LENGTH] {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), &message(id, generation));
        let mut mac = [0; MAC_LENGTH];
        mac.copy_from_slice(&tag.as_ref()[..MAC_LENGTH]);
        mac
    }
}

/// A refresh token as a client presents it. It proves nothing until it is compared with the key of its grant.
#[derive(Clone)]
pub struct RefreshToken {
    /// The id of the grant.
    pub id: OauthGrantId,
    /// The generation of the token. The first one is 1.
    pub generation: u32,
    mac: [u8; MAC_LENGTH],
}

/// Omits the authentication code, which must not be logged.
impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshToken").field("id", &self.id).finish_non_exhaustive()
    }
}

impl RefreshToken {
    /// Returns whether a text claims to be a refresh token.
    pub fn is_one(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// Parses a refresh token; `None` if the text has another form, or its checksum is wrong.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = without_checksum(text)?.strip_prefix(PREFIX)?;
        if digits.len() != WORDS_LENGTH / 8 * WORD_DIGITS + CHECKSUM_DIGITS || !digits.is_ascii() {
            return None;
        }
        let (words, last) = digits.split_at(digits.len() - CHECKSUM_DIGITS);
        let mut bytes = [0; LENGTH];
        for (word, bytes) in words.as_bytes().chunks(WORD_DIGITS).zip(bytes.chunks_mut(8)) {
            bytes.copy_from_slice(&decode(std::str::from_utf8(word).ok()?)?.to_be_bytes());
        }
        let last = u32::try_from(decode(last)?).ok()?;
        bytes[WORDS_LENGTH..].copy_from_slice(&last.to_be_bytes());
        let uuid = |from: usize| Uuid::from_slice(&bytes[from..from + 16]).ok();
        Some(Self {
            id: OauthGrantId { client: OauthClientId::new(uuid(0)?), grant: uuid(16)? },
            generation: u32::from_be_bytes(bytes[32..36].try_into().ok()?),
            mac: bytes[36..].try_into().ok()?,
        })
    }

    /// Returns the text of the token. It is sent to the client and never stored.
    pub fn text(&self) -> String {
        let bytes = [&message(self.id, self.generation)[..], &self.mac].concat();
        let (words, last) = bytes.split_at(WORDS_LENGTH);
        let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        let mut text = PREFIX.to_owned();
        for word in words.chunks(8) {
            encode(number(word), WORD_DIGITS, &mut text);
        }
        encode(number(last), CHECKSUM_DIGITS, &mut text);
        push_checksum(&mut text);
        text
    }

    /// Returns whether the token was made with this key. The comparison takes constant time.
    pub fn is_of(&self, seed: &RefreshSeed) -> bool {
        seed.mac(self.id, self.generation).ct_eq(&self.mac).into()
    }
}

/// Returns what a refresh token authenticates.
fn message(OauthGrantId { client, grant }: OauthGrantId, generation: u32) -> Vec<u8> {
    [&client.uuid().as_bytes()[..], grant.as_bytes(), &generation.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_token_is_read_as_it_was_written_and_no_other_text_is(
            client: u128, grant: u128, generation: u32, seed: [u8; 32], other: [u8; 32], at: prop::sample::Index,
        ) {
            prop_assume!(seed != other);
            let [seed, other] = [seed, other].map(RefreshSeed);
            let client = OauthClientId::new(Uuid::from_u128(client));
            let id = OauthGrantId { client, grant: Uuid::from_u128(grant) };
            let text = seed.token(id, generation).text();
            prop_assert_eq!(text.len(), 92);
            let read = RefreshToken::parse(&text).unwrap();
            prop_assert_eq!((read.id, read.generation), (id, generation));
            prop_assert!(read.is_of(&seed) && !read.is_of(&other));
            let next = RefreshToken { generation: generation.wrapping_add(1), ..read };
            prop_assert!(!next.is_of(&seed));
            let at = at.index(text.len());
            let mut changed = text.clone().into_bytes();
            changed[at] ^= 1;
            prop_assert!(RefreshToken::parse(&String::from_utf8(changed).unwrap()).is_none());
            prop_assert!(RefreshToken::parse(&text[..at]).is_none());
        }

        #[test]
        fn any_text_is_read_without_a_panic(text: String) {
            RefreshToken::parse(&text);
            RefreshToken::parse(&format!("rt_{text}"));
        }
    }
}
