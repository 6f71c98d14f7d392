//! The endpoints of API keys: one file for each, and what they share.

use padron_http::Registration;

mod access;
pub mod create_api_key;
mod fields;
pub mod get_api_key;
mod github;
mod issuance;
mod leaked;
pub mod list_api_keys;
pub mod report_api_key;
mod response;
pub mod revoke_api_key;
pub mod rotate_api_key;
pub mod update_api_key;
pub mod validate_api_key;

/// The endpoints of this package.
pub const ENDPOINTS: &[Registration] = &[
    Registration::of::<create_api_key::CreateApiKey>(),
    Registration::of::<list_api_keys::ListApiKeys>(),
    Registration::of::<get_api_key::GetApiKey>(),
    Registration::of::<update_api_key::UpdateApiKey>(),
    Registration::of::<rotate_api_key::RotateApiKey>(),
    Registration::of::<revoke_api_key::RevokeApiKey>(),
    Registration::of::<validate_api_key::ValidateApiKey>(),
    Registration::of::<report_api_key::ReportApiKey>(),
];
