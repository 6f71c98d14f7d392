//! Limits of requests.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A limit of requests in a period.
///
/// It is enforced by the generic cell rate algorithm (GCRA, ITU-T I.371): requests may come in a burst of [`RateLimit::burst`], and then at the
/// rate at which the limit is renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimit {
    /// The number of requests, from 1 to 1,000,000.
    pub limit: u32,
    /// The period in seconds, from 1 to 86,400.
    pub period: u32,
}

impl RateLimit {
    /// The limit of a key that was created without one.
    pub const DEFAULT: Self = Self { limit: 1_000, period: 60 };
    /// The greatest number of requests.
    pub const MAX_LIMIT: u32 = 1_000_000;
    /// The longest period: a day, in seconds.
    pub const MAX_PERIOD: u32 = 86_400;

    /// Returns the greatest number of requests that a server takes from the limit at once: a fiftieth of it.
    ///
    /// It serves the next requests from what it took, without asking the database.
    pub const fn max_lease(self) -> u32 {
        let share = self.limit / 50;
        if share == 0 { 1 } else { share }
    }

    /// Returns the time for which a server serves requests from what it took, a twentieth of the period. What is left then is lost.
    pub const fn lease_duration(self) -> Duration {
        Duration::from_millis(self.period as u64 * 50)
    }

    /// Returns the time in which this number of requests is renewed, in microseconds, rounded up.
    pub const fn renewal_micros(self, requests: u32) -> i64 {
        (requests as i64 * self.period as i64 * 1_000_000 + self.limit as i64 - 1) / self.limit as i64
    }

    /// Returns the number of requests that can be taken at once, in a burst.
    ///
    /// A server may serve what it took until [`Self::lease_duration`] later. The burst is smaller than the limit by what is renewed in that
    /// time, so that no period has more than twice the limit.
    pub const fn burst(self) -> u32 {
        if self.max_lease() == 1 { self.limit } else { self.limit - self.limit.div_ceil(20) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_renewed_in_a_period_is_the_limit_and_never_more() {
        for limit in [1, 2, 7, 49, 50, 99, 100, 101, 119, 600, 1_000, 999_999, 1_000_000] {
            for period in [1, 7, 60, 3_600, 86_400] {
                let rate = RateLimit { limit, period };
                let micros = i64::from(period) * 1_000_000;
                // What is served in a period was taken in it, or while the leases at its beginning ran.
                let leased = if rate.max_lease() == 1 { 0 } else { rate.lease_duration().as_micros() };
                let span = micros + i64::try_from(leased).unwrap();
                let renewed = i64::from(limit) * span / micros;
                assert!(i64::from(rate.burst()) + renewed <= 2 * i64::from(limit), "{rate:?}");
                assert_eq!(rate.renewal_micros(limit), micros, "{rate:?}");
                let lease = rate.renewal_micros(rate.max_lease());
                assert!(micros / lease * i64::from(rate.max_lease()) <= i64::from(limit), "{rate:?}");
                assert!(rate.burst() >= rate.max_lease(), "{rate:?}");
            }
        }
    }
}
