//! Members of an organization, their roles, and the profiles of users.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{ApiKey, Failure, FailureClass, OauthClientId, OrganizationId, Timestamp, UserId};

/// The role of a member. Each role includes the permissions of the roles before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A member reads the organization and works with its customers.
    Member,
    /// An admin manages members and settings.
    Admin,
    /// The owner of the organization. Each organization has exactly one.
    Owner,
}

impl Role {
    /// All roles, in ascending order.
    pub const ALL: [Self; 3] = [Self::Member, Self::Admin, Self::Owner];

    /// Returns the name of the role.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// Returns the role with this name; `None` if there is none.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The profile of a user, taken from their tokens.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// The id of the user.
    pub user: UserId,
    /// The verified e-mail address of the user; `None` if there is none.
    pub email: Option<String>,
    /// The name of the user; `None` if there is none.
    pub name: Option<String>,
    /// When the issuer issued the token with this data, in seconds since 1970; `None` if the token does not say. Data from
    /// earlier tokens is out of date.
    #[serde(default)]
    pub issued_at: Option<i64>,
    /// Whether all memberships of the user are known to have the same e-mail address and name.
    #[serde(default)]
    pub settled: bool,
    /// The number of times that the user has joined an organization. What was read of their memberships before a join is out of
    /// date after it.
    #[serde(default)]
    pub joins: u64,
    /// When the user last joined an organization; `None` if this is not known.
    #[serde(default)]
    pub joined_at: Option<Timestamp>,
}

impl Profile {
    /// The time for which a list of a user's organizations may lack the one that they joined last.
    ///
    /// This is a generous limit. The index is eventually consistent, and usually lags behind by less than a second.
    const JOIN_INDEX_LAG: Duration = Duration::from_secs(60);

    /// Returns whether the user joined another organization than that of `than` so recently that a list of their organizations
    /// may lack it.
    pub fn joined_another_recently(&self, than: &Membership, now: Timestamp) -> bool {
        self.joined_at.is_some_and(|at| at != than.joined_at && now < at.plus(Self::JOIN_INDEX_LAG))
    }
}

/// Omits e-mail address and name, which must not be logged.
impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile").field("user", &self.user).finish_non_exhaustive()
    }
}

/// The membership of a user in an organization. E-mail address and name are copies of verified claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Membership {
    /// The id of the organization.
    pub organization: OrganizationId,
    /// The id of the user.
    pub user: UserId,
    /// The version of the membership. It starts at [`Membership::first_version`], and every write increases it by one.
    pub version: u64,
    /// The role of the member.
    pub role: Role,
    /// The verified e-mail address of the member, copied when they joined or when it last changed; `None` if there is none.
    pub email: Option<String>,
    /// The name of the member, copied when they joined or when it last changed; `None` if there is none.
    pub name: Option<String>,
    /// When the user joined the organization.
    pub joined_at: Timestamp,
    /// When the membership last changed; `None` if it has not changed since the user joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Timestamp>,
}

impl Membership {
    /// Returns whether the user was a member at an instant. Whoever leaves and joins again has another membership.
    pub fn existed_at(&self, instant: Timestamp) -> bool {
        self.joined_at <= instant
    }

    /// Returns a random first version.
    ///
    /// A user who leaves and joins again thus gets other versions. A write that was decided for the previous membership fails,
    /// and an entity tag of the previous membership does not match.
    pub fn first_version() -> u64 {
        Uuid::new_v4().as_u64_pair().0 >> 16
    }

    /// Returns the time of a change that is made now.
    ///
    /// It is later than the time of the last change, even if the clocks of the writers differ.
    pub fn next_change(&self, now: Timestamp) -> Timestamp {
        self.changed_at.unwrap_or(self.joined_at).next().max(now)
    }

    /// Returns the membership with another role, one version later.
    #[must_use]
    pub fn with_role(&self, role: Role, at: Timestamp) -> Self {
        Self { role, version: self.version + 1, changed_at: Some(at), ..self.clone() }
    }
}

/// The basis of an actor's right to act in an organization.
///
/// A write that depends on this right checks in its transaction that the basis is unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authority {
    /// The membership of an actor who is a member.
    Membership(Membership),
    /// The API key of an actor that is a machine.
    Key(Box<ApiKey>),
    /// The OAuth app of an actor that is an app and acts for itself.
    App(AppAuthority),
}

/// An OAuth app that acts for itself: as an admin of its organization, within its scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppAuthority {
    /// The app.
    pub client: OauthClientId,
    /// The version of the app's gate.
    pub gate_version: u64,
}

impl Authority {
    /// Returns the role in which the actor acts.
    pub fn role(&self) -> Role {
        match self {
            Self::Membership(membership) => membership.role,
            Self::Key(key) => key.role,
            Self::App(_) => Role::Admin,
        }
    }

    /// Returns the member who acts; `None` if the actor is not a member.
    pub fn member(&self) -> Option<UserId> {
        match self {
            Self::Membership(membership) => Some(membership.user),
            Self::Key(_) | Self::App(_) => None,
        }
    }
}

impl Failure {
    /// The organization exists, but the caller is not a member of it.
    pub const NOT_A_MEMBER: Self = Self::new(
        FailureClass::Forbidden,
        "not_a_member",
        "Access denied. User is not a member of this organization",
    );

    /// The caller is a member of the organization, but their role does not allow this.
    pub const INSUFFICIENT_ROLE: Self = Self::new(
        FailureClass::Forbidden,
        "insufficient_role",
        "Access denied. Your role in this organization does not allow this",
    );

    /// No member of the organization has this id.
    pub const MEMBER_NOT_FOUND: Self =
        Self::new(FailureClass::NotFound, "member_not_found", "Member not found");

    /// The user is already a member of the organization.
    pub const ALREADY_MEMBER: Self = Self::new(
        FailureClass::Conflict,
        "already_member",
        "The user is a member of this organization already",
    );

    /// The organization has as many members as its plan allows.
    pub const SEAT_LIMIT_REACHED: Self = Self::new(
        FailureClass::Conflict,
        "seat_limit_reached",
        "The organization has as many members as its plan allows",
    )
    .with_hint("Remove a member, or change to a larger plan.");

    /// The owner cannot leave before they transfer the organization.
    pub const OWNER_CANNOT_LEAVE: Self = Self::new(
        FailureClass::Conflict,
        "owner_cannot_leave",
        "The owner cannot leave the organization or be removed",
    )
    .with_hint("Transfer the organization to another member first.");

    /// The role of the owner changes only when the organization is transferred.
    pub const OWNER_ROLE_IMMUTABLE: Self =
        Self::new(FailureClass::Conflict, "owner_role_immutable", "The role of the owner cannot be changed")
            .with_hint("Transfer the organization to another member instead.");

    /// No user with this id shares an organization with the caller.
    pub const USER_NOT_FOUND: Self = Self::new(FailureClass::NotFound, "user_not_found", "User not found");

    /// Only the user themselves may do this.
    pub const NOT_YOURSELF: Self = Self::new(
        FailureClass::Forbidden,
        "not_yourself",
        "Access denied. Only the user themselves may see this",
    );
}
