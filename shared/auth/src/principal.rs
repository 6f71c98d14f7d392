//! Authenticated callers.

use padron_domain::{Actor, ApiKey, ApiKeyId, OrganizationId, Role, Scopes, UserId};

use crate::api_key::PresentedKey;

/// A credential of a request.
#[derive(Clone, Debug)]
pub enum Credential {
    /// The user whom a verified access token identifies.
    User(User),
    /// An API key that is not yet verified: its secret is compared with what the database has.
    Key(PresentedKey),
}

impl Credential {
    /// Returns the only organization that the credential is valid for; `None` if it is not limited to one.
    pub fn organization(&self) -> Option<OrganizationId> {
        match self {
            Self::User(user) => user.organization,
            Self::Key(key) => Some(key.organization),
        }
    }

    /// Returns who acts with the credential, if it is valid.
    pub fn actor(&self) -> Actor {
        match self {
            Self::User(user) => Actor::User(user.id),
            Self::Key(key) => Actor::Key(key.id),
        }
    }
}

/// An authenticated caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A user with an access token.
    User(User),
    /// A machine with an API key.
    Key(Key),
}

impl Principal {
    /// Returns the principal as the actor of an event.
    pub fn actor(&self) -> Actor {
        match self {
            Self::User(user) => Actor::User(user.id),
            Self::Key(key) => Actor::Key(key.id),
        }
    }
}

/// A machine with an API key that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The id of the key.
    pub id: ApiKeyId,
    /// The organization that the key acts in.
    pub organization: OrganizationId,
    /// The role that the key acts in.
    pub role: Role,
    /// What the key may be used for.
    pub scopes: Scopes,
    /// The user who made the key.
    pub creator: UserId,
}

impl From<&ApiKey> for Key {
    fn from(key: &ApiKey) -> Self {
        let ApiKey { id, organization, role, scopes, created_by, .. } = *key;
        Self { id, organization, role, scopes, creator: created_by }
    }
}

/// A user, according to the claims of their issuer.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The id of the user.
    pub id: UserId,
    /// The e-mail address of the user; `None` unless the issuer says that it is verified.
    pub email: Option<String>,
    /// The name of the user; `None` if the token has none.
    pub name: Option<String>,
    /// The only organization that the token is valid for; `None` if it is not limited to one.
    pub organization: Option<OrganizationId>,
    /// When the issuer issued the token (`iat`), in seconds since 1970; `None` if the token does not say.
    pub issued_at: Option<i64>,
}

/// Omits e-mail address and name, which must not be logged.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("id", &self.id).finish_non_exhaustive()
    }
}
