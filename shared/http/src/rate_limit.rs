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
use tokio::time::{Instant, timeout};

/// The maximum time in which the database must count a request. Afterwards, the request passes.
const TIME_LIMIT: Duration = Duration::from_millis(250);
/// The maximum number of limits in memory.
const MAX_LIMITS: usize = 1_000;

/// What this environment has reserved of limits, by subject.
#[derive(Debug, Default)]
pub(crate) struct RateLimiter(Mutex<HashMap<RateSubject, SharedLease>>);

/// A lease that concurrent requests share. While one of them asks the database, the others wait for it.
type SharedLease = Arc<tokio::sync::Mutex<Lease>>;

/// The requests of one limit that this environment has reserved.
#[derive(Clone, Copy, Debug, Default)]
struct Lease {
    /// How many requests were last reserved at once.
    size: u32,
    /// How many reserved requests are left.
    requests: u32,
    /// When they are lost.
    expires_at: Option<Timestamp>,
    /// The theoretical arrival time of GCRA, at which the whole limit is renewed, in microseconds since 1970.
    arrival_micros: i64,
    /// The last refusal.
    refusal: Option<Refusal>,
    /// When the database last failed to count a request in time.
    failed_at: Option<Instant>,
}

/// The refusal of a reservation.
#[derive(Clone, Copy, Debug)]
struct Refusal {
    /// The number of requests that were to be reserved.
    requests: u32,
    /// Until when the database is not asked for as many.
    until: Timestamp,
}

/// What is left of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateStatus {
    /// The limit.
    pub limit: RateLimit,
    /// What is left of it; `None` if the database did not say in time. The request passed then.
    pub remaining: Option<Remaining>,
}

/// The number of requests that are left of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remaining {
    /// The number of requests that are left now.
    pub requests: u32,
    /// The time until the whole limit is renewed, in seconds.
    pub reset: u32,
}

impl RateStatus {
    /// Returns what is left of a limit at `now`. `reserved` requests of it are counted already, and not yet used.
    fn at(limit: RateLimit, reserved: u32, arrival_micros: i64, now: Timestamp) -> Self {
        let ahead = arrival_micros.saturating_sub(micros(now)).max(0);
        let free = (limit.renewal_micros(limit.burst()) - ahead).max(0);
        let requests = free * i64::from(limit.limit) / (i64::from(limit.period) * 1_000_000);
        let requests = u32::try_from(requests).unwrap_or(u32::MAX).saturating_add(reserved);
        let requests = requests.min(limit.burst());
        let reset = u32::try_from(ahead.saturating_add(999_999) / 1_000_000).unwrap_or(u32::MAX);
        Self { limit, remaining: Some(Remaining { requests, reset }) }
    }

    const fn unknown(limit: RateLimit) -> Self {
        Self { limit, remaining: None }
    }

