//! The API as a whole: whether it serves, what it does not serve, and the list of all it does.

use padron_http::{JobRegistration, Registration};

pub mod health;
pub mod not_found;

/// Every endpoint there is, by package. A new package is added here, and nowhere else.
pub const PACKAGES: &[&[Registration]] = &[
    &[Registration::of::<health::Health>(), Registration::of::<not_found::NotFound>()],
    padron_organizations::ENDPOINTS,
    padron_members::ENDPOINTS,
    padron_invitations::ENDPOINTS,
    padron_users::ENDPOINTS,
    padron_customers::ENDPOINTS,
];

/// Everything that is done by the clock.
pub fn jobs() -> impl Iterator<Item = &'static JobRegistration> {
    padron_organizations::JOBS.iter()
}

/// Every endpoint there is.
pub fn endpoints() -> impl Iterator<Item = &'static Registration> {
    PACKAGES.iter().copied().flatten()
}
