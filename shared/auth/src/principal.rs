//! Who is calling, once it is proven.

use padron_domain::{Actor, OrganizationId, UserId};

/// A proven caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A person with an access token.
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

/// A person, as their issuer vouches for them.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their e-mail, only if the issuer says that it is verified.
    pub email: Option<String>,
    /// Their name.
    pub name: Option<String>,
    /// The one organization that their token is for, if it is for one alone.
    pub organization: Option<OrganizationId>,
    /// When the issuer vouched for this, in seconds since 1970 (`iat`), if the token says so.
    pub issued_at: Option<i64>,
}

/// Without e-mail and name, which have no place in a log.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("id", &self.id).finish_non_exhaustive()
    }
}
