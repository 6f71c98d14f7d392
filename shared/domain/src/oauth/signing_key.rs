//! The keys that sign access tokens, and when each of them does.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The public part of a key that signs access tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SigningKey {
    /// The id of the key (RFC 7517 §4.5).
    pub kid: String,
    /// The modulus of the RSA key, in base64url (RFC 7518 §6.3.1.1).
    pub modulus: String,
    /// The exponent of the RSA key, in base64url (RFC 7518 §6.3.1.2).
    pub exponent: String,
    /// When the key begins to sign. It ends when the next one begins.
    pub signs_from: Timestamp,
}

/// The keys that sign access tokens: those of tokens that have not expired, the one that signs, and the next one.
///
/// The next key is public long before it signs, so that whoever has fetched the keys knows it, and takes over at once when the one that
/// signs is withdrawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SigningKeySet {
    /// The version; 0 if the set was never written. Every write increases it by one.
    pub version: u64,
    /// The keys, in the order in which they sign.
    #[serde(default)]
    pub keys: Vec<SigningKey>,
}

impl SigningKeySet {
    /// The time for which a key signs: 60 days.
    pub const SIGNING_TIME: Duration = Duration::from_secs(60 * 24 * 60 * 60);
    /// The shortest time for which a key is public before it signs, unless there was none to sign.
    pub const PUBLIC_BEFORE: Duration = Duration::from_secs(24 * 60 * 60);
    /// The time for which a key is public after another one has begun to sign: the life of a token, and a day.
    pub const PUBLIC_AFTER: Duration = Duration::from_secs(25 * 60 * 60);

    /// Returns the key that signs; `None` if there is none.
    pub fn signer(&self, now: Timestamp) -> Option<&SigningKey> {
        self.keys.iter().rfind(|key| key.signs_from <= now)
    }

    /// Returns when a key that is missing is to begin to sign; `None` if none is missing.
    pub fn missing_from(&self, now: Timestamp) -> Option<Timestamp> {
        let Some(signer) = self.signer(now) else { return Some(now) };
        let has_next = self.keys.iter().any(|key| key.signs_from > now);
        let due = signer.signs_from.plus(Self::SIGNING_TIME).max(now.plus(Self::PUBLIC_BEFORE));
        (!has_next).then_some(due)
    }

    /// Returns the keys whose tokens have all expired.
    pub fn retired(&self, now: Timestamp) -> Vec<SigningKey> {
        let is_retired = |index: usize| {
            self.keys.get(index + 1).is_some_and(|next| next.signs_from.plus(Self::PUBLIC_AFTER) <= now)
        };
        (0..self.keys.len())
            .filter(|index| is_retired(*index))
            .map(|index| self.keys[index].clone())
            .collect()
    }

    /// Returns the next version, to be changed.
    #[must_use]
    pub fn next_version(&self) -> Self {
        Self { version: self.version + 1, ..self.clone() }
    }

    /// Adds a key.
    pub fn add(&mut self, key: SigningKey) {
        self.keys.push(key);
        self.keys.sort_by_key(|key| key.signs_from);
    }

    /// Removes a key.
    pub fn remove(&mut self, kid: &str) {
        self.keys.retain(|key| key.kid != kid);
    }

    /// Removes a key that must not be trusted any more. If it was the one that signs, the next one takes over. Returns whether the set had
    /// the key.
    pub fn withdraw(&mut self, kid: &str, now: Timestamp) -> bool {
        let signed_since =
            self.signer(now).filter(|signer| signer.kid == kid).map(|signer| signer.signs_from);
        let before = self.keys.len();
        self.remove(kid);
        // Since the same instant, which is in the past whatever the clock of the operator says.
        if let Some(since) = signed_since
            && let Some(next) = self.keys.iter_mut().find(|key| key.signs_from > since)
        {
            next.signs_from = since;
        }
        self.keys.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kid: &str, signs_from: Timestamp) -> SigningKey {
        SigningKey { kid: kid.into(), modulus: String::new(), exponent: String::new(), signs_from }
    }

    #[test]
    fn a_key_is_public_a_day_before_it_signs_and_a_day_after() {
        let start = Timestamp::parse("2026-01-15T12:00:00Z").unwrap();
        let mut set = SigningKeySet::default();
        let mut number = 0;
        let mut signers = Vec::new();
        // Two years, hour by hour, as the job runs.
        for hour in 0..2 * 365 * 24 {
            let now = start.plus(Duration::from_secs(hour * 3600));
            for retired in set.retired(now) {
                set.remove(&retired.kid);
            }
            while let Some(signs_from) = set.missing_from(now) {
                number += 1;
                set.add(key(&number.to_string(), signs_from));
                assert!(signs_from == now || signs_from >= now.plus(SigningKeySet::PUBLIC_BEFORE));
            }
            let signer = set.signer(now).unwrap().kid.clone();
            if signers.last() != Some(&signer) {
                signers.push(signer);
            }
            assert!((2..=3).contains(&set.keys.len()), "{}", set.keys.len());
        }
        assert_eq!(signers.len(), 13);
        assert!(signers.is_sorted_by_key(|kid| kid.parse::<u32>().unwrap()));
    }

    #[test]
    fn the_next_key_takes_over_from_one_that_is_withdrawn() {
        let now = Timestamp::parse("2026-01-15T12:00:00Z").unwrap();
        let mut set = SigningKeySet::default();
        set.add(key("next", now.plus(SigningKeySet::SIGNING_TIME)));
        set.add(key("old", now.minus(SigningKeySet::SIGNING_TIME)));
        set.add(key("signer", now));
        assert!(!set.withdraw("another", now));
        assert!(set.withdraw("signer", now));
        assert_eq!(set.signer(now).unwrap().kid, "next");
        assert!(set.withdraw("next", now));
        assert_eq!(set.signer(now).unwrap().kid, "old");
        assert!(set.withdraw("old", now) && set.signer(now).is_none());
        assert_eq!(set.missing_from(now), Some(now));
    }
}
