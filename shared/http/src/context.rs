//! One request being handled.

use std::{
    borrow::Cow,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use padron_auth::{User, Verifier};
use padron_domain::{Clock, Error, RateLimit, Role, Scope, Timestamp};
use padron_store::{Backoff, IdempotencyId, RateSubject, Secrets, Store, StoredApiKey};
use serde_json::Value;
use tokio::time::{Instant, sleep_until, timeout};

use crate::{
    entity_tag,
    environment::Environment,
    event::Request,
    problem::ErrorFormat,
    rate_limit::{RateLimiter, RateStatus},
    settings::Options,
    signing_keys::{SigningKeyCache, SigningKeys},
};

/// What the shell around a handler needs to know of its endpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndpointInfo {
    /// The name of the function.
    pub(crate) function: &'static str,
    /// Whether the endpoint writes.
    pub(crate) is_write: bool,
    /// Whether a request may have an idempotency key.
    pub(crate) takes_idempotency_keys: bool,
    /// Whether answers are recorded for requests that are sent again.
    pub(crate) records_answers: bool,
    /// Whether the handler recognizes a request that is sent again.
    pub(crate) recognizes_repetitions: bool,
    /// The scope that a credential with scopes needs, as in [`Endpoint::SCOPE`](crate::Endpoint::SCOPE).
    pub(crate) scope: Option<Scope>,
    /// Whether API keys are accepted.
    pub(crate) accepts_keys: bool,
    /// The format of the responses of failures.
    pub(crate) error_format: ErrorFormat,
    /// Whether the endpoint is served at the root of the host as well.
    pub(crate) is_at_root: bool,
    /// The least role that is admitted, if the endpoint belongs to an organization.
    pub(crate) least_role: Option<Role>,
    /// Removes from a recorded response what its reader may not see.
    pub(crate) redact: Option<Redact>,
    /// Returns the bytes that are hashed to compare two requests with the same idempotency key.
    pub(crate) fingerprint_input: FingerprintInput,
}

/// Removes from the body of a response what a member with that role may not see, and returns whether there was any of it.
pub type Redact = fn(&mut Value, Role) -> bool;

/// Returns the bytes of a request that are hashed to compare it with another one.
pub(crate) type FingerprintInput = for<'r> fn(&'r Request<'_>) -> Cow<'r, [u8]>;

/// What all requests of one Lambda environment share.
#[derive(Debug)]
pub(crate) struct Services {
    pub(crate) store: Store,
    pub(crate) verifier: Verifier,
    pub(crate) environment: Environment,
    pub(crate) limits: RateLimiter,
    pub(crate) signing_keys: SigningKeyCache,
    pub(crate) clock: Clock,
}

/// One request being handled.
#[derive(Debug)]
pub struct Context<'a> {
    /// The request.
    pub request: &'a Request<'a>,
    /// The id of the request, for the log and the caller.
    pub request_id: &'a str,
    pub(crate) endpoint: &'a EndpointInfo,
    /// Set once the caller is known.
    idempotency_id: OnceLock<IdempotencyId>,
    is_retry: AtomicBool,
    /// The role of the caller, once it is known.
    role: Mutex<Option<Role>>,
    /// The key of the caller, if its use is still to be recorded.
    unrecorded_use: Mutex<Option<KeyUse>>,
    /// What is left of the caller's limit of requests, once the request is counted.
    rate_status: Mutex<Option<RateStatus>>,
    /// The URL of the API, once it is needed.
    issuer: OnceLock<String>,
    /// The caller, for the log: `user`, or `key:` or `app:` and an id.
    caller: OnceLock<Cow<'static, str>>,
    /// The cause of a failure that is not answered with a problem.
    noted_cause: OnceLock<String>,
    /// In milliseconds since 1970.
    now: AtomicI64,
    store: Store,
    started: Instant,
    deadline: Instant,
    services: &'a Services,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        services: &'a Services,
        endpoint: &'a EndpointInfo,
        request: &'a Request<'a>,
        request_id: &'a str,
        store: Store,
        started: Instant,
        deadline: Instant,
    ) -> Self {
        Self {
            request,
            request_id,
            endpoint,
            idempotency_id: OnceLock::new(),
            is_retry: AtomicBool::new(false),
            role: Mutex::new(None),
            unrecorded_use: Mutex::new(None),
            rate_status: Mutex::new(None),
            issuer: OnceLock::new(),
            caller: OnceLock::new(),
            noted_cause: OnceLock::new(),
            now: AtomicI64::new(services.clock.now().millis()),
            store,
            started,
            deadline,
            services,
        }
    }
}

