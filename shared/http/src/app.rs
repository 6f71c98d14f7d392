//! What one Lambda environment keeps between requests, and what happens to each of them.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt;
use padron_auth::Verifier;
use padron_domain::{Clock, Error, Role, Seats, Timestamp, https_url};
use padron_store::{Backoff, Secrets, Store};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::{
    endpoint::Registration,
    event::{PathEncoding, Request},
    idempotency::Claim,
    log::{Entry, Log},
    reply::{Reply, Response},
    settings::{Settings, TOKEN},
};

/// Kept of a request's time after the store's deadline, to answer in.
const RESERVE: Duration = Duration::from_millis(250);

/// What one Lambda environment keeps between requests.
#[derive(Debug)]
pub struct App {
    store: Store,
    verifier: Verifier,
    secrets: Arc<Secrets>,
    seats: Seats,
    accept_url: Option<String>,
    customer_rows: usize,
    path_encoding: PathEncoding,
    clock: Clock,
    log: Log,
}

/// One request being worked on.
#[derive(Debug)]
pub struct Context<'a> {
    /// What was sent.
    pub request: &'a Request<'a>,
    /// Its id, for the log and the caller.
    pub request_id: &'a str,
    pub(crate) endpoint: &'a Registration,
    /// What the request may be sent again as, once it is known whose it is.
    claim: OnceLock<Claim>,
    is_retry: AtomicBool,
    /// What the caller is in the organization, once that is known.
    role: Mutex<Option<Role>>,
    /// In milliseconds since 1970.
    now: AtomicI64,
    store: Store,
    started: Instant,
    deadline: Instant,
    app: &'a App,
}

impl Context<'_> {
    /// The store, with this request's deadline.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What cursors and answers are sealed with.
    pub fn secrets(&self) -> &Secrets {
        &self.app.secrets
    }

    /// How many members an organization may have, by plan.
    pub fn seats(&self) -> Seats {
        self.app.seats
    }

    /// The page where the invitation of this token is accepted, if this installation is configured with one: serialized like every
    /// URL that is answered.
    pub fn accept_url(&self, token: &str) -> Option<String> {
        let url = self.app.accept_url.as_ref()?.replace(TOKEN, token);
        // The page of a local installation need not be https.
        Some(https_url(&url).unwrap_or(url))
    }

    /// The most customers that a list may look at one by one.
    pub fn customer_rows(&self) -> usize {
        self.app.customer_rows
    }

    /// Keeps what the request may be sent again as. When it is decided anew, that is still the same.
    pub(crate) fn hold(&self, claim: Claim) -> &Claim {
        self.claim.get_or_init(|| claim)
    }

    /// The one "now" of everything that a try of the request does.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now.load(Ordering::Relaxed)).unwrap_or(Timestamp::LATEST)
    }

    /// What the caller was in the organization when the request was last let in.
    pub(crate) fn role(&self) -> Option<Role> {
        *self.role.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_role(&self, role: Role) {
        *self.role.lock().unwrap_or_else(PoisonError::into_inner) = Some(role);
    }

    /// Whether the request was decided before, from what has changed since.
    pub fn is_retry(&self) -> bool {
        self.is_retry.load(Ordering::Relaxed)
    }

    /// The tries of something that may have to be decided more than once.
    pub fn retries(&self) -> Retries<'_> {
        Retries { cx: self, backoff: Backoff::new() }
    }

    pub(crate) fn claim(&self) -> Option<&Claim> {
        self.claim.get()
    }

    pub(crate) fn verifier(&self) -> &Verifier {
        &self.app.verifier
    }

    /// Whether this much of the request's time is left.
    pub fn has_time(&self, reserve: Duration) -> bool {
        Instant::now() + reserve < self.deadline
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }
}

/// The tries of something that is decided from what others may change before it can be written.
#[derive(Debug)]
pub struct Retries<'a> {
    cx: &'a Context<'a>,
    backoff: Backoff,
}

impl Retries<'_> {
    /// Waits a random time, up to a ceiling that doubles each time, and takes a new "now". Returns `false` without waiting where less
    /// than a third of the request's time would be left.
    pub async fn wait(&mut self) -> bool {
        let Context { started, deadline, .. } = *self.cx;
        let until = Instant::now() + self.backoff.pause();
        if until + deadline.duration_since(started) / 3 >= deadline {
            return false;
        }
        sleep_until(until).await;
        self.cx.now.store(self.cx.app.clock.now().millis(), Ordering::Relaxed);
        self.cx.is_retry.store(true, Ordering::Relaxed);
        true
    }
}

impl App {
    /// Prepares everything; connects to nothing.
    pub fn new(settings: Settings, clock: Clock, log: Log) -> Self {
        let Settings {
            connection,
            issuer,
            secrets,
            seats,
            accept_url,
            customer_rows,
            job_pace: _,
            warm_up: _,
            path_encoding,
        } = settings;
        let (store, verifier) = (Store::new(&connection), Verifier::new([issuer]));
        Self { store, verifier, secrets, seats, accept_url, customer_rows, path_encoding, clock, log }
    }

    /// Makes the first connection to the database, within that time or not at all.
    pub async fn warm_up(&self, time: Duration) {
        let store = self.store.until(Instant::now() + time);
        store.warm_up().await;
    }

    /// Answers one event: always, with whatever it brings, before the deadline.
    pub async fn answer(
        &self,
        endpoint: &Registration,
        payload: &str,
        invocation_id: &str,
        deadline: Instant,
    ) -> Response {
        let started = Instant::now();
        let work_until = deadline.checked_sub(RESERVE).unwrap_or(deadline);
        let store = self.store.until(work_until);
        let mut request = Request::parse(payload);
        let decoded = match &mut request {
            Ok(request) if self.path_encoding == PathEncoding::Encoded => request.decode_path(),
            _ => Ok(()),
        };
        let request_id = request.as_ref().ok().and_then(Request::id).unwrap_or(invocation_id);
        let outcome = match (&request, decoded) {
            (Ok(request), Ok(())) => {
                let cx = Context {
                    request,
                    request_id,
                    endpoint,
                    claim: OnceLock::new(),
                    is_retry: AtomicBool::new(false),
                    role: Mutex::new(None),
                    now: AtomicI64::new(self.clock.now().millis()),
                    store: store.clone(),
                    started,
                    deadline: work_until,
                    app: self,
                };
                within(deadline, (endpoint.run)(&cx)).await
            }
            (Ok(_), Err(error)) => Err(error),
            (Err(error), _) => Err(Error::violations_of(error.violations().to_vec())),
        };
        let cause = outcome.as_ref().err().and_then(Error::cause).map(ToOwned::to_owned);
        let reply = outcome.unwrap_or_else(|error| Reply::problem(&error, request_id));
        let spent = store.spent();
        self.log.write(&Entry {
            level: if reply.status() < 500 { "info" } else { "error" },
            message: "request",
            request_id,
            function: endpoint.route.function,
            status: reply.status(),
            code: reply.outcome(),
            duration_ms: started.elapsed().as_millis(),
            store_calls: spent.calls,
            store_units: spent.units,
            cause,
        });
        let response = reply.into_response(request_id);
        if request.is_ok_and(|request| request.is_head()) { response.without_body() } else { response }
    }
}

/// What the work comes to; a panic or a missed deadline is an error like any other.
async fn within(deadline: Instant, work: impl Future<Output = Result<Reply, Error>>) -> Result<Reply, Error> {
    match timeout_at(deadline, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(Error::internal("panicked")),
        Err(_) => Err(Error::unavailable("the deadline came before the answer")),
    }
}
