//! The table as one request sees it: a deadline no wait goes beyond, and a count of what was spent.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    types::ConsumedCapacity,
};
use padron_domain::Error;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::client::{self, Connection};

/// The table, and what one request may spend on it.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) client: Client,
    pub(crate) table: Arc<str>,
    deadline: Instant,
    spent: Arc<Mutex<Spent>>,
}

/// What a request has spent: for the log, and so for the bill.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spent {
    /// Calls that succeeded.
    pub calls: u32,
    /// Capacity units, index units included.
    pub units: f64,
}

impl Store {
    /// Prepares a client; connects at the first call.
    pub fn new(connection: &Connection) -> Self {
        Self {
            client: client::connect(connection),
            table: connection.table.as_str().into(),
            deadline: Instant::now(),
            spent: Arc::default(),
        }
    }

    /// The store for one request, which must be answered by `deadline`.
    #[must_use]
    pub fn until(&self, deadline: Instant) -> Self {
        Self { client: self.client.clone(), table: self.table.clone(), deadline, spent: Arc::default() }
    }

    /// What was spent so far.
    pub fn spent(&self) -> Spent {
        *self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a call, but not beyond the deadline.
    pub(crate) async fn call<T, E>(
        &self,
        call: impl Future<Output = Result<T, SdkError<E>>>,
    ) -> Result<T, CallError<E>> {
        match timeout_at(self.deadline, call).await {
            Ok(Ok(output)) => Ok(output),
            Ok(Err(error)) => Err(CallError::Sdk(Box::new(error))),
            Err(_) => Err(CallError::Deadline),
        }
    }

    pub(crate) fn record(&self, consumed: &[ConsumedCapacity]) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.calls += 1;
        spent.units += consumed.iter().filter_map(ConsumedCapacity::capacity_units).sum::<f64>();
    }

    /// Waits after throttling, and gives up after three pauses: more requests would keep the partition throttled.
    pub(crate) async fn pause_for_throttling(
        &self,
        throttling: &mut Throttling,
        why: &'static str,
    ) -> Result<(), Error> {
        let Some(pause) = throttling.pause() else { return Err(Error::unavailable(why)) };
        self.sleep(pause, why).await
    }

    /// Waits before another try; fails where that would go beyond the deadline.
    pub(crate) async fn pause(&self, backoff: &mut Backoff, why: &'static str) -> Result<(), Error> {
        self.sleep(backoff.pause(), why).await
    }

    async fn sleep(&self, pause: Duration, why: &'static str) -> Result<(), Error> {
        let until = Instant::now() + pause;
        if until >= self.deadline {
            return Err(Error::unavailable(why));
        }
        sleep_until(until).await;
        Ok(())
    }
}

/// Pauses between tries: exponential, with full jitter so that those who collided do not collide again.
#[derive(Debug, Clone)]
pub struct Backoff {
    ceiling: Duration,
}

impl Backoff {
    const MAX_PAUSE: Duration = Duration::from_millis(500);

    /// Begins with short ones.
    pub const fn new() -> Self {
        Self { ceiling: Duration::from_millis(20) }
    }

    /// The next pause.
    pub fn pause(&mut self) -> Duration {
        let pause = self.ceiling.mul_f64(random_fraction());
        self.ceiling = (self.ceiling * 2).min(Self::MAX_PAUSE);
        pause
    }
}

/// A random number from 0 to less than 1.
fn random_fraction() -> f64 {
    // A random UUID is the randomness at hand: its last bits are uniform.
    (uuid::Uuid::new_v4().as_u128() & 0xffff) as f64 / f64::from(0x1_0000)
}

/// The tries of a request that DynamoDB throttles. A partition that is over its limit needs fewer requests, not more.
#[derive(Debug, Default)]
pub(crate) struct Throttling {
    pauses: u32,
}

impl Throttling {
    const MAX_PAUSES: u32 = 3;
    const FIRST: Duration = Duration::from_millis(100);

    /// The next pause: up to 100 ms, then up to four times as long each time. `None` after the third.
    fn pause(&mut self) -> Option<Duration> {
        if self.pauses == Self::MAX_PAUSES {
            return None;
        }
        let ceiling = Self::FIRST * 4_u32.pow(self.pauses);
        self.pauses += 1;
        // At least half of it: none of those who were turned away comes back at once.
        Some(ceiling.mul_f64(0.5 + random_fraction() / 2.0))
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

/// Why a call has no output.
pub(crate) enum CallError<E> {
    Sdk(Box<SdkError<E>>),
    Deadline,
}

impl<E: ProvideErrorMetadata> CallError<E> {
    /// DynamoDB's name for it, if DynamoDB answered.
    pub(crate) fn code(&self) -> Option<&str> {
        let Self::Sdk(error) = self else { return None };
        let SdkError::ServiceError(error) = &**error else { return None };
        error.err().code()
    }
}

impl<E: ProvideErrorMetadata> From<CallError<E>> for Error {
    /// Only codes are kept: DynamoDB's messages can quote keys and values.
    fn from(error: CallError<E>) -> Self {
        let CallError::Sdk(error) = error else {
            return Self::unavailable("the deadline came before DynamoDB's answer");
        };
        match *error {
            SdkError::TimeoutError(_) => Self::unavailable("DynamoDB did not answer in time"),
            SdkError::DispatchFailure(_) => Self::unavailable("DynamoDB could not be reached"),
            SdkError::ResponseError(_) => Self::unavailable("DynamoDB's answer was cut off"),
            SdkError::ServiceError(error) => {
                let code = error.err().code().unwrap_or("no code").to_owned();
                let cause = format!("DynamoDB answered {code}");
                if error.raw().status().is_server_error() || is_overload(&code) {
                    Self::unavailable(cause)
                } else {
                    Self::internal(cause)
                }
            }
            _ => Self::internal("a request to DynamoDB could not be built"),
        }
    }
}

/// Codes that DynamoDB's documentation calls retryable, under "error retries".
fn is_overload(code: &str) -> bool {
    matches!(
        code,
        "ProvisionedThroughputExceededException"
            | "ThrottlingException"
            | "RequestLimitExceeded"
            | "TransactionInProgressException"
            | "LimitExceededException"
            | "ItemCollectionSizeLimitExceededException"
    )
}