impl Context<'_> {
    /// Returns the store, with the deadline of this request.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Returns the keys that cursors, recorded answers and credentials are encrypted with.
    pub fn secrets(&self) -> &Secrets {
        self.services.environment.secrets()
    }

    /// Returns the options that the operator has set.
    pub fn options(&self) -> &Options {
        self.services.environment.options()
    }

    /// Returns what the Lambda environment has.
    pub fn environment(&self) -> &Environment {
        &self.services.environment
    }

    /// Returns the one "now" of everything that this try of the request does.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now.load(Ordering::Relaxed)).unwrap_or(Timestamp::LATEST)
    }

    /// Takes a new "now", for the next of several independent writes: a change must not be dated long before it is written.
    pub fn renew_now(&self) {
        self.now.store(self.services.clock.now().millis(), Ordering::Relaxed);
    }

    /// Returns the URL of the API, which is the issuer of the tokens of OAuth apps (RFC 8414 §2).
    pub fn issuer(&self) -> &str {
        self.issuer.get_or_init(|| self.options().issuer(self.request))
    }

    /// Returns the keys that the tokens of OAuth apps are signed with, at most a minute old. `kid` is the key that is looked for, if there is
    /// one.
    pub async fn signing_keys(&self, kid: Option<&str>) -> Result<Arc<SigningKeys>, Error> {
        self.services.signing_keys.get(self.store(), kid, self.now()).await
    }

    /// Returns the verifier of access tokens.
    pub(crate) fn verifier(&self) -> &Verifier {
        &self.services.verifier
    }

    /// Returns the user whom an ID token of the operator's issuer identifies. It was issued to this client, for the sign-in with this nonce.
    pub async fn verify_id_token(&self, token: &str, client_id: &str, nonce: &str) -> Result<User, Error> {
        self.verifier().verify_id_token(token, (client_id, nonce), self.now(), self.deadline()).await
    }

    /// Remembers who calls, for the log: `user`, or `key:` or `app:` and an id.
    pub(crate) fn set_caller(&self, caller: impl Into<Cow<'static, str>>) {
        self.caller.get_or_init(|| caller.into());
    }

    /// Writes the cause of a failure to the log line of a request that is not answered with a problem. It must not contain personal data.
    pub fn note_cause(&self, cause: impl Into<String>) {
        self.noted_cause.get_or_init(|| cause.into());
    }

    /// Returns the cause that was noted.
    pub(crate) fn noted_cause(&self) -> Option<String> {
        self.noted_cause.get().cloned()
    }

    /// Returns who calls; `None` if it is not known, or nobody.
    pub(crate) fn caller(&self) -> Option<Cow<'static, str>> {
        self.caller.get().cloned()
    }

    /// Counts this request as `cost` requests, at most the burst, of a limit. A later attempt of the same request is not counted again.
    ///
    /// If the store does not count it in time, this environment counts it for itself, and the log line has `rateLimitUnknown`.
    pub async fn count_request(
        &self,
        subject: &RateSubject,
        limit: RateLimit,
        cost: u32,
    ) -> Result<(), Error> {
        if self.rate_status().is_some() {
            return Ok(());
        }
        let limits = &self.services.limits;
        let (status, outcome) = limits.take(self.store(), subject, limit, cost, self.now()).await;
        *self.rate_status.lock().unwrap_or_else(PoisonError::into_inner) = Some(status);
        outcome
    }

    /// Counts this request as one of a limit that is not the caller's, so that no header of the response tells of it.
    pub async fn count_other_request(&self, subject: &RateSubject, limit: RateLimit) -> Result<(), Error> {
        self.services.limits.take(self.store(), subject, limit, 1, self.now()).await.1
    }

    /// Reads what is left of a limit, without counting this request.
    pub async fn read_limit(&self, subject: &RateSubject, limit: RateLimit) {
        let status = self.services.limits.status(self.store(), subject, limit, self.now()).await;
        *self.rate_status.lock().unwrap_or_else(PoisonError::into_inner) = Some(status);
    }

    /// Returns what is left of the caller's limit; `None` if they have none, or the request is not yet counted.
    pub fn rate_status(&self) -> Option<RateStatus> {
        *self.rate_status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers the use of a key that is to be recorded, if there is one.
    pub(crate) fn set_unrecorded_use(&self, key_use: Option<KeyUse>) {
        *self.unrecorded_use.lock().unwrap_or_else(PoisonError::into_inner) = key_use;
    }

    /// Takes the use of a key that is to be recorded.
    pub(crate) fn take_unrecorded_use(&self) -> Option<KeyUse> {
        self.unrecorded_use.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Remembers what the request is identified by when it is sent again; later tries keep it.
    pub(crate) fn set_idempotency_id(&self, id: IdempotencyId) -> &IdempotencyId {
        self.idempotency_id.get_or_init(|| id)
    }

    /// Returns what the request is identified by when it is sent again, if it has an idempotency key.
    pub fn idempotency_id(&self) -> Option<&IdempotencyId> {
        self.idempotency_id.get()
    }

    /// Returns the role that the caller had when the request was last admitted.
    pub(crate) fn role(&self) -> Option<Role> {
        *self.role.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_role(&self, role: Role) {
        *self.role.lock().unwrap_or_else(PoisonError::into_inner) = Some(role);
    }

    /// Returns whether this is not the first try of the request.
    pub fn is_retry(&self) -> bool {
        self.is_retry.load(Ordering::Relaxed)
    }

    /// Returns the retries of work that can lose a race against other writes.
    pub fn retries(&self) -> Retries<'_> {
        Retries { cx: self, backoff: Backoff::new() }
    }

    /// Returns whether more than `reserve` of the request's time is left.
    pub fn has_time(&self, reserve: Duration) -> bool {
        Instant::now() + reserve < self.deadline
    }

    /// Returns the deadline of the request.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Fails if the request's `If-Match` names another version than this one (RFC 9110 §13.1.1).
    pub fn require_version(&self, version: u64) -> Result<(), Error> {
        entity_tag::require_version(self.request, version)
    }
}

/// The use of an API key, which is recorded after the work of the request.
pub(crate) struct KeyUse {
    pub(crate) key: StoredApiKey,
    pub(crate) secret_hash: Vec<u8>,
}

/// Omits the hash of the secret.
impl std::fmt::Debug for KeyUse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyUse").field("key", &self.key).finish_non_exhaustive()
    }
}

impl KeyUse {
    /// The maximum time for which a response waits for the record.
    const TIME_LIMIT: Duration = Duration::from_millis(250);

    /// Records the use. A failure is ignored: the next request records it.
    pub(crate) async fn record(self, cx: &Context<'_>) {
        let Self { key, secret_hash } = self;
        let recorded = cx.store().record_use(&key, &secret_hash, cx.secrets(), cx.now());
        _ = timeout(Self::TIME_LIMIT, recorded).await;
    }
}

/// The retries of work that can lose a race against other writes.
#[derive(Debug)]
pub struct Retries<'a> {
    cx: &'a Context<'a>,
    backoff: Backoff,
}

impl Retries<'_> {
    /// Waits a random time, up to a ceiling that doubles with each retry, and then takes a new "now". Returns `false` without waiting if
    /// less than a third of the request's time would be left.
    pub async fn wait(&mut self) -> bool {
        let Context { started, deadline, .. } = *self.cx;
        let until = Instant::now() + self.backoff.pause();
        if until + deadline.duration_since(started) / 3 >= deadline {
            return false;
        }
        sleep_until(until).await;
        self.cx.renew_now();
        self.cx.is_retry.store(true, Ordering::Relaxed);
        true
    }
}
