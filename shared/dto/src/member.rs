//! Members as the API answers them.

use padron_domain::{Membership, Role, Timestamp, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A member of an organization.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Member")]
#[serde(rename_all = "camelCase")]
pub struct MemberResponse {
    /// Id of the member: that of the user.
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: UserId,
    /// `member`, `admin` or `owner`.
    #[schemars(extend("enum" = ["member", "admin", "owner"]), with = "String")]
    role: Role,
    /// Who they are.
    user: MemberUser,
    /// When they joined.
    #[schemars(with = "String", extend("format" = "date-time"))]
    joined_at: Timestamp,
}

/// Who a member is, as their access token had it.
#[derive(Debug, Serialize, JsonSchema)]
struct MemberUser {
    /// UUID of the user.
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: UserId,
    /// Verified e-mail, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// Name, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

impl From<Membership> for MemberResponse {
    fn from(membership: Membership) -> Self {
        let Membership { organization: _, user, version: _, role, email, name, joined_at, changed_at: _ } =
            membership;
        Self { id: user, role, user: MemberUser { id: user, email, name }, joined_at }
    }
}

/// A role that can be given and taken: an owner is made by transferring the organization.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AssignableRole {
    /// Manages members and settings.
    Admin,
    /// Reads the organization and works with its customers.
    Member,
}

impl From<AssignableRole> for Role {
    fn from(role: AssignableRole) -> Self {
        match role {
            AssignableRole::Admin => Self::Admin,
            AssignableRole::Member => Self::Member,
        }
    }
}
