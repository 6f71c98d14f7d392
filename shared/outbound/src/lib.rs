//! The HTTP client for addresses that callers name, such as the URLs of webhooks.
//!
//! A caller must not reach what only this server can reach: its own loopback interface, where Lambda's Runtime API listens, the metadata of
//! the cloud, or a private network. Three rules ensure that:
//!
//! 1. [`Target`] accepts only `https` URLs with the name of a host.
//! 2. [`Client`] resolves the name at every request, and refuses it if one of its addresses is not public ([`is_public`]).
//! 3. The connection goes to an address that was checked. The name is not resolved again, redirects are not followed, and no proxy is used.

mod address;
mod client;
mod resolver;
mod target;

pub use address::is_public;
pub use client::{Client, Failure, Request, Response};
pub use target::{Target, TargetProblem, Targets};
