//! Who belongs to an organization, and what they may do in it.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Class, Failure, OrganizationId, Timestamp, UserId};

/// What a member may do; each role may do all that the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads the organization and works with its customers.
    Member,
    /// Manages members and settings.
    Admin,
    /// Holds the organization: exactly one per organization.
    Owner,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Member, Self::Admin, Self::Owner];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// The role of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A user, as their tokens have them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// The user.
    pub user: UserId,
    /// Their verified e-mail.
    pub email: Option<String>,
    /// Their name.
    pub name: Option<String>,
    /// When their issuer said this, in seconds since 1970, if it says when: what it said before is out of date.
    #[serde(default)]
    pub issued_at: Option<i64>,
    /// Whether their memberships are known to say the same.
    #[serde(default)]
    pub settled: bool,
    /// How often they joined: what is known of their memberships is of before the next time.
    #[serde(default)]
    pub joins: u64,
    /// When they joined an organization last.
    #[serde(default)]
    pub joined_at: Option<Timestamp>,
}

impl Profile {
    /// For how long a list of a user's organizations may lack the one they joined last, at most by far: an index lags behind by
    /// less than a second as a rule.
    const JOINING: Duration = Duration::from_secs(60);

    /// Whether they joined another organization than that of this membership so lately that a list of their organizations may
    /// lack it.
    pub fn is_joining_another(&self, than: &Membership, now: Timestamp) -> bool {
        self.joined_at.is_some_and(|at| at != than.joined_at && now < at.plus(Self::JOINING))
    }
}

/// Without e-mail and name, which have no place in a log.
impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile").field("user", &self.user).finish_non_exhaustive()
    }
}

/// That a user belongs to an organization. E-mail and name are copies of verified claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Membership {
    /// The organization.
    pub organization: OrganizationId,
    /// The user.
    pub user: UserId,
    /// Grows by one with every write, from [`Membership::first_version`] on.
    pub version: u64,
    /// What they may do.
    pub role: Role,
    /// Their verified e-mail when they joined.
    pub email: Option<String>,
    /// Their name when they joined.
    pub name: Option<String>,
    /// When they joined.
    pub joined_at: Timestamp,
    /// When it last changed; `None` if it has not changed since they joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Timestamp>,
}

impl Membership {
    /// A random beginning: whoever leaves and joins again is not taken for who they were before, neither by a write that was
    /// decided then nor by an entity tag from then.
    pub fn first_version() -> u64 {
        Uuid::new_v4().as_u64_pair().0 >> 16
    }

    /// The instant of a change that is made now: later than the last one, whatever the clocks of those who wrote it said.
    pub fn next_change(&self, now: Timestamp) -> Timestamp {
        self.changed_at.unwrap_or(self.joined_at).next().max(now)
    }

    /// The same in another role, a version later.
    #[must_use]
    pub fn with_role(&self, role: Role, at: Timestamp) -> Self {
        Self { role, version: self.version + 1, changed_at: Some(at), ..self.clone() }
    }
}

/// What an actor's right to act in an organization rests on. A write that depends on this right checks in its transaction that it is
/// unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authority {
    /// The actor is a member.
    Membership(Membership),
}

impl Authority {
    /// Returns the role in which the actor acts.
    pub fn role(&self) -> Role {
        match self {
            Self::Membership(membership) => membership.role,
        }
    }
}

impl Failure {
    /// The organization is known, the caller does not belong to it.
    pub const NOT_A_MEMBER: Self = Self::new(
        Class::Forbidden,
        "not_a_member",
        "Access denied. User is not a member of this organization",
    );

    /// The caller belongs to the organization, but their role may not do this.
    pub const INSUFFICIENT_ROLE: Self = Self::new(
        Class::Forbidden,
        "insufficient_role",
        "Access denied. Your role in this organization does not allow this",
    );

    /// No member of the organization has this id.
    pub const MEMBER_NOT_FOUND: Self = Self::new(Class::NotFound, "member_not_found", "Member not found");

    /// The user is a member already.
    pub const ALREADY_MEMBER: Self =
        Self::new(Class::Conflict, "already_member", "The user is a member of this organization already");

    /// The organization has as many members as its plan allows.
    pub const SEAT_LIMIT_REACHED: Self = Self::new(
        Class::Conflict,
        "seat_limit_reached",
        "The organization has as many members as its plan allows",
    )
    .with_hint("Remove a member, or change to a larger plan.");

    /// The owner must hand the organization over first.
    pub const OWNER_CANNOT_LEAVE: Self = Self::new(
        Class::Conflict,
        "owner_cannot_leave",
        "The owner cannot leave the organization or be removed",
    )
    .with_hint("Transfer the organization to another member first.");

    /// The owner's role changes with a transfer only.
    pub const OWNER_ROLE_IMMUTABLE: Self =
        Self::new(Class::Conflict, "owner_role_immutable", "The role of the owner cannot be changed")
            .with_hint("Transfer the organization to another member instead.");

    /// No user of that id shares an organization with the caller.
    pub const USER_NOT_FOUND: Self = Self::new(Class::NotFound, "user_not_found", "User not found");

    /// Only the user themselves may.
    pub const NOT_YOURSELF: Self =
        Self::new(Class::Forbidden, "not_yourself", "Access denied. Only the user themselves may see this");
}
