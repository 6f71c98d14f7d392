//! Endpoints for users: the caller, and users who share an organization with them.

use padron_http::Registration;

pub mod get_me;
pub mod get_user;
pub mod list_user_organizations;
mod user;

/// The endpoints of this package.
pub const ENDPOINTS: &[Registration] = &[
    Registration::of::<get_me::GetMe>(),
    Registration::of::<get_user::GetUser>(),
    Registration::of::<list_user_organizations::ListUserOrganizations>(),
];
