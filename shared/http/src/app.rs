//! What one Lambda environment keeps between requests, and what happens to each of them.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt;
use padron_auth::Verifier;
use padron_domain::{Clock, Error, Seats, Timestamp};
use padron_store::{Secrets, Store};
use tokio::time::{Instant, timeout_at};

use crate::{
    endpoint::Registration,
    event::Request,
    idempotency::Claim,
    log::{Entry, Log},
    reply::{Reply, Response},
    settings::Settings,
};

/// Left of a request's time once the store's deadline has come, to answer in.
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
    /// When it came: the one "now" of everything it does.
    pub now: Timestamp,
    pub(crate) endpoint: &'a Registration,
    /// What the request may be sent again as, once it is known whose it is.
    claim: OnceLock<Claim>,
    decided_anew: AtomicBool,
    store: Store,
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

    /// The page where the invitation of this token is accepted, if this installation is configured with one.
    pub fn accept_url(&self, token: &str) -> Option<String> {
        Some(self.app.accept_url.as_ref()?.replace("{token}", token))
    }

    /// Of how many customers a list looks at every one.
    pub fn customer_rows(&self) -> usize {
        self.app.customer_rows
    }

    /// Keeps what the request may be sent again as. When it is decided anew, that is still the same.
    pub(crate) fn hold(&self, claim: Claim) -> &Claim {
        self.claim.get_or_init(|| claim)
    }

    /// Whether the request was decided before, from what has changed since.
    pub fn is_decided_anew(&self) -> bool {
        self.decided_anew.load(Ordering::Relaxed)
    }

    pub(crate) fn decide_anew(&self) {
        self.decided_anew.store(true, Ordering::Relaxed);
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
        } = settings;
        let (store, verifier) = (Store::new(&connection), Verifier::new([issuer]));
        Self { store, verifier, secrets, seats, accept_url, customer_rows, clock, log }
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
        let request = Request::parse(payload);
        let request_id = request.as_ref().ok().and_then(Request::id).unwrap_or(invocation_id);
        let outcome = match &request {
            Ok(request) => {
                let now = self.clock.now();
                let cx = Context {
                    request,
                    request_id,
                    now,
                    endpoint,
                    claim: OnceLock::new(),
                    decided_anew: AtomicBool::new(false),
                    store: store.clone(),
                    deadline: work_until,
                    app: self,
                };
                within(deadline, (endpoint.run)(&cx)).await
            }
            Err(error) => Err(Error::violations_of(error.violations().to_vec())),
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
        reply.into_response(request_id)
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