    /// Returns the header `RateLimit` (draft-ietf-httpapi-ratelimit-headers); `None` if what is left is not known.
    pub(crate) fn header(&self) -> Option<String> {
        let Remaining { requests, reset } = self.remaining?;
        Some(format!("\"default\";r={requests};t={reset}"))
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
    /// Takes `cost` requests, at most the burst, from a limit. Returns what is left of it, and an error if it is used up.
    ///
    /// If the database does not count them in time, this environment counts them for itself, so that a database that is late does not let
    /// pass more than the limit in each environment.
    pub(crate) async fn take(
        &self,
        store: &Store,
        subject: &RateSubject,
        limit: RateLimit,
        cost: u32,
        now: Timestamp,
    ) -> (RateStatus, Result<(), Error>) {
        let began_at = Instant::now();
        let lease = self.lease(subject, now);
        let mut lease = lease.lock().await;
        // If the database has just failed another request, while this one waited for it, it is not asked again.
        if lease.failed_at.is_none_or(|failed_at| failed_at < began_at) {
            match timeout(TIME_LIMIT, lease.take(store, subject, limit, cost, now)).await {
                Ok(Ok(outcome)) => return (lease.status(limit, now), outcome),
                Ok(Err(_)) | Err(_) => lease.failed_at = Some(Instant::now()),
            }
        }
        (RateStatus::unknown(limit), lease.take_uncounted(limit, cost, now))
    }

    /// Returns what is left of a limit, without taking from it.
    pub(crate) async fn status(
        &self,
        store: &Store,
        subject: &RateSubject,
        limit: RateLimit,
        now: Timestamp,
    ) -> RateStatus {
        let Ok(Ok(arrival)) = timeout(TIME_LIMIT, store.arrival_micros(subject)).await else {
            return RateStatus::unknown(limit);
        };
        let lease = self.lease(subject, now);
        let mut lease = lease.lock().await;
        lease.drop_expired(now);
        RateStatus::at(limit, lease.requests, arrival.unwrap_or(0), now)
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
        self.expires_at.is_some_and(|at| now < at) || self.refusal.is_some_and(|refusal| now < refusal.until)
    }

    async fn take(
        &mut self,
        store: &Store,
        subject: &RateSubject,
        limit: RateLimit,
        cost: u32,
        now: Timestamp,
    ) -> Result<Result<(), Error>, Error> {
        let lost = self.drop_expired(now);
        let needed = cost.saturating_sub(self.requests);
        if needed > 0 {
            if let Some(Refusal { requests, until }) = self.refusal
                && now < until
                && requests <= needed
            {
                return Ok(Err(rate_limited(until.max(self.free_at(limit, needed, now)), now)));
            }
            if let Err(refusal) = self.reserve(store, subject, limit, (needed, lost), now).await? {
                self.refusal = Some(refusal);
                return Ok(Err(rate_limited(refusal.until, now)));
            }
        }
        self.requests -= cost;
        Ok(Ok(()))
    }

    /// Drops the requests that are lost, and returns how many they are; `None` if the lease has not expired.
    fn drop_expired(&mut self, now: Timestamp) -> Option<u32> {
        let has_expired = self.expires_at.is_some_and(|at| at <= now);
        has_expired.then(|| {
            self.expires_at = None;
            std::mem::take(&mut self.requests)
        })
    }

    /// Reserves at least `needed` requests. `lost` is how many of the previous ones were lost; `None` if they were used up in time.
    async fn reserve(
        &mut self,
        store: &Store,
        subject: &RateSubject,
        limit: RateLimit,
        (needed, lost): (u32, Option<u32>),
        now: Timestamp,
    ) -> Result<Result<(), Refusal>, Error> {
        let period = Duration::from_secs(limit.period.into());
        let was_refused = self.refusal.is_some_and(|refusal| now < refusal.until.plus(period));
        // As many as two seconds renew, so that a limit that is used up costs each environment one write in two seconds.
        let share = (2 * limit.limit / limit.period).clamp(1, limit.max_lease()).max(needed);
        // If the last ones were used up in time, twice as many are reserved. If some were lost, as many as were used are reserved.
        let size = match lost {
            _ if was_refused => share,
            Some(lost) => self.size.saturating_sub(lost),
            None => self.size.saturating_mul(2),
        };
        let mut size = size.clamp(1, limit.max_lease()).max(needed);
        let mut outcome = store.take_requests(subject, limit, size, now).await?;
        if !outcome.is_taken && size > needed && !was_refused {
            // Fewer may be left. From now on, as many are asked for as after a refusal.
            self.refusal = Some(Refusal { requests: size, until: now });
            size = needed;
            outcome = store.take_requests(subject, limit, size, now).await?;
        }
        self.arrival_micros = outcome.arrival_micros;
        if !outcome.is_taken {
            return Ok(Err(Refusal { requests: needed, until: self.free_at(limit, share, now) }));
        }
        self.size = size;
        self.requests += size;
        self.expires_at = Some(now.plus(limit.lease_duration()));
        Ok(Ok(()))
    }

    /// Takes requests without the database, by what this environment knows of the limit.
    fn take_uncounted(&mut self, limit: RateLimit, cost: u32, now: Timestamp) -> Result<(), Error> {
        self.drop_expired(now);
        let needed = cost.saturating_sub(self.requests);
        let until = self.free_at(limit, needed, now);
        if now < until {
            return Err(rate_limited(until, now));
        }
        self.arrival_micros = self.arrival_micros.max(micros(now)) + limit.renewal_micros(needed);
        self.requests -= cost - needed;
        Ok(())
    }

    /// Returns when this number of requests is free, as far as this environment knows.
    fn free_at(&self, limit: RateLimit, requests: u32, now: Timestamp) -> Timestamp {
        let latest = limit.renewal_micros(limit.burst()) - limit.renewal_micros(requests);
        let wait = u64::try_from(self.arrival_micros - micros(now) - latest).unwrap_or(0);
        now.plus(Duration::from_millis(wait.div_ceil(1000)))
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
