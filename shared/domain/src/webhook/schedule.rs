//! When a delivery that has failed is attempted again.

use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// The pauses between the attempts. Together they are some 75 hours.
const PAUSES: [Duration; 9] = [
    MINUTE,
    MINUTE.saturating_mul(5),
    MINUTE.saturating_mul(30),
    HOUR.saturating_mul(2),
    HOUR.saturating_mul(5),
    HOUR.saturating_mul(10),
    HOUR.saturating_mul(14),
    HOUR.saturating_mul(20),
    HOUR.saturating_mul(24),
];

/// The number of attempts of a delivery.
pub const MAX_ATTEMPTS: u32 = 10;

/// The time after which a delivery that is to be attempted now is sent to the queue again, if no attempt was made.
pub const FIRST_SWEEP: Duration = MINUTE.saturating_mul(2);
/// The time after which a delivery that was sent to the queue by a sweep is sent again, if no attempt was made. A backlog thus does not keep
/// the others waiting.
pub const NEXT_SWEEP: Duration = MINUTE.saturating_mul(10);
/// The time that a message may wait in the queue.
///
/// The deliveries of a slow receiver wait in the table and not in the queue, where the messages of others would wait behind them.
pub const MAX_QUEUE_TIME: Duration = MINUTE.saturating_mul(5);

/// The share of a pause by which it is longer or shorter, so that deliveries that failed together are not attempted together.
const JITTER: f64 = 0.1;

/// Returns the pause after the failed attempt with this number, counted from 1; `None` after the last one.
///
/// `random` is a number from 0 to 1. What the receiver asks for with `Retry-After` counts if it is not shorter than the pause, and not
/// longer than the one after it.
pub fn pause_after(failures: u32, retry_after: Option<Duration>, random: f64) -> Option<Duration> {
    let index = usize::try_from(failures.checked_sub(1)?).ok()?;
    let pause = *PAUSES.get(index)?;
    let longest = PAUSES.get(index + 1).copied().unwrap_or(pause);
    let jittered = pause.mul_f64(1.0 - JITTER + 2.0 * JITTER * random);
    Some(retry_after.map_or(jittered, |wanted| wanted.clamp(jittered, longest.max(jittered))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_attempts_take_some_seventy_five_hours() {
        let pauses: Vec<Duration> = (1..).map_while(|failures| pause_after(failures, None, 0.5)).collect();
        assert_eq!(pauses.len(), usize::try_from(MAX_ATTEMPTS).unwrap() - 1);
        assert_eq!(pauses.iter().sum::<Duration>(), HOUR * 75 + MINUTE * 36);
        assert_eq!(pause_after(0, None, 0.5), None);
        for (random, seconds) in [(0.0, 54), (1.0, 66)] {
            assert_eq!(pause_after(1, None, random).unwrap().as_secs_f64().round(), f64::from(seconds));
        }
    }

    #[test]
    fn a_receiver_may_ask_for_a_later_attempt_up_to_the_one_after_it() {
        let pause =
            |failures, seconds| pause_after(failures, Some(Duration::from_secs(seconds)), 0.5).unwrap();
        assert_eq!(pause(1, 0), MINUTE);
        assert_eq!(pause(1, 90), Duration::from_secs(90));
        assert_eq!(pause(1, 1_000_000), MINUTE * 5);
        assert_eq!(pause(9, 1_000_000), HOUR * 24);
    }
}
