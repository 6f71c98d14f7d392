//! The API reference for people, and the description of the API that it shows.

use padron_http::Registration;

pub mod get_docs;
pub mod get_openapi;

/// The endpoints of this package.
pub const ENDPOINTS: &[Registration] =
    &[Registration::of::<get_docs::GetDocs>(), Registration::of::<get_openapi::GetOpenapi>()];
