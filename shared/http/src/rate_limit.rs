//! Limits of requests, enforced across all environments of all functions.
//!
//! Limits are counted in the table. An environment reserves several requests at once, so that not every request causes a write.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use padron_domain::{Error, RateLimit, Timestamp};
use padron_store::{RateSubject, Store};
use tokio::time::timeout;

/// The maximum time in which the database must count a request. Afterwards, the request passes.
const TIME_LIMIT: Duration = Duration::from_millis(250);
/// The maximum number of limits in memory.
const MAX_LIMITS: usize = 1_000;

/// What this environment has taken from limits, by subject.
#[derive(Debug, Default)]
pub(crate) struct RateLimiter(Mutex<HashMap<RateSubject, SharedLease>>);

/// A lease that concurrent requests share. While one of them asks the database, the others wait for it.
type SharedLease = Arc<tokio::sync::Mutex<Lease>>;

/// What this environment has taken from a limit.
#[derive(Clone, Copy, Debug, Default)]
struct Lease {
    limit: Option<RateLimit>,
    /// How many requests were taken.
    size: u32,
    /// How many of them are left.
    requests: u32,
    /// When they are lost.
    until: Option<Timestamp>,
    /// The theoretical arrival time of GCRA, at which the whole limit is renewed, in microseconds since 1970.
    arrival_micros: i64,
    /// How many requests were last refused, and until when the database is not asked for as many.
    refused: Option<(u32, Timestamp)>,
}

/// What is left of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateStatus {
    /// The limit.
    pub limit: RateLimit,
    /// The number of requests that are left now.
    pub remaining: u32,
    /// The time until the whole limit is renewed, in seconds.
    pub reset: u32,
    /// Whether the request passed because the database did not count it in time.
    pub is_unknown: bool,
}

impl RateStatus {
    /// Returns what is left of a limit at `now`. `taken` requests of it are already taken, and not yet used.
    pub(crate) fn at(limit: RateLimit, taken: u32, arrival_micros: i64, now: Timestamp) -> Self {
        let ahead = arrival_micros.saturating_sub(micros(now)).max(0);
        let free = (limit.renewal_micros(limit.burst()) - ahead).max(0);
        let requests = free * i64::from(limit.limit) / (i64::from(limit.period) * 1_000_000);
        let remaining = u32::try_from(requests).unwrap_or(u32::MAX).saturating_add(taken);
        let reset = u32::try_from(ahead.saturating_add(999_999) / 1_000_000).unwrap_or(u32::MAX);
        Self { limit, remaining, reset, is_unknown: false }
    }

    /// Returns the header `RateLimit` (draft-ietf-httpapi-ratelimit-headers).
    pub(crate) fn header(&self) -> String {
        format!("\"default\";r={};t={}", self.remaining, self.reset)
    }

    /// Returns the header `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers).
    pub(crate) fn policy_header(&self) -> String {
        format!("\"default\";q={};w={}", self.limit.limit, self.limit.period)
    }
}

fn micros(instant: Timestamp) -> i64 {
    instant.millis().saturating_mul(1000)
}

impl RateLimiter {
    /// Takes `cost` requests from a limit. Returns what is left of it, and an error if it is used up.
    pub(crate) async fn take(
        &self,
        store: &Store,
        subject: &RateSubject,
        limit: RateLimit,
        cost: u32,
        now: Timestamp,
    ) -> (RateStatus, Result<(), Error>) {
        let lease = self.lease(subject, now);
        let taken = timeout(TIME_LIMIT, async {
            let mut lease = lease.lock().await;
            lease.take(store, subject, limit, cost, now).await
        });
        match taken.await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) | Err(_) => {
                let status = RateStatus { is_unknown: true, ..RateStatus::at(limit, 0, micros(now), now) };
                (status, Ok(()))
            }
        }
    }

    fn lease(&self, subject: &RateSubject, now: Timestamp) -> SharedLease {
        let mut leases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if leases.len() >= MAX_LIMITS && !leases.contains_key(subject) {
            leases.retain(|_, lease| lease.try_lock().is_ok_and(|lease| lease.is_of_use(now)));
            if leases.len() >= MAX_LIMITS {
                leases.clear();
            }
        }
        leases.entry(subject.clone()).or_default().clone()
    }
}

impl Lease {
    fn is_of_use(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| now < until) || self.refused.is_some_and(|(_, until)| now < until)
    }

    async fn take(
        &mut self,
        store: &Store,
        subject: &RateSubject,
        limit: RateLimit,
        cost: u32,
        now: Timestamp,
    ) -> Result<(RateStatus, Result<(), Error>), Error> {
        if self.limit != Some(limit) {
            *self = Self { limit: Some(limit), ..Self::default() };
        }
        if cost > limit.burst() {
            let period = Duration::from_secs(limit.period.into());
            let status = RateStatus::at(limit, self.requests, self.arrival_micros, now);
            return Ok((status, Err(Error::rate_limited(period))));
        }
        let is_lost = self.until.is_none_or(|until| until <= now);
        let unused = if is_lost { std::mem::take(&mut self.requests) } else { 0 };
        if self.requests < cost {
            if let Some((refused, until)) = self.refused
                && now < until
                && refused <= cost
            {
                return Ok((self.status(limit, now), Err(rate_limited(until, now))));
            }
            let period = Duration::from_secs(limit.period.into());
            let was_refused_recently = self.refused.is_some_and(|(_, until)| now < until.plus(period));
            // After a recent refusal, as many requests as possible are reserved, so that the table is asked seldom. If the last ones were used
            // up in time, twice as many are reserved. If some were lost, as many as were used are reserved.
            let size = match (unused, is_lost) {
                (0, _) if was_refused_recently => limit.max_lease(),
                (0, false) => self.size.saturating_mul(2),
                (unused, _) => self.size.saturating_sub(unused),
            };
            let mut count = size.clamp(1, limit.max_lease()).max(cost);
            let mut outcome = store.take_requests(subject, limit, count, now).await?;
            if !outcome.is_taken && count > cost && !was_refused_recently {
                // Fewer may be left.
                count = cost;
                outcome = store.take_requests(subject, limit, count, now).await?;
            }
            self.arrival_micros = outcome.arrival_micros;
            if !outcome.is_taken {
                let wanted = limit.max_lease().max(cost);
                let latest = limit.renewal_micros(limit.burst()) - limit.renewal_micros(wanted);
                let wait = u64::try_from(outcome.arrival_micros - micros(now) - latest).unwrap_or(0);
                let until = now.plus(Duration::from_micros(wait)).next();
                self.refused = Some((cost, until));
                return Ok((self.status(limit, now), Err(rate_limited(until, now))));
            }
            (self.size, self.requests) = (count, count);
            self.until = Some(now.plus(limit.lease_duration()));
        }
        self.requests -= cost;
        Ok((self.status(limit, now), Ok(())))
    }

    fn status(&self, limit: RateLimit, now: Timestamp) -> RateStatus {
        RateStatus::at(limit, self.requests, self.arrival_micros, now)
    }
}

/// Returns the error of a limit that is used up until an instant.
fn rate_limited(until: Timestamp, now: Timestamp) -> Error {
    let millis = u64::try_from(until.millis() - now.millis()).unwrap_or(0);
    Error::rate_limited(Duration::from_secs(millis.div_ceil(1000)))
}
