//! Key sets behind a URL: bounded, cached, and asked for at most once a minute whatever the tokens say.

use std::{sync::Arc, time::Duration};

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use padron_domain::{Error, Timestamp};
use tokio::{
    sync::{Mutex, OnceCell},
    time::{Instant, timeout_at},
};

use crate::jwks::KeySet;

/// Between two fetches, so that tokens with made-up `kid`s cannot make us call the issuer.
const REFRESH_INTERVAL: Duration = Duration::from_secs(60);
/// After a failure: soon, but not at every request.
const RETRY_INTERVAL: Duration = Duration::from_secs(2);
/// After this the set is fetched again, so that a key the issuer withdraws stops working.
const FRESH_FOR: Duration = Duration::from_secs(15 * 60);
/// How long the last set serves while the issuer cannot be reached.
const USABLE_FOR: Duration = Duration::from_secs(24 * 60 * 60);
const FETCH_TIMEOUT: Duration = Duration::from_secs(3);
/// Key sets have one to ten thousand bytes.
const MAX_DOCUMENT_SIZE: usize = 64 * 1024;

/// The key set of one issuer, behind a URL.
#[derive(Debug)]
pub(crate) struct RemoteKeys {
    url: String,
    client: OnceCell<HttpClient>,
    // One fetch at a time: those who wait for it find its result.
    state: Mutex<State>,
}

type HttpClient = Client<HttpsConnector<HttpConnector>, Empty<Bytes>>;

#[derive(Debug, Default)]
struct State {
    keys: Option<(Arc<KeySet>, Timestamp)>,
    last_attempt: Option<Timestamp>,
    /// Why the last attempt failed, if it did.
    failure: Option<String>,
}

impl RemoteKeys {
    pub(crate) fn new(url: String) -> Self {
        Self { url, client: OnceCell::new(), state: Mutex::default() }
    }

    /// A set that has the key, if the issuer has it: fetched when it is first needed, too old, or lacks the key and the
    /// last fetch is long enough ago.
    pub(crate) async fn with_key(
        &self,
        kid: &str,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Arc<KeySet>, Error> {
        let out_of_time = |_| Error::unavailable("the issuer's keys were not there before the deadline");
        let mut state = timeout_at(deadline, self.state.lock()).await.map_err(out_of_time)?;
        let age = |since: Timestamp| {
            Duration::from_millis(u64::try_from(now.millis() - since.millis()).unwrap_or(0))
        };
        let wanted = match &state.keys {
            Some((keys, fetched)) => keys.get(kid).is_none() || age(*fetched) >= FRESH_FOR,
            None => true,
        };
        let interval = if state.failure.is_some() { RETRY_INTERVAL } else { REFRESH_INTERVAL };
        let allowed = state.last_attempt.is_none_or(|attempt| age(attempt) >= interval);
        if wanted && allowed {
            state.last_attempt = Some(now);
            let fetch_deadline = deadline.min(Instant::now() + FETCH_TIMEOUT);
            let fetched = timeout_at(fetch_deadline, self.fetch()).await;
            state.failure = match fetched {
                Ok(Ok(keys)) => {
                    state.keys = Some((Arc::new(keys), now));
                    None
                }
                Ok(Err(why)) => Some(format!("the issuer's keys could not be fetched: {why}")),
                Err(_) => Some("the issuer's keys did not come in time".to_owned()),
            };
        }
        let usable = state.keys.as_ref().filter(|(_, fetched)| age(*fetched) < USABLE_FOR);
        match (usable, &state.failure) {
            // A key that is not there may be one that the failed fetch would have brought: that is no one's fault.
            (Some((keys, _)), Some(failure)) if keys.get(kid).is_none() => Err(Error::unavailable(failure)),
            (Some((keys, _)), _) => Ok(keys.clone()),
            (None, failure) => {
                Err(Error::unavailable(failure.as_deref().unwrap_or("the issuer's keys are too old")))
            }
        }
    }

    async fn fetch(&self) -> Result<KeySet, String> {
        let client = self.client.get_or_try_init(async || http_client()).await?;
        let uri = self.url.parse().map_err(|_| "the URL is not one")?;
        // Redirects are not followed: the configured address alone is trusted.
        let answer = client.get(uri).await.map_err(|_| "no connection")?;
        if answer.status() != http::StatusCode::OK {
            return Err(format!("status {}", answer.status().as_u16()));
        }
        let body = Limited::new(answer.into_body(), MAX_DOCUMENT_SIZE).collect().await;
        let body = body.map_err(|_| "the answer was cut off or too large")?.to_bytes();
        KeySet::parse(&body).map_err(|why| why.to_string())
    }
}

/// The system's trust store: an issuer may have its certificate from any authority.
fn http_client() -> Result<HttpClient, String> {
    let connector = HttpsConnectorBuilder::new()
        // By name: which provider is the process's default depends on what else is linked.
        .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
        .map_err(|_| "the system has no trust store")?
        // Plain http passes the check of the configuration for loopback addresses only.
        .https_or_http()
        .enable_http1()
        .build();
    Ok(Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector))
}
