//! Documents of public keys that are fetched from a URL.
//!
//! They are limited in size and cached. How often they are fetched does not depend on what requests contain.

use std::{fmt, sync::Arc, time::Duration};

use padron_domain::{Error, Timestamp};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout_at},
};

use crate::fetcher::Fetcher;

/// The maximum size of a document, in bytes. Usual key sets have one to ten thousand bytes.
const MAX_DOCUMENT_SIZE: usize = 64 * 1024;

/// A document of public keys that is fetched from a URL.
#[derive(Debug)]
pub struct RemoteDocument<T> {
    url: String,
    source: Source<T>,
    fetcher: Fetcher,
    // The lock allows one fetch at a time. Requests that wait for it use its result.
    state: Mutex<State<T>>,
}

/// The properties of a source of documents.
pub struct Source<T> {
    /// What the documents are, for the log.
    pub name: &'static str,
    /// Parses a document. The error is a text for the log.
    pub parse: fn(&[u8]) -> Result<T, String>,
    /// The minimum interval between two fetches. It keeps invented key ids from causing requests to the source.
    pub refresh_interval: Duration,
    /// The minimum interval between a failed fetch and the next one, so that not every request causes a fetch.
    pub retry_interval: Duration,
    /// The age at which a document is fetched again, so that a key that the source withdraws stops working.
    pub fresh_for: Duration,
    /// The age up to which a document is used while the source cannot be reached.
    pub usable_for: Duration,
}

impl<T> fmt::Debug for Source<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct State<T> {
    document: Option<(Arc<T>, Timestamp)>,
    last_attempt: Option<Timestamp>,
    /// The reason why the last fetch failed; `None` if it did not fail.
    failure: Option<String>,
}

impl<T> RemoteDocument<T> {
    /// Creates a document that is not yet fetched.
    pub fn new(url: impl Into<String>, source: Source<T>) -> Self {
        let state = State { document: None, last_attempt: None, failure: None };
        Self { url: url.into(), source, fetcher: Fetcher::default(), state: Mutex::new(state) }
    }

    /// Returns a document that has the key that `has_key` looks for, if the source has it.
    ///
    /// The document is fetched when it is first needed and when it is too old. It is also fetched when it lacks the key and the last fetch is
    /// long enough ago.
    pub async fn with_key(
        &self,
        has_key: impl Fn(&T) -> bool,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Arc<T>, Error> {
        let Source { name, refresh_interval, retry_interval, fresh_for, usable_for, .. } = self.source;
        let out_of_time = |_| Error::unavailable(format!("{name} were not there before the deadline"));
        let mut state = timeout_at(deadline, self.state.lock()).await.map_err(out_of_time)?;
        let age = |since: Timestamp| {
            Duration::from_millis(u64::try_from(now.millis() - since.millis()).unwrap_or(0))
        };
        let is_wanted = match &state.document {
            Some((document, fetched)) => !has_key(document) || age(*fetched) >= fresh_for,
            None => true,
        };
        let interval = if state.failure.is_some() { retry_interval } else { refresh_interval };
        let is_allowed = state.last_attempt.is_none_or(|attempt| age(attempt) >= interval);
        if is_wanted && is_allowed {
            state.last_attempt = Some(now);
            state.failure = match self.fetch(deadline).await {
                Ok(document) => {
                    state.document = Some((Arc::new(document), now));
                    None
                }
                Err(why) => Some(format!("{name} could not be fetched: {why}")),
            };
        }
        let usable = state.document.as_ref().filter(|(_, fetched)| age(*fetched) < usable_for);
        match (usable, &state.failure) {
            // The failed fetch might have brought the missing key, so the request is not at fault.
            (Some((document, _)), Some(failure)) if !has_key(document) => Err(Error::unavailable(failure)),
            (Some((document, _)), _) => Ok(document.clone()),
            (None, Some(failure)) => Err(Error::unavailable(failure)),
            (None, None) => Err(Error::unavailable(format!("{name} are too old"))),
        }
    }

    /// Fetches and parses the document. The error is a text for the log.
    async fn fetch(&self, deadline: Instant) -> Result<T, String> {
        let body = self.fetcher.get(&self.url, MAX_DOCUMENT_SIZE, deadline).await?;
        (self.source.parse)(&body)
    }
}
