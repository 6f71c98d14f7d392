//! The OAuth 2.1 authorization server: the apps of an organization, their tokens, and the keys that sign them.

use padron_http::{BackgroundRegistration, Registration};

mod app_response;
mod authorization;
mod client;
mod client_document;
mod client_metadata;
pub mod create_oauth_app;
pub mod delete_oauth_app;
mod documents;
mod exchange;
mod form;
pub mod get_oauth_app;
mod issuance;
pub mod list_my_grants;
pub mod list_oauth_app_tokens;
pub mod list_oauth_apps;
mod login;
pub mod oauth_authorize;
pub mod oauth_callback;
pub mod oauth_consent;
pub mod oauth_decide;
pub mod oauth_documents;
pub mod oauth_exchange;
pub mod oauth_introspect;
pub mod oauth_jwks;
pub mod oauth_refresh;
pub mod oauth_register;
pub mod oauth_revoke;
pub mod oauth_root_documents;
pub mod oauth_sign_out;
pub mod oauth_token;
mod page;
mod parameter;
pub mod revoke_my_grant;
pub mod revoke_oauth_token;
pub mod rotate_oauth_app_secret;
pub mod rotate_signing_keys;
mod session;
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
    Registration::of::<oauth_exchange::OauthExchange>(),
    Registration::of::<oauth_refresh::OauthRefresh>(),
    Registration::of::<oauth_register::OauthRegister>(),
    Registration::of::<oauth_authorize::OauthAuthorize>(),
    Registration::of::<oauth_callback::OauthCallback>(),
    Registration::of::<oauth_consent::OauthConsent>(),
    Registration::of::<oauth_decide::OauthDecide>(),
    Registration::of::<oauth_sign_out::OauthSignOut>(),
    Registration::of::<list_my_grants::ListMyGrants>(),
    Registration::of::<revoke_my_grant::RevokeMyGrant>(),
    Registration::of::<oauth_revoke::OauthRevoke>(),
    Registration::of::<oauth_introspect::OauthIntrospect>(),
    Registration::of::<oauth_jwks::OauthJwks>(),
    Registration::of::<oauth_documents::OauthDocuments>(),
    Registration::of::<oauth_root_documents::OauthRootDocuments>(),
];

/// The background functions of this package.
pub const BACKGROUND: &[BackgroundRegistration] =
    &[BackgroundRegistration::of_job::<rotate_signing_keys::RotateSigningKeys>()];
