//! The endpoints of webhooks.

use padron_http::Registration;

pub mod list_event_types;

/// The endpoints of this package.
pub const ENDPOINTS: &[Registration] = &[Registration::of::<list_event_types::ListEventTypes>()];
