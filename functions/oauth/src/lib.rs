//! The OAuth 2.1 authorization server: the apps of an organization, their tokens, and the keys that sign them.

use padron_http::{BackgroundRegistration, Registration};

mod app_response;
mod client;
pub mod create_oauth_app;
pub mod delete_oauth_app;
mod documents;
mod form;
pub mod get_oauth_app;
mod issuance;
pub mod list_oauth_app_tokens;
pub mod list_oauth_apps;
pub mod oauth_documents;
pub mod oauth_introspect;
pub mod oauth_jwks;
pub mod oauth_revoke;
pub mod oauth_root_documents;
pub mod oauth_token;
pub mod revoke_oauth_token;
pub mod rotate_oauth_app_secret;
pub mod rotate_signing_keys;
pub mod update_oauth_app;
mod vault;

/// The endpoints of this package.
pub const ENDPOINTS: &[Registration] = &[
    Registration::of::<create_oauth_app::CreateOauthApp>(),
    Registration::of::<list_oauth_apps::ListOauthApps>(),
    Registration::of::<get_oauth_app::GetOauthApp>(),
    Registration::of::<update_oauth_app::UpdateOauthApp>(),
    Registration::of::<rotate_oauth_app_secret::RotateOauthAppSecret>(),
    Registration::of::<delete_oauth_app::DeleteOauthApp>(),
    Registration::of::<list_oauth_app_tokens::ListOauthAppTokens>(),
    Registration::of::<revoke_oauth_token::RevokeOauthToken>(),
    Registration::of::<oauth_token::OauthTokenEndpoint>(),
    Registration::of::<oauth_revoke::OauthRevoke>(),
    Registration::of::<oauth_introspect::OauthIntrospect>(),
    Registration::of::<oauth_jwks::OauthJwks>(),
    Registration::of::<oauth_documents::OauthDocuments>(),
    Registration::of::<oauth_root_documents::OauthRootDocuments>(),
];

/// The background functions of this package.
pub const BACKGROUND: &[BackgroundRegistration] =
    &[BackgroundRegistration::of_job::<rotate_signing_keys::RotateSigningKeys>()];
