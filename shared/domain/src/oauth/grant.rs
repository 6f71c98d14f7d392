//! What an app was granted.

use std::{fmt, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use super::{OauthClientId, app::parse_hex};
use crate::{Id, Membership, OrganizationId, Scopes, Timestamp, UserId};

/// The id of a grant, with that of its app. Its text, `tok_` and 64 hexadecimal digits, is the `tokenId` of Timbrix's API.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OauthGrantId {
    /// The app.
    pub client: OauthClientId,
    /// The grant of the app: a UUIDv7, so that grants sort by the time of their creation.
    pub grant: Uuid,
}

/// The beginning of the text of a grant's id.
const PREFIX: &str = "tok_";

impl OauthGrantId {
    /// The regular expression of a grant's id.
    pub const PATTERN: &'static str = "^tok_[0-9a-f]{64}$";

    /// Creates a new id of an instant.
    pub fn at(client: OauthClientId, instant: Timestamp) -> Self {
        Self { client, grant: Id::<OauthGrant>::at(instant).uuid() }
    }

    /// Returns whether a member can have given a grant, which is so unless they have joined after it. Whoever has left and joins again has
    /// another membership, and has granted nothing with it.
    pub fn was_granted_by(grant: Uuid, membership: &Membership) -> bool {
        let granted_at = Id::<OauthGrant>::new(grant).timestamp();
        granted_at.is_some_and(|granted_at| membership.existed_at(granted_at))
    }

    /// Parses the text of an id; `None` if it has another form.
    pub fn parse(text: &str) -> Option<Self> {
        let (client, grant) = text.strip_prefix(PREFIX)?.split_at_checked(32)?;
        Some(Self { client: OauthClientId::new(parse_hex(client)?), grant: parse_hex(grant)? })
    }
}

impl fmt::Display for OauthGrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}{}", self.client.uuid().simple(), self.grant.simple())
    }
}

impl fmt::Debug for OauthGrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for OauthGrantId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OauthGrantId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("not the id of a grant"))
    }
}

/// What an app was granted: by a user, to act for them, or to act for itself (client credentials, RFC 6749 §4.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OauthGrant {
    /// The app.
    pub client: OauthClientId,
    /// The id of the grant among those of the app.
    pub grant: Uuid,
    /// The version of the grant. Every write increases it by one.
    pub version: u64,
    /// The organization that the grant is for.
    pub organization: OrganizationId,
    /// The user for whom the app acts; `None` if it acts for itself.
    #[serde(default)]
    pub user: Option<UserId>,
    /// The scopes that were granted.
    #[serde(default)]
    pub scopes: Scopes,
    /// When the grant was created.
    pub created_at: Timestamp,
    /// When a token was last issued for it.
    pub last_used_at: Timestamp,
    /// When the grant ends, if it is not used before.
    pub expires_at: Timestamp,
    /// The URL that the tokens are valid for; empty if the app acts for itself, which asks for it each time.
    #[serde(default)]
    pub audience: String,
    /// What is known of the refresh tokens; `None` if there are none.
    #[serde(default)]
    pub refresh: Option<RefreshState>,
}

/// What is known of the refresh tokens of a grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefreshState {
    /// The generation of the token that can be used. Each use makes the next one; the first one is 1.
    pub generation: u32,
    /// When that token was issued.
    pub issued_at: Timestamp,
    /// The scopes of the access token that was issued with it.
    #[serde(default)]
    pub scopes: Scopes,
    /// The URL that this access token is valid for.
    pub audience: String,
}

/// Why a grant was revoked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantRevocationReason {
    /// Someone has revoked it.
    #[default]
    Revoked,
    /// An authorization code or a refresh token was used that had been used before. Someone else may have it.
    Reuse,
}

impl GrantRevocationReason {
    /// Both reasons.
    pub const ALL: [Self; 2] = [Self::Revoked, Self::Reuse];
}

impl OauthGrant {
    /// The time after which a grant ends if it is not used.
    pub const IDLE_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);
    /// The time after which a grant ends in any case.
    pub const MAX_LIFETIME: Duration = Duration::from_secs(180 * 24 * 60 * 60);

    /// Returns when a grant ends that was created at one instant and is used at another.
    pub fn end_after(created_at: Timestamp, used_at: Timestamp) -> Timestamp {
        used_at.plus(Self::IDLE_LIFETIME).min(created_at.plus(Self::MAX_LIFETIME))
    }

    /// Returns the grant one version later, once its refresh token was used: with one of the next generation.
    #[must_use]
    pub fn refreshed(&self, scopes: Scopes, audience: &str, now: Timestamp) -> Self {
        let generation = self.refresh.as_ref().map_or(1, |state| state.generation.saturating_add(1));
        Self {
            version: self.version + 1,
            last_used_at: now,
            expires_at: Self::end_after(self.created_at, now),
            refresh: Some(RefreshState { generation, issued_at: now, scopes, audience: audience.to_owned() }),
            ..self.clone()
        }
    }

    /// Returns the id.
    pub fn id(&self) -> OauthGrantId {
        OauthGrantId { client: self.client, grant: self.grant }
    }

    /// Returns whether the grant has not ended.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_grant_names_its_app() {
        let now = Timestamp::parse("2026-01-15T12:00:00Z").unwrap();
        let id = OauthGrantId::at(OauthClientId::at(now), now);
        let text = id.to_string();
        assert_eq!(OauthGrantId::parse(&text), Some(id));
        for other in ["", "tok_", &text[4..], &text[..67], "tok_ñññññññññññññññññññññññññññññññññ"]
        {
            assert_eq!(OauthGrantId::parse(other), None, "{other}");
        }
    }
}
