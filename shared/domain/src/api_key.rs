//! API keys: credentials of an organization for machines.

mod failure;
mod rate_limit;
mod registry;
mod rules;

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::{Actor, Id, Metadata, OrganizationId, Role, Scope, Scopes, Timestamp, UserId};

pub use rate_limit::RateLimit;
pub use registry::{ApiKeyRegistry, RegistryEntry};
pub use rules::{ApiKeySettings, CheckedSettings, MAX_IP_RANGES, expiry_violation};

/// The id of an API key: a UUIDv7 (RFC 9562 §5.7), so that keys sort by the time of their creation.
pub type ApiKeyId = Id<ApiKey>;

/// An API key, without its secret.
///
/// A key never has more rights than its creator has now, unless the organization owns it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// The id of the key.
    pub id: ApiKeyId,
    /// The organization that the key acts in.
    pub organization: OrganizationId,
    /// The version of the key. Every write increases it by one; recording the last use does not.
    pub version: u64,
    /// The beginning of the key's text, which names this installation.
    pub prefix: String,
    /// The last four characters of the key's text.
    pub hint: String,
    /// The name of the key.
    pub name: String,
    /// The description of the key; `None` if there is none.
    #[serde(default)]
    pub description: Option<String>,
    /// What the key may be used for. None are left if the key had only scopes of admins, and its creator is no admin any more.
    #[serde(default)]
    pub scopes: Scopes,
    /// The role that the key acts in: member or admin.
    pub role: Role,
    /// Whether the key ends with its creator's membership.
    pub owned_by: KeyOwner,
    /// The user who created or last rotated the key.
    pub created_by: UserId,
    /// When the key was created.
    pub created_at: Timestamp,
    /// When the key was last changed.
    pub updated_at: Timestamp,
    /// When the key expires; `None` if it does not.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// The addresses from which the key may be used; none of them means all.
    #[serde(default)]
    pub ip_ranges: Vec<IpNet>,
    /// The limit of the key's requests; `None` if there is none.
    #[serde(default)]
    pub rate_limit: Option<RateLimit>,
    /// The custom data of the key.
    #[serde(default)]
    pub metadata: Metadata,
    /// The key that this one replaces.
    #[serde(default)]
    pub supersedes: Option<ApiKeyId>,
    /// The key that replaces this one.
    #[serde(default)]
    pub superseded_by: Option<ApiKeyId>,
    /// The revocation of the key; `None` if it was not revoked.
    #[serde(default)]
    pub revocation: Option<Revocation>,
}

/// The owner of an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyOwner {
    /// The member who made the key. The key is revoked when they are removed, and loses rights when they do.
    Member,
    /// The organization. The key outlives its creator. Only the owner of the organization makes such keys.
    Organization,
}

impl KeyOwner {
    /// Both owners.
    pub const ALL: [Self; 2] = [Self::Member, Self::Organization];

    /// Returns the name of the owner.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Organization => "organization",
        }
    }
}

/// The revocation of an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// When the key was revoked.
    pub at: Timestamp,
    /// Who revoked the key.
    pub by: Actor,
    /// Why the key was revoked.
    pub reason: RevocationReason,
}

/// The reason of a revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationReason {
    /// The key is not needed any more.
    NoLongerUsed,
    /// Someone else may know the key.
    Compromised,
    /// Another key replaces it.
    Superseded,
    /// Another reason, or none was given.
    Other,
    /// The key was found in a public place and reported.
    Leaked,
    /// The member who made the key was removed from the organization.
    MemberRemoved,
}

impl RevocationReason {
    /// The reasons that a caller may give.
    pub const OF_CALLERS: [Self; 4] = [Self::NoLongerUsed, Self::Compromised, Self::Superseded, Self::Other];
    /// All reasons.
    pub const ALL: [Self; 6] = [
        Self::NoLongerUsed,
        Self::Compromised,
        Self::Superseded,
        Self::Other,
        Self::Leaked,
        Self::MemberRemoved,
    ];

    /// Returns the name of the reason.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoLongerUsed => "no_longer_used",
            Self::Compromised => "compromised",
            Self::Superseded => "superseded",
            Self::Other => "other",
            Self::Leaked => "leaked",
            Self::MemberRemoved => "member_removed",
        }
    }
}

/// The status of an API key at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiKeyStatus {
    /// The key works.
    Active,
    /// The key has expired.
    Expired,
    /// The key was revoked.
    Revoked,
    /// Another key replaces it. It works until it expires.
    Superseded,
}

impl ApiKeyStatus {
    /// All statuses.
    pub const ALL: [Self; 4] = [Self::Active, Self::Expired, Self::Revoked, Self::Superseded];

    /// Returns the name of the status.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Superseded => "superseded",
        }
    }

    /// Returns the status with this name; `None` if there is none.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

