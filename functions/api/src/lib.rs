//! The registry of all endpoints, scheduled jobs and consumers.
//!
//! The package itself has the endpoints that belong to the API as a whole: the health check, and the fallback for unknown routes.

use padron_http::{BackgroundRegistration, Registration};

pub mod health;
pub mod not_found;

/// The endpoints of all packages. A new package is added here and nowhere else.
pub const PACKAGES: &[&[Registration]] = &[
    &[Registration::of::<health::Health>(), Registration::of::<not_found::NotFound>()],
    padron_organizations::ENDPOINTS,
    padron_fiscal_profile::ENDPOINTS,
    padron_members::ENDPOINTS,
    padron_invitations::ENDPOINTS,
    padron_users::ENDPOINTS,
    padron_customers::ENDPOINTS,
    padron_api_keys::ENDPOINTS,
    padron_webhooks::ENDPOINTS,
    padron_oauth::ENDPOINTS,
    padron_docs::ENDPOINTS,
];

/// Returns all background functions.
pub fn background() -> impl Iterator<Item = &'static BackgroundRegistration> {
    padron_organizations::BACKGROUND.iter().chain(padron_webhooks::BACKGROUND).chain(padron_oauth::BACKGROUND)
}

/// Returns all endpoints.
pub fn endpoints() -> impl Iterator<Item = &'static Registration> {
    PACKAGES.iter().copied().flatten()
}
