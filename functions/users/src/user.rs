//! A user as the API answers them.

use padron_domain::{Profile, UserId};
use schemars::JsonSchema;
use serde::Serialize;

/// A user.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "User")]
pub struct UserResponse {
    /// UUID of the user.
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: UserId,
    /// Verified e-mail, if one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// Name, if one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

impl From<Profile> for UserResponse {
    fn from(profile: Profile) -> Self {
        let Profile { user, email, name, .. } = profile;
        Self { id: user, email, name }
    }
}
