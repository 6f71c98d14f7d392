//! The live API keys of an organization.

use super::{ApiKey, ApiKeyId, KeyOwner};
use crate::{Failure, OrganizationId, Timestamp, UserId};

/// The live API keys of an organization, with what membership changes need to know of them.
///
/// It is one record, so that a transaction can require that a member's set of keys is unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyRegistry {
    /// The organization.
    pub organization: OrganizationId,
    /// The version; 0 if the registry was never written. Every write increases it by one.
    pub version: u64,
    /// The keys.
    pub entries: Vec<RegistryEntry>,
}

/// A key in a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegistryEntry {
    /// The id of the key.
    pub id: ApiKeyId,
    /// The user who made the key.
    pub creator: UserId,
    /// Whether the key ends with its creator's membership.
    pub owned_by: KeyOwner,
    /// When the key expires, in seconds since 1970, rounded up; `None` if it does not.
    pub expires_at: Option<u32>,
}

impl From<&ApiKey> for RegistryEntry {
    fn from(key: &ApiKey) -> Self {
        let seconds = |at: Timestamp| {
            let rest = i64::from(at.millis() % 1000 != 0);
            u32::try_from(at.seconds() + rest).unwrap_or(u32::MAX)
        };
        Self {
            id: key.id,
            creator: key.created_by,
            owned_by: key.owned_by,
            expires_at: key.expires_at.map(seconds),
        }
    }
}

impl RegistryEntry {
    fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|at| now.seconds() < i64::from(at))
    }
}

impl ApiKeyRegistry {
    /// Returns the registry of an organization that never had a key.
    pub const fn empty(organization: OrganizationId) -> Self {
        Self { organization, version: 0, entries: Vec::new() }
    }

    /// Returns the ids of the keys that a member owns.
    pub fn owned_by(&self, member: UserId) -> impl Iterator<Item = ApiKeyId> {
        let is_owned =
            move |entry: &&RegistryEntry| entry.creator == member && entry.owned_by == KeyOwner::Member;
        self.entries.iter().filter(is_owned).map(|entry| entry.id)
    }

    /// Returns the next version, to be changed.
    #[must_use]
    pub fn next_version(&self) -> Self {
        Self { version: self.version + 1, ..self.clone() }
    }

    /// Adds a key, and drops those that have expired. Fails if there are too many.
    pub fn add(&mut self, key: &ApiKey, now: Timestamp) -> Result<(), Failure> {
        self.entries.retain(|entry| entry.is_live(now));
        let of_creator = self.entries.iter().filter(|entry| entry.creator == key.created_by).count();
        if self.entries.len() >= ApiKey::MAX_OF_ORGANIZATION || of_creator >= ApiKey::MAX_OF_MEMBER {
            return Err(Failure::API_KEY_LIMIT_REACHED);
        }
        self.entries.push(key.into());
        Ok(())
    }

    /// Gives a changed key its new expiry.
    pub fn update(&mut self, key: &ApiKey) {
        for entry in self.entries.iter_mut().filter(|entry| entry.id == key.id) {
            *entry = key.into();
        }
    }

    /// Removes keys.
    pub fn remove(&mut self, ids: &[ApiKeyId]) {
        self.entries.retain(|entry| !ids.contains(&entry.id));
    }
}
