//! The code around all handlers, from an event to a response, and around jobs and consumers.

use std::{num::NonZeroU32, panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use padron_auth::Verifier;
use padron_domain::{Clock, Error};
use padron_store::Store;
use tokio::time::{Instant, timeout_at};

use crate::{
    background::{BackgroundContext, BackgroundRegistration},
    context::{Context, Services},
    endpoint::Registration,
    environment::Environment,
    event::{PathEncoding, Request},
    log::{Entry, Log},
    metrics::EmbeddedMetrics,
    problem::ErrorFormat,
    rate_limit::RateLimiter,
    response::{GatewayResponse, Response},
    route::ROUTE_NOT_FOUND,
    settings::Settings,
    signing_keys::SigningKeyCache,
};

/// The part of a request's time that is reserved for the response, after the store's deadline.
const RESERVE: Duration = Duration::from_millis(250);

/// The state of one Lambda environment between requests.
#[derive(Debug)]
pub struct App {
    services: Services,
    path_encoding: PathEncoding,
    log: Log,
    /// The maximum number of write units that a job consumes in a second.
    write_rate: NonZeroU32,
}

impl App {
    /// Creates the state. It does not connect to the database yet.
    pub fn new(settings: Settings, clock: Clock, log: Log) -> Self {
        let Settings { connection, issuer, secrets, options, job_pace, warm_up: _, path_encoding } = settings;
        let (store, verifier) = (Store::new(&connection), Verifier::new([issuer]));
        Self {
            services: Services {
                store,
                verifier,
                environment: Environment::new(secrets, options),
                limits: RateLimiter::default(),
                signing_keys: SigningKeyCache::default(),
                clock,
            },
            path_encoding,
            log,
            write_rate: job_pace,
        }
    }

    /// Connects to the database before the first request. Gives up after `time`.
    pub async fn warm_up(&self, time: Duration) {
        let store = self.services.store.until(Instant::now() + time);
        store.warm_up().await;
    }

    /// Runs a background function, and returns its response for Lambda. It ends at the deadline.
    pub async fn run(
        &self,
        function: &BackgroundRegistration,
        payload: &str,
        deadline: Instant,
    ) -> Result<serde_json::Value, Error> {
        let cx = self.background(function.function, deadline).with_write_rate(self.write_rate);
        (function.run)(&cx, payload).await
    }

    /// Returns an invocation of a background function. Its writes are not limited.
    pub fn background(&self, function: &'static str, deadline: Instant) -> BackgroundContext<'_> {
        let Services { environment, store, clock, .. } = &self.services;
        BackgroundContext::new(environment, store, clock, &self.log, function, deadline)
    }

    /// Answers one event. It always returns a response before the deadline, whatever the event contains.
    pub async fn respond(
        &self,
        endpoint: &Registration,
        payload: &str,
        invocation_id: &str,
        deadline: Instant,
    ) -> GatewayResponse {
        let started = Instant::now();
        let work_until = deadline.checked_sub(RESERVE).unwrap_or(deadline);
        let store = self.services.store.until(work_until);
        let mut request = Request::parse(payload);
        let decoded = match &mut request {
            Ok(request) if self.path_encoding == PathEncoding::Encoded => request.decode_path(),
            _ => Ok(()),
        };
        let request_id = request.as_ref().ok().and_then(Request::id).unwrap_or(invocation_id);
        let (mut caller, mut rate_status, mut noted_cause) = (None, None, None);
        let outcome = match (&request, decoded) {
            (Ok(request), Ok(())) if request.is_at_root() && !endpoint.info.is_at_root => {
                Err(ROUTE_NOT_FOUND.into())
            }
            (Ok(request), Ok(())) => {
                let store = store.clone();
                let cx = Context::new(
                    &self.services,
                    &endpoint.info,
                    request,
                    request_id,
                    store,
                    started,
                    work_until,
                );
                let outcome = run_until(deadline, (endpoint.run)(&cx)).await;
                (caller, rate_status, noted_cause) = (cx.caller(), cx.rate_status(), cx.noted_cause());
                outcome
            }
            (Ok(_), Err(error)) => Err(error),
            (Err(error), _) => Err(Error::from_violations(error.violations().to_vec())),
        };
        let cause = outcome.as_ref().err().and_then(Error::cause).map(ToOwned::to_owned).or(noted_cause);
        let mut response = outcome.unwrap_or_else(|error| {
            let request = request.as_ref().ok();
            let options = self.services.environment.options();
            let issuer = || request.map_or_else(String::new, |request| options.issuer(request));
            let format = match error.failure() {
                ROUTE_NOT_FOUND => ErrorFormat::Problem,
                _ => endpoint.info.error_format,
            };
            Response::failure(&error, request_id, format, request, issuer)
        });
        if let Some(status) = rate_status
            && let Some(header) = status.header()
        {
            response = response.header("ratelimit", header);
            response = response.header("ratelimit-policy", status.policy_header());
        }
        let spent = store.spent();
        let metrics = &self.services.environment.options().metrics;
        self.log.write(&Entry {
            metrics: EmbeddedMetrics::of_request(metrics, self.services.clock.now()),
            level: if response.status() < 500 { "info" } else { "error" },
            message: "request",
            request_id,
            function: endpoint.route.function,
            table: &metrics.table,
            status: response.status(),
            errors: u8::from(response.status() >= 500),
            code: response.code(),
            caller: caller.as_deref(),
            rate_limit_unknown: rate_status.is_some_and(|status| status.remaining.is_none()),
            duration_ms: started.elapsed().as_millis(),
            store_calls: spent.calls,
            store_units: spent.units,
            cause,
        });
        let response = response.into_gateway_response(request_id);
        if request.is_ok_and(|request| request.is_head()) { response.without_body() } else { response }
    }
}

/// Runs `work` until the deadline. A panic or a missed deadline becomes an error.
async fn run_until(
    deadline: Instant,
    work: impl Future<Output = Result<Response, Error>>,
) -> Result<Response, Error> {
    match timeout_at(deadline, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(Error::internal("panicked")),
        Err(_) => Err(Error::unavailable("the deadline came before the response")),
    }
}
