//! The handle of the table for one request, which has a deadline and counts the capacity that the request consumes.

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

/// A handle of the table with the deadline and the consumed capacity of one request.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) client: Client,
    pub(crate) table: Arc<str>,
    deadline: Instant,
    spent: Arc<Mutex<Spent>>,
}

/// The calls and the capacity of a request, for the log.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spent {
    /// The number of successful calls of DynamoDB.
    pub calls: u32,
    /// The consumed capacity units, including those of indexes.
    pub units: f64,
}

impl Store {
    /// Creates a store. It connects when the first request is sent.
    ///
    /// Its deadline has passed already: use [`Store::until`] for a store that can be used.
    pub fn new(connection: &Connection) -> Self {
        Self {
            client: client::connect(connection),
            table: connection.table.as_str().into(),
            deadline: Instant::now(),
            spent: Arc::default(),
        }
    }

    /// Returns the store for one request, whose response is due at `deadline`.
    #[must_use]
    pub fn until(&self, deadline: Instant) -> Self {
        Self { client: self.client.clone(), table: self.table.clone(), deadline, spent: Arc::default() }
    }

    /// Returns the calls and the capacity so far.
    pub fn spent(&self) -> Spent {
        *self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a call, at most until the deadline.
    ///
    /// The call is in a box, because the compiler limits how deeply the types of futures are nested, and those of the SDK are deep.
    pub(crate) fn call<T, E>(
        &self,
        call: impl Future<Output = Result<T, SdkError<E>>>,
    ) -> impl Future<Output = Result<T, CallError<E>>> {
        let call = Box::pin(call);
        async move {
            match timeout_at(self.deadline, call).await {
                Ok(Ok(output)) => Ok(output),
                Ok(Err(error)) => Err(CallError::Sdk(Box::new(error))),
                Err(_) => Err(CallError::Deadline),
            }
        }
    }

    /// Records one call with the capacity that it consumed.
    pub(crate) fn record(&self, consumed: &[ConsumedCapacity]) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.calls += 1;
        spent.units += consumed.iter().filter_map(ConsumedCapacity::capacity_units).sum::<f64>();
    }

    /// Waits after throttling.
    ///
    /// Fails after three pauses, because more requests would keep the partition throttled.
    pub(crate) async fn pause_for_throttling(
        &self,
        throttling: &mut Throttling,
        why: &'static str,
    ) -> Result<(), Error> {
        let Some(pause) = throttling.pause() else { return Err(Error::unavailable(why)) };
        self.sleep(pause, why).await
    }

    /// Returns the output of a conditional write, and records its capacity; `None` if its condition has failed.
    pub(crate) fn if_condition_holds<T, E: ProvideErrorMetadata>(
        &self,
        outcome: Result<T, CallError<E>>,
        consumed: impl FnOnce(&T) -> &[ConsumedCapacity],
    ) -> Result<Option<T>, Error> {
        match outcome {
            Ok(output) => {
                self.record(consumed(&output));
                Ok(Some(output))
            }
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits before the next attempt of work that has lost a race against other writes. Fails if the wait would end after the deadline.
    pub async fn pause(&self, backoff: &mut Backoff, why: &'static str) -> Result<(), Error> {
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

/// Exponential backoff with full jitter, so that transactions that conflicted do not conflict again.
#[derive(Debug, Clone)]
pub struct Backoff {
    ceiling: Duration,
}

impl Backoff {
    const MAX_PAUSE: Duration = Duration::from_millis(500);

    /// Creates a backoff whose first pause is at most 20 ms.
    pub const fn new() -> Self {
        Self { ceiling: Duration::from_millis(20) }
    }

    /// Returns the next pause.
    pub fn pause(&mut self) -> Duration {
        let pause = self.ceiling.mul_f64(random_fraction());
        self.ceiling = (self.ceiling * 2).min(Self::MAX_PAUSE);
        pause
    }
}

/// Returns a random number from 0 (inclusive) to 1 (exclusive).
fn random_fraction() -> f64 {
    // The last bits of a random UUID are uniformly distributed.
    (uuid::Uuid::new_v4().as_u128() & 0xffff) as f64 / f64::from(0x1_0000)
}

/// The pauses between the attempts of a throttled request.
///
/// A partition that has exceeded its throughput needs fewer requests, so the pauses are long and few.
#[derive(Debug, Default)]
pub(crate) struct Throttling {
    pauses: u32,
}

impl Throttling {
    const MAX_PAUSES: u32 = 3;
    const FIRST: Duration = Duration::from_millis(100);

    /// Returns the next pause: at most 100 ms, then at most four times as long each time; `None` after the third.
    fn pause(&mut self) -> Option<Duration> {
        if self.pauses == Self::MAX_PAUSES {
            return None;
        }
        let ceiling = Self::FIRST * 4_u32.pow(self.pauses);
        self.pauses += 1;
        // The pause is at least half of the maximum, so that no throttled client retries immediately.
        Some(ceiling.mul_f64(0.5 + random_fraction() / 2.0))
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

/// The reason why a call returned no output.
pub(crate) enum CallError<E> {
    /// An error of the SDK or of DynamoDB.
    Sdk(Box<SdkError<E>>),
    /// The deadline of the request.
    Deadline,
}

impl<E: ProvideErrorMetadata> CallError<E> {
    /// Returns DynamoDB's error code; `None` if DynamoDB did not respond.
    pub(crate) fn code(&self) -> Option<&str> {
        let Self::Sdk(error) = self else { return None };
        let SdkError::ServiceError(error) = &**error else { return None };
        error.err().code()
    }
}

impl<E: ProvideErrorMetadata> From<CallError<E>> for Error {
    /// Keeps only the error code, because DynamoDB's messages can contain keys and values.
    fn from(error: CallError<E>) -> Self {
        let CallError::Sdk(error) = error else {
            return Self::unavailable("the deadline came before DynamoDB's response");
        };
        match *error {
            SdkError::TimeoutError(_) => Self::unavailable("DynamoDB did not answer in time"),
            SdkError::DispatchFailure(_) => Self::unavailable("DynamoDB could not be reached"),
            SdkError::ResponseError(_) => Self::unavailable("DynamoDB's response was cut off"),
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

/// Returns whether DynamoDB's documentation calls the error code retryable, in the chapter on error retries.
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
