//! The user in API responses.

use padron_domain::{Profile, UserId};
use schemars::JsonSchema;
use serde::Serialize;

/// A user.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "User")]
pub struct UserResponse {
    /// The id of the user, a UUID.
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: UserId,
    /// The verified e-mail address of the user. Absent if it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// The name of the user. Absent if it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

impl From<Profile> for UserResponse {
    fn from(profile: Profile) -> Self {
        let Profile { user, email, name, .. } = profile;
        Self { id: user, email, name }
    }
}
