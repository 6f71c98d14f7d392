//! Organizations.

use padron_http::Registration;

pub mod get_organization;

/// The endpoints of this package.
pub const ENDPOINTS: &[Registration] = &[Registration::of::<get_organization::GetOrganization>()];
