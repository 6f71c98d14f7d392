//! Authenticated callers.

use padron_domain::{Actor, OrganizationId, UserId};

/// An authenticated caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A user with an access token.
    User(User),
}

impl Principal {
    /// Returns the principal as the actor of an event.
    pub fn actor(&self) -> Actor {
        match self {
            Self::User(user) => Actor::User(user.id),
        }
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
