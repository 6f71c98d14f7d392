//! The times of the schedule, on the clock of the installation.

use std::time::Duration;

use padron_domain::Timestamp;
use padron_http::Environment;

/// Returns the instant that is `time` of the schedule after `now`. The clock of a local stack may be faster.
pub(crate) fn after(environment: &Environment, now: Timestamp, time: Duration) -> Timestamp {
    now.plus(time / environment.options().clock_factor)
}
