//! Authenticated callers.

use padron_domain::{Actor, ApiKey, ApiKeyId, OauthClientId, OrganizationId, Role, Scopes, UserId};
use uuid::Uuid;

use crate::{api_key::PresentedKey, oauth_token::OauthToken};

/// A credential of a request.
#[derive(Clone, Debug)]
pub enum Credential {
    /// The user whom a verified access token identifies.
    User(User),
    /// An access token of an OAuth app. It is verified, but may have been revoked, which the database knows.
    Oauth(Box<OauthToken>),
    /// An API key that is not yet verified: its secret is compared with what the database has.
    Key(PresentedKey),
}

impl Credential {
    /// Returns the only organization that the credential is valid for; `None` if it is not limited to one.
    pub fn organization(&self) -> Option<OrganizationId> {
        match self {
            Self::User(user) => user.organization,
            Self::Oauth(token) => Some(token.organization),
            Self::Key(key) => Some(key.organization),
        }
    }

    /// Returns the principal, if the credential is valid, for the ids of requests that may be sent again. Two apps of a user differ.
    pub fn principal_text(&self) -> String {
        match self {
            Self::User(user) => Actor::User(user.id).to_string(),
            // With its scopes: what a token with more of them was answered is not for one with fewer.
            Self::Oauth(token) => match token.user {
                Some(user) => format!("{user} via {} {}", token.client, token.scopes),
                None => format!("{} {}", Actor::App(token.client), token.scopes),
            },
            Self::Key(key) => Actor::Key(key.id).to_string(),
        }
    }
}

/// An authenticated caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A user with an access token.
    User(User),
    /// An OAuth app that acts for a user.
    Delegate(Delegate),
    /// An OAuth app that acts for itself.
    App(App),
    /// A machine with an API key.
    Key(Key),
}

impl Principal {
    /// Returns the principal as the actor of an event.
    pub fn actor(&self) -> Actor {
        match self {
            Self::User(user) => Actor::User(user.id),
            Self::Delegate(delegate) => Actor::User(delegate.user),
            Self::App(app) => Actor::App(app.client),
            Self::Key(key) => Actor::Key(key.id),
        }
    }

    /// Returns the OAuth app through which a user acts; `None` if nobody acts through one.
    pub fn via(&self) -> Option<OauthClientId> {
        match self {
            Self::Delegate(delegate) => Some(delegate.client),
            Self::User(_) | Self::App(_) | Self::Key(_) => None,
        }
    }

    /// Returns the scopes that limit the principal; `None` if only the role does.
    pub fn scopes(&self) -> Option<Scopes> {
        match self {
            Self::User(_) => None,
            Self::Delegate(Delegate { scopes, .. })
            | Self::App(App { scopes, .. })
            | Self::Key(Key { scopes, .. }) => Some(*scopes),
        }
    }
}

/// An OAuth app that acts for a user, as far as its scopes and the user's role in the organization both allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delegate {
    /// The user.
    pub user: UserId,
    /// The app.
    pub client: OauthClientId,
    /// The grant of the app.
    pub grant: Uuid,
    /// The organization that the app acts in.
    pub organization: OrganizationId,
    /// What the token may be used for: its scopes, as far as the app still has them.
    pub scopes: Scopes,
    /// When the token was issued, in seconds since 1970.
    pub issued_at: i64,
}

/// An OAuth app that acts for itself, as an admin of its organization within its scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// The app.
    pub client: OauthClientId,
    /// The grant of the app.
    pub grant: Uuid,
    /// The organization that the app acts in.
    pub organization: OrganizationId,
    /// What the token may be used for: its scopes, as far as the app still has them.
    pub scopes: Scopes,
    /// When the token was issued, in seconds since 1970.
    pub issued_at: i64,
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