impl ApiKey {
    /// The scopes of a key that was created without any: those of Timbrix.
    pub const DEFAULT_SCOPES: Scopes = Scopes::of(&[
        Scope::ReadUser,
        Scope::ReadOrganization,
        Scope::ReadMembers,
        Scope::ReadCustomers,
        Scope::WriteCustomers,
    ]);

    /// Creates a key with the default settings. Of its text, the record has only the beginning, which ends with the last `_`, and the last four
    /// characters.
    pub fn new(
        id: ApiKeyId,
        organization: OrganizationId,
        created_by: UserId,
        text: &str,
        now: Timestamp,
    ) -> Self {
        let prefix = text.rfind('_').map_or("", |end| &text[..=end]);
        let hint = text.get(text.len().saturating_sub(4)..).unwrap_or_default();
        Self {
            id,
            organization,
            version: 1,
            prefix: prefix.into(),
            hint: hint.into(),
            name: String::new(),
            description: None,
            scopes: Self::DEFAULT_SCOPES,
            role: Role::Member,
            owned_by: KeyOwner::Member,
            created_by,
            created_at: now,
            updated_at: now,
            expires_at: None,
            ip_ranges: Vec::new(),
            rate_limit: Some(RateLimit::DEFAULT),
            metadata: Metadata::new(),
            supersedes: None,
            superseded_by: None,
            revocation: None,
        }
    }

    /// Returns whether a key can have a scope.
    ///
    /// A key cannot make or change credentials, and cannot act as an owner.
    pub const fn is_grantable(scope: Scope) -> bool {
        !matches!(
            scope,
            Scope::WriteApiKeys | Scope::WriteOauthApps | Scope::AdminOrganization | Scope::AdminAll
        )
    }

    /// Returns whether the key works at an instant.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.revocation.is_none() && self.expires_at.is_none_or(|at| now < at)
    }

    /// Returns the status at an instant. A key expires without a write.
    pub fn status(&self, now: Timestamp) -> ApiKeyStatus {
        if self.revocation.is_some() {
            ApiKeyStatus::Revoked
        } else if self.superseded_by.is_some() {
            ApiKeyStatus::Superseded
        } else if self.is_active(now) {
            ApiKeyStatus::Active
        } else {
            ApiKeyStatus::Expired
        }
    }

    /// Returns when the key stopped working, or will stop; `None` if it works until it is revoked.
    pub fn ends_at(&self) -> Option<Timestamp> {
        let revoked_at = self.revocation.map(|revocation| revocation.at);
        [revoked_at, self.expires_at].into_iter().flatten().min()
    }

    /// Returns whether the key may be used from an address.
    pub fn allows_address(&self, address: Option<IpAddr>) -> bool {
        // An IPv4 address that is mapped to IPv6 is that IPv4 address (RFC 4291 §2.5.5.2).
        let contains = |address: IpAddr| {
            let address = address.to_canonical();
            self.ip_ranges.iter().any(|range| range.contains(&address))
        };
        self.ip_ranges.is_empty() || address.is_some_and(contains)
    }

    /// Returns the time of a change that is made now.
    ///
    /// It is later than the time of the last change, even if the clocks of the writers differ.
    pub fn next_change(&self, now: Timestamp) -> Timestamp {
        self.updated_at.next().max(now)
    }

    /// Returns the key one version later, changed at `at`.
    #[must_use]
    fn changed(&self, at: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: at, ..self.clone() }
    }

    /// Returns the key as it is once it is revoked.
    #[must_use]
    pub fn revoked(&self, by: Actor, reason: RevocationReason, now: Timestamp) -> Self {
        let at = self.next_change(now);
        Self { revocation: Some(Revocation { at, by, reason }), ..self.changed(at) }
    }

    /// Returns whether the key has more rights than a role.
    pub fn exceeds(&self, role: Role) -> bool {
        self.role > role || self.scopes != self.scopes.within(role)
    }

    /// Returns the key as it is once its creator has this role: with no more rights than theirs.
    #[must_use]
    pub fn limited_to(&self, role: Role, now: Timestamp) -> Self {
        let limit = self.role.min(role);
        Self { role: limit, scopes: self.scopes.within(role), ..self.changed(self.next_change(now)) }
    }

    /// Returns the key as it is once another one replaces it: it expires after `overlap`, if it does not expire before.
    #[must_use]
    pub fn superseded(&self, by: ApiKeyId, overlap: std::time::Duration, now: Timestamp) -> Self {
        let at = self.next_change(now);
        let end = now.plus(overlap);
        let expires_at = self.expires_at.map_or(end, |expiry| expiry.min(end));
        Self { superseded_by: Some(by), expires_at: Some(expires_at), ..self.changed(at) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_the_time_of_their_creation() {
        let instants = ["2026-01-15T12:00:00.000Z", "2026-01-15T12:00:00.001Z"];
        let [now, next] = instants.map(|text| ApiKeyId::at(Timestamp::parse(text).unwrap()));
        assert!(now.to_string() < next.to_string());
        assert_eq!(now.uuid().get_version_num(), 7);
    }
}
