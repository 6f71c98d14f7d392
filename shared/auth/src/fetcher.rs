//! Fetching of small documents from URLs that the operator has configured, such as key sets.

use std::time::Duration;

use http::{Request, StatusCode, header::USER_AGENT};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::{
    sync::OnceCell,
    time::{Instant, timeout_at},
};

/// The maximum duration of a fetch.
const TIME_LIMIT: Duration = Duration::from_secs(3);

/// A client that fetches small documents. It is created at the first fetch.
#[derive(Debug, Default)]
pub(crate) struct Fetcher(OnceCell<HttpClient>);

type HttpClient = Client<HttpsConnector<HttpConnector>, Empty<Bytes>>;

impl Fetcher {
    /// Returns the document at a URL, of at most `max_size` bytes. Waits until `deadline` at most, and no longer than three seconds.
    ///
    /// Redirects are not followed, because only the configured URL is trusted. The error is a text for the log.
    pub(crate) async fn get(&self, url: &str, max_size: usize, deadline: Instant) -> Result<Bytes, String> {
        let deadline = deadline.min(Instant::now() + TIME_LIMIT);
        let fetched = timeout_at(deadline, self.get_without_deadline(url, max_size)).await;
        fetched.unwrap_or_else(|_| Err("it did not come in time".to_owned()))
    }

    async fn get_without_deadline(&self, url: &str, max_size: usize) -> Result<Bytes, String> {
        let client = self.0.get_or_try_init(async || http_client()).await?;
        // GitHub refuses requests without a user agent.
        let request = Request::get(url).header(USER_AGENT, "padron").body(Empty::new());
        let request = request.map_err(|_| "the URL is not one")?;
        let response = client.request(request).await.map_err(|_| "no connection")?;
        if response.status() != StatusCode::OK {
            return Err(format!("status {}", response.status().as_u16()));
        }
        let body = Limited::new(response.into_body(), max_size).collect().await;
        Ok(body.map_err(|_| "the response was cut off or too large")?.to_bytes())
    }
}

/// Creates a client that uses the system's trust store, because a certificate may come from any authority.
fn http_client() -> Result<HttpClient, String> {
    let connector = HttpsConnectorBuilder::new()
        // The provider is named, because the default provider of the process depends on what else is linked.
        .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
        .map_err(|_| "the system has no trust store")?
        // The configuration allows plain http for loopback addresses only.
        .https_or_http()
        .enable_http1()
        .build();
    Ok(Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector))
}
