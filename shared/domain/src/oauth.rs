//! OAuth 2.1: apps that act in an organization or for its members, what they were granted, and the keys that sign their tokens.

mod app;
mod failure;
mod gate;
mod grant;
mod redirect_uri;
mod registry;
mod signing_key;

pub use app::{CheckedOauthAppSettings, ClientType, OauthApp, OauthAppSettings, OauthClientId};
pub use gate::{OauthGate, RevokedGrant};
pub use grant::{OauthGrant, OauthGrantId};
pub use redirect_uri::{MAX_REDIRECT_URIS, redirect_uri};
pub use registry::OauthAppRegistry;
pub use signing_key::{SigningKey, SigningKeySet};
