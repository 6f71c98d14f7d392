//! Fetching of small documents from URLs that the operator has configured, such as key sets.

use std::time::Duration;

use http::{HeaderValue, Request, StatusCode, header::USER_AGENT};
use http_body_util::{BodyExt, Full, Limited};
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

type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

impl Fetcher {
    /// Returns the document at a URL, of at most `max_size` bytes. Waits until `deadline` at most, and no longer than three seconds.
    ///
    /// Redirects are not followed, because only the configured URL is trusted. The error is a text for the log.
    pub(crate) async fn get(&self, url: &str, max_size: usize, deadline: Instant) -> Result<Bytes, String> {
        let request = Request::get(url).body(Full::default()).map_err(|_| "the URL is not one")?;
        let (status, body) = self.send(request, max_size, deadline).await?;
        if status == StatusCode::OK { Ok(body) } else { Err(format!("status {}", status.as_u16())) }
    }

    /// Sends a request, and returns status and body of the response. The rules are those of [`Self::get`].
    pub(crate) async fn send(
        &self,
        request: Request<Full<Bytes>>,
        max_size: usize,
        deadline: Instant,
    ) -> Result<(StatusCode, Bytes), String> {
        let deadline = deadline.min(Instant::now() + TIME_LIMIT);
        let sent = timeout_at(deadline, self.send_without_deadline(request, max_size)).await;
        sent.unwrap_or_else(|_| Err("it did not come in time".to_owned()))
    }

    async fn send_without_deadline(
        &self,
        mut request: Request<Full<Bytes>>,
        max_size: usize,
    ) -> Result<(StatusCode, Bytes), String> {
        let client = self.0.get_or_try_init(async || http_client()).await?;
        // GitHub refuses requests without a user agent.
        request.headers_mut().insert(USER_AGENT, HeaderValue::from_static("padron"));
        let response = client.request(request).await.map_err(|_| "no connection")?;
        let status = response.status();
        let body = Limited::new(response.into_body(), max_size).collect().await;
        Ok((status, body.map_err(|_| "the response was cut off or too large")?.to_bytes()))
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
