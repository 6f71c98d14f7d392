//! Key sets that are fetched from a URL.
//!
//! They are limited in size and cached. They are fetched at most once a minute, or every two seconds after a failure, whatever
//! the tokens contain.

use std::{sync::Arc, time::Duration};

use padron_domain::{Error, Timestamp};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout_at},
};

use crate::{fetcher::Fetcher, jwks::KeySet};

/// The minimum interval between two fetches. It keeps tokens with invented `kid`s from causing requests to the issuer.
const REFRESH_INTERVAL: Duration = Duration::from_secs(60);
/// The minimum interval between a failed fetch and the next one, so that not every request causes a fetch.
const RETRY_INTERVAL: Duration = Duration::from_secs(2);
/// The age at which a key set is fetched again, so that a key that the issuer withdraws stops working.
const FRESH_FOR: Duration = Duration::from_secs(15 * 60);
/// The age up to which a key set is used while the issuer cannot be reached.
const USABLE_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// The maximum size of a key set, in bytes. Usual key sets have one to ten thousand bytes.
const MAX_DOCUMENT_SIZE: usize = 64 * 1024;

/// The key set of one issuer, which is fetched from a URL.
#[derive(Debug)]
pub(crate) struct RemoteKeys {
    url: String,
    fetcher: Fetcher,
    // The lock allows one fetch at a time. Requests that wait for it use its result.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    keys: Option<(Arc<KeySet>, Timestamp)>,
    last_attempt: Option<Timestamp>,
    /// The reason why the last fetch failed; `None` if it did not fail.
    failure: Option<String>,
}

impl RemoteKeys {
    pub(crate) fn new(url: String) -> Self {
        Self { url, fetcher: Fetcher::default(), state: Mutex::default() }
    }

    /// Returns a key set that has the key, if the issuer has it.
    ///
    /// The key set is fetched when it is first needed and when it is too old. It is also fetched when it lacks the key and the
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
            state.failure = match self.fetch(deadline).await {
                Ok(keys) => {
                    state.keys = Some((Arc::new(keys), now));
                    None
                }
                Err(why) => Some(format!("the issuer's keys could not be fetched: {why}")),
            };
        }
        let usable = state.keys.as_ref().filter(|(_, fetched)| age(*fetched) < USABLE_FOR);
        match (usable, &state.failure) {
            // The failed fetch might have brought the missing key, so the token is not at fault.
            (Some((keys, _)), Some(failure)) if keys.get(kid).is_none() => Err(Error::unavailable(failure)),
            (Some((keys, _)), _) => Ok(keys.clone()),
            (None, failure) => {
                Err(Error::unavailable(failure.as_deref().unwrap_or("the issuer's keys are too old")))
            }
        }
    }

    /// Fetches and parses the key set. The error is a text for the log.
    async fn fetch(&self, deadline: Instant) -> Result<KeySet, String> {
        let body = self.fetcher.get(&self.url, MAX_DOCUMENT_SIZE, deadline).await?;
        KeySet::parse(&body).map_err(|why| why.to_string())
    }
}
