//! Whether the receiver of a webhook takes what it is sent.

use std::time::Duration;

use crate::Timestamp;

/// The outcomes of the last requests of a webhook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookHealth {
    /// When the first request failed after the last success; `None` if the last one has succeeded.
    pub failing_since: Option<Timestamp>,
    /// The number of failed requests since the last success. Beyond [`WebhookHealth::FAILING`], at most one a minute is counted.
    pub consecutive_failures: u64,
    /// When the last counted request failed.
    pub failed_at: Option<Timestamp>,
    /// When a request last succeeded, to the hour; `None` if none has.
    pub succeeded_at: Option<Timestamp>,
    /// Whether the last recorded request has taken long.
    pub is_slow: bool,
}

impl WebhookHealth {
    /// The number of failures in a row after which a receiver is treated as one that fails.
    pub const FAILING: u64 = 10;
    /// The time in which a receiver must answer.
    const TIME_LIMIT: Duration = Duration::from_secs(15);
    /// The time in which a receiver must answer that fails.
    const SHORT_TIME_LIMIT: Duration = Duration::from_secs(5);
    /// The number of attempts of a delivery that are short if the receiver fails.
    const SHORT_ATTEMPTS: u32 = 4;
    /// The time without success after which a webhook is disabled.
    const MAX_FAILING_TIME: Duration = Duration::from_secs(5 * 24 * 60 * 60);
    /// The minimum number of failures before a webhook is disabled.
    const MIN_FAILURES: u64 = 20;
    /// The time between two records of failures, beyond the first ones.
    const FAILURE_INTERVAL: Duration = Duration::from_secs(60);
    /// The time between two records of successes.
    const SUCCESS_INTERVAL: Duration = Duration::from_secs(60 * 60);

    /// Returns whether the receiver fails: its webhook gets one request at a time, and short ones.
    pub const fn is_failing(&self) -> bool {
        self.consecutive_failures >= Self::FAILING
    }

    /// Returns whether a request of this duration has taken long.
    pub fn is_long(duration: Duration) -> bool {
        duration >= Self::SHORT_TIME_LIMIT
    }

    /// Returns whether requests have failed since the last success.
    pub const fn has_failures(&self) -> bool {
        self.consecutive_failures > 0
    }

    /// Returns the time in which a receiver must answer a request, given the number of failures of the delivery.
    ///
    /// While a receiver fails, the first attempts of a delivery are short, so that many of them take little time. The later ones are few, and
    /// long enough for a receiver that is slow and no longer fails.
    pub const fn time_limit(&self, failures: u32) -> Duration {
        if self.is_failing() && failures < Self::SHORT_ATTEMPTS {
            Self::SHORT_TIME_LIMIT
        } else {
            Self::TIME_LIMIT
        }
    }

    /// Returns whether a success now must be recorded. `is_slow` is whether the request has taken long.
    pub fn must_record_success(&self, now: Timestamp, is_slow: bool) -> bool {
        self.has_failures()
            || self.is_slow != is_slow
            || self.succeeded_at.is_none_or(|at| at.plus(Self::SUCCESS_INTERVAL) <= now)
    }

    /// Returns whether a failure now must be recorded. Each record is a write, so those of a failing receiver are few. `clock_factor` is the
    /// factor by which a local stack is faster.
    pub fn must_record_failure(&self, now: Timestamp, clock_factor: u32) -> bool {
        !self.is_failing()
            || self.failed_at.is_none_or(|at| at.plus(Self::FAILURE_INTERVAL / clock_factor) <= now)
    }

    /// Returns the health after a failure.
    #[must_use]
    pub fn after_failure(&self, now: Timestamp) -> Self {
        Self {
            failing_since: self.failing_since.or(Some(now)),
            consecutive_failures: self.consecutive_failures + 1,
            failed_at: Some(now),
            ..self.clone()
        }
    }

    /// Returns the health without the failures.
    #[must_use]
    pub fn reset(&self) -> Self {
        Self { succeeded_at: self.succeeded_at, is_slow: self.is_slow, ..Self::default() }
    }

    /// Returns whether the webhook must be disabled: it has had no success for five days, and twenty failures. `clock_factor` is the factor
    /// by which a local stack is faster.
    pub fn must_disable(&self, now: Timestamp, clock_factor: u32) -> bool {
        self.consecutive_failures >= Self::MIN_FAILURES
            && self
                .failing_since
                .is_some_and(|since| since.plus(Self::MAX_FAILING_TIME / clock_factor) <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn start() -> Timestamp {
        Timestamp::parse("2026-01-15T12:00:00Z").unwrap()
    }

    #[test]
    fn a_webhook_is_disabled_after_five_days_and_twenty_failures() {
        let mut health = WebhookHealth::default();
        for failure in 1..=20_u32 {
            let now = start().plus(DAY.mul_f64(0.3) * failure);
            assert!(health.must_record_failure(now, 1));
            health = health.after_failure(now);
            assert_eq!(health.is_failing(), failure >= 10);
            assert_eq!(health.must_disable(now, 1), failure == 20, "{failure}");
        }
        let quick = (0..30).fold(WebhookHealth::default(), |health, _| health.after_failure(start()));
        assert!(!quick.must_disable(start().plus(DAY * 4), 1), "not yet five days");
        assert!(quick.must_disable(start().plus(DAY * 5), 1));
        assert!(quick.must_disable(start().plus(DAY), 5), "a stack that is five times as fast");
    }

    #[test]
    fn first_attempts_are_short_while_a_receiver_fails() {
        let healthy = WebhookHealth::default();
        let failing = (0..10).fold(healthy.clone(), |health, _| health.after_failure(start()));
        let seconds = |health: &WebhookHealth, failures| health.time_limit(failures).as_secs();
        assert_eq!((seconds(&healthy, 0), seconds(&failing, 0), seconds(&failing, 3)), (15, 5, 5));
        assert_eq!(seconds(&failing, 4), 15, "a slow receiver can recover");
    }

    #[test]
    fn outcomes_are_recorded_when_they_tell_something_new() {
        let second = Duration::from_secs(1);
        let healthy = WebhookHealth { succeeded_at: Some(start()), ..WebhookHealth::default() };
        assert!(WebhookHealth::default().must_record_success(start(), false), "the first one");
        assert!(!healthy.must_record_success(start().plus(second * 3599), false));
        assert!(healthy.must_record_success(start().plus(second * 3600), false));
        assert!(healthy.must_record_success(start(), true), "it has become slow");
        assert!(healthy.after_failure(start()).must_record_success(start(), false), "it has recovered");
        let failing = (0..10).fold(healthy, |health, _| health.after_failure(start()));
        assert!(!failing.must_record_failure(start().plus(second * 59), 1));
        assert!(failing.must_record_failure(start().plus(second * 60), 1));
    }
}
