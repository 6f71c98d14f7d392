//! Who belongs to an organization, and what they may do in it.

use serde::{Deserialize, Serialize};

use crate::{OrganizationId, Timestamp, UserId};

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

/// That a user belongs to an organization. E-mail and name are copies of verified claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Membership {
    /// The organization.
    pub organization: OrganizationId,
    /// The user.
    pub user: UserId,
    /// What they may do.
    pub role: Role,
    /// Their verified e-mail when they joined.
    pub email: Option<String>,
    /// Their name when they joined.
    pub name: Option<String>,
    /// When they joined.
    pub joined_at: Timestamp,
}
