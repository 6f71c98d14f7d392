//! What each request with a token of an app is checked against.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{OauthApp, OauthClientId};
use crate::{Scopes, Timestamp};

/// The record that decides whether the access tokens of an app still work. It is read with each request that has one, so it is small.
///
/// A token is a JWT that nobody can take back. It works while its app has this record, and the record does not exclude it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OauthGate {
    /// The app.
    pub client: OauthClientId,
    /// The version of the record. Every write increases it by one.
    pub version: u64,
    /// Tokens that were issued at this time or earlier do not work, in seconds since 1970.
    #[serde(default)]
    pub not_before: i64,
    /// The scopes of the app now. A token has none beyond them.
    #[serde(default)]
    pub scopes: Scopes,
    /// When the record of a dynamic client is deleted, if the client gets no grant before; `None` for the app of an organization.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// The grants that were revoked, while access tokens of them may not have expired.
    #[serde(skip)]
    pub revoked: Vec<RevokedGrant>,
}

/// A grant that was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevokedGrant {
    /// The grant.
    pub grant: Uuid,
    /// When its last access token has expired, in seconds since 1970.
    pub until: u32,
}

impl OauthGate {
    /// The maximum number of revoked grants in the record.
    pub const MAX_REVOKED: usize = 128;
    /// By how many seconds the clocks of the functions may differ.
    const CLOCK_DIFFERENCE: i64 = 2;

    /// Creates the first version of the record of an app.
    pub fn new(app: &OauthApp) -> Self {
        Self {
            client: app.id,
            version: 1,
            not_before: 0,
            scopes: app.scopes,
            expires_at: app.expires_at,
            revoked: Vec::new(),
        }
    }

    /// Returns whether a token does not work any more, given its grant and when it was issued, in seconds since 1970.
    pub fn excludes(&self, grant: Uuid, issued_at: i64) -> bool {
        issued_at <= self.not_before || self.revoked.iter().any(|revoked| revoked.grant == grant)
    }

    /// Returns the next version, with the scopes and the expiry of an app.
    #[must_use]
    pub fn next_version(&self, app: &OauthApp) -> Self {
        Self { scopes: app.scopes, expires_at: app.expires_at, version: self.version + 1, ..self.clone() }
    }

    /// Returns the next version, which excludes the tokens of a grant. The last of them expires `lifetime` seconds from now.
    ///
    /// If the list is full, all tokens of the app are excluded instead. The other grants then refresh theirs once.
    #[must_use]
    pub fn revoking(&self, grant: Uuid, lifetime: u32, now: Timestamp) -> Self {
        let now = now.seconds();
        let mut next = Self { version: self.version + 1, ..self.clone() };
        next.revoked.retain(|revoked| i64::from(revoked.until) > now && revoked.grant != grant);
        if next.revoked.len() >= Self::MAX_REVOKED {
            // Never earlier than before: what it excluded is not listed any more.
            next.not_before = (now + Self::CLOCK_DIFFERENCE).max(next.not_before + 1);
            next.revoked.clear();
        }
        let until = u32::try_from(now).unwrap_or(u32::MAX).saturating_add(lifetime);
        next.revoked.push(RevokedGrant { grant, until });
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_list_of_revoked_grants_ends_all_tokens_and_forgets_none() {
        let now = Timestamp::parse("2026-01-15T12:00:00Z").unwrap();
        let mut gate = OauthGate {
            client: OauthClientId::at(now),
            version: 1,
            not_before: 0,
            scopes: Scopes::NONE,
            expires_at: None,
            revoked: Vec::new(),
        };
        let grant = |number: usize| Uuid::from_u128(number as u128);
        let issued_at = now.seconds() - 10;
        for number in 0..OauthGate::MAX_REVOKED {
            gate = gate.revoking(grant(number), 3600, now);
            assert!(gate.excludes(grant(number), issued_at) && !gate.excludes(grant(number + 1), issued_at));
        }
        gate = gate.revoking(grant(500), 3600, now);
        for number in [0, 127, 500, 501] {
            assert!(gate.excludes(grant(number), issued_at), "{number}");
        }
        assert_eq!(gate.revoked.len(), 1);
        assert!(
            gate.excludes(grant(501), now.seconds() + 2) && !gate.excludes(grant(501), now.seconds() + 3)
        );
        assert!(gate.excludes(grant(500), now.seconds() + 3));
        let later = now.plus(std::time::Duration::from_secs(3601));
        assert_eq!(gate.revoking(grant(502), 3600, later).revoked.len(), 1);
    }
}
