//! Members in responses.

use padron_domain::{Membership, Role, Timestamp, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A member of an organization.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Member")]
#[serde(rename_all = "camelCase")]
pub struct MemberResponse {
    /// UUID of the member, which is the UUID of the user.
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: UserId,
    /// Role of the member: `member`, `admin` or `owner`.
    #[schemars(extend("enum" = ["member", "admin", "owner"]), with = "String")]
    role: Role,
    /// User data of the member.
    user: MemberUser,
    /// When the member joined the organization.
    #[schemars(with = "String", extend("format" = "date-time"))]
    joined_at: Timestamp,
}

/// The user data of a member, taken from the access token.
#[derive(Debug, Serialize, JsonSchema)]
struct MemberUser {
    /// UUID of the user.
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: UserId,
    /// Verified e-mail address of the user. Absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// Name of the user. Absent if there is none.
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

/// A role that can be assigned to a member. Only a transfer of the organization makes a member its owner.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AssignableRole {
    /// A member who manages members and settings.
    Admin,
    /// A member who reads the organization and works with its customers.
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
