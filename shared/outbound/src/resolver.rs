//! The resolution of host names.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
};

/// The addresses of a host, once they are known.
type Addresses<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Resolves the names of hosts.
pub trait Resolve: Send + Sync {
    /// Returns all addresses of a host, of both families.
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Addresses<'a>;
}

/// A resolver that clients share.
pub type Resolver = Arc<dyn Resolve>;

/// The resolver of the system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Addresses<'a> {
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((host, port)).await?;
            Ok(addresses.map(|address: SocketAddr| address.ip()).collect())
        })
    }
}

/// A resolver that knows a few hosts, for tests.
#[derive(Clone, Debug, Default)]
pub struct FixedResolver(pub HashMap<String, Vec<IpAddr>>);

impl Resolve for FixedResolver {
    fn resolve<'a>(&'a self, host: &'a str, _: u16) -> Addresses<'a> {
        let known = self.0.get(host.trim_end_matches('.')).cloned();
        Box::pin(async move { known.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound)) })
    }
}
