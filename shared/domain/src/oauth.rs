//! OAuth 2.1: apps that act in an organization or for its members, what they were granted, and the keys that sign their tokens.

mod app;
mod code;
mod failure;
mod gate;
mod grant;
mod redirect_uri;
mod registry;
mod signing_key;

pub use app::{
    CheckedOauthAppSettings, ClientDocument, ClientType, OauthApp, OauthAppSettings, OauthClientId,
};
pub use code::{AuthorizationCode, Session};
pub use gate::{OauthGate, RevokedGrant};
pub use grant::{GrantRevocationReason, OauthGrant, OauthGrantId, RefreshState};
pub use redirect_uri::{MAX_REDIRECT_URIS, is_same_redirect_uri, redirect_uri};
pub use registry::OauthAppRegistry;
pub use signing_key::{SigningKey, SigningKeySet};
