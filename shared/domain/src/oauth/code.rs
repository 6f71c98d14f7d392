//! Authorization codes (RFC 6749 §4.1).

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::OauthClientId;
use crate::{OrganizationId, Scopes, Timestamp, UserId};

/// What a user has allowed, until the app exchanges the code for tokens. The code itself is not stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthorizationCode {
    /// The SHA-256 hash of the code, in hexadecimal digits.
    pub hash: String,
    /// The app.
    pub client: OauthClientId,
    /// The organization that the grant is for.
    pub organization: OrganizationId,
    /// The user who has allowed it.
    pub user: UserId,
    /// The scopes that the user has allowed.
    #[serde(default)]
    pub scopes: Scopes,
    /// The redirect URI, as the authorization request has it; `None` if it has none.
    #[serde(default)]
    pub redirect_uri: Option<String>,
    /// The challenge of PKCE (RFC 7636); `None` if there is none.
    #[serde(default)]
    pub challenge: Option<String>,
    /// The URL that the tokens are valid for.
    pub audience: String,
    /// When the code expires.
    pub expires_at: Timestamp,
    /// The grant that the code was exchanged for; `None` if it was not yet.
    #[serde(default)]
    pub grant: Option<Uuid>,
}

impl AuthorizationCode {
    /// The lifetime of a code.
    pub const LIFETIME: Duration = Duration::from_secs(60);

    /// Returns when the user has allowed what the code stands for.
    pub fn created_at(&self) -> Timestamp {
        self.expires_at.minus(Self::LIFETIME)
    }

    /// Returns whether the code can be exchanged.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.grant.is_none() && now < self.expires_at
    }
}

/// A user who is signed in on the pages of the authorization server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// The SHA-256 hash of the session's cookie, in hexadecimal digits.
    pub hash: String,
    /// The user.
    pub user: UserId,
    /// The verified e-mail address of the user; `None` if there is none.
    #[serde(default)]
    pub email: Option<String>,
    /// The name of the user; `None` if there is none.
    #[serde(default)]
    pub name: Option<String>,
    /// The only organization that the user may act in; `None` if the issuer does not limit it.
    #[serde(default)]
    pub organization: Option<OrganizationId>,
    /// When the session ends.
    pub expires_at: Timestamp,
}

/// Omits e-mail address and name, which must not be logged.
impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Session {
    /// The lifetime of a session.
    pub const LIFETIME: Duration = Duration::from_secs(8 * 60 * 60);

    /// Returns whether the user may act in an organization, as far as the issuer limits it.
    pub fn may_act_in(&self, organization: OrganizationId) -> bool {
        self.organization.is_none_or(|only| only == organization)
    }

    /// Returns the name of the user, or their e-mail address, or their id.
    pub fn display_name(&self) -> String {
        self.name.clone().or_else(|| self.email.clone()).unwrap_or_else(|| self.user.to_string())
    }
}
