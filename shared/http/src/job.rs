//! Jobs: Lambda functions that run on a schedule instead of for a caller.

use std::{num::NonZeroU32, pin::Pin};

use padron_domain::{Error, Timestamp};
use padron_store::{Action, Store};
use serde::Serialize;
use tokio::time::{Duration, Instant};

/// Work that runs on a schedule, as a Lambda function of its own.
pub trait Job: Send + Sync + 'static {
    /// The name of the function and of its binary.
    const FUNCTION: &'static str;
    /// The schedule, as an EventBridge expression: `rate(1 hour)`.
    const SCHEDULE: &'static str;
    /// The store actions of the job.
    const ACTIONS: &'static [&'static [Action]];
    /// The report that is written to the log after a run.
    type Report: Serialize + Send;

    /// Runs the job. A run does as much of the work as its time allows, and the next run continues it.
    fn run(cx: &JobContext) -> impl Future<Output = Result<Self::Report, Error>> + Send;
}

/// One run of a job.
#[derive(Debug)]
pub struct JobContext {
    /// The time at which the run began.
    pub now: Timestamp,
    pub(crate) store: Store,
    pub(crate) deadline: Instant,
    /// The maximum number of write units a second; `None` if the run has no limit.
    write_rate: Option<NonZeroU32>,
}

impl JobContext {
    /// Creates a run whose requests to the store end at `deadline`. Its writes are not limited.
    pub fn new(store: &Store, now: Timestamp, deadline: Instant) -> Self {
        Self { now, store: store.until(deadline), deadline, write_rate: None }
    }

    /// Limits the writes of the run, to leave most of the table's capacity to callers.
    #[must_use]
    pub fn with_write_rate(self, units_per_second: NonZeroU32) -> Self {
        Self { write_rate: Some(units_per_second), ..self }
    }

    /// Returns the maximum number of write units a second; `None` if the run has no limit.
    pub fn write_rate(&self) -> Option<NonZeroU32> {
        self.write_rate
    }

    /// Returns the store, with the deadline of this run.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Returns the instant at which only `reserve` of the run's time is left.
    pub fn end(&self, reserve: Duration) -> Instant {
        self.deadline.checked_sub(reserve).unwrap_or(self.deadline)
    }
}

/// A job's [`Job::run`] with its types erased. It returns the report as JSON.
pub type RunJob =
    for<'a> fn(&'a JobContext) -> Pin<Box<dyn Future<Output = Result<serde_json::Value, Error>> + Send + 'a>>;

/// A job as the deployment and the tests know it.
#[derive(Clone, Copy, Debug)]
pub struct JobRegistration {
    /// The name of the function.
    pub function: &'static str,
    /// The schedule, as an EventBridge expression.
    pub schedule: &'static str,
    /// Runs the job.
    pub run: RunJob,
    /// Returns the path of the job's type, as its binary names it.
    pub type_name: fn() -> &'static str,
    actions: &'static [&'static [Action]],
}

impl JobRegistration {
    /// Registers a job.
    pub const fn of<J: Job>() -> Self {
        Self {
            function: J::FUNCTION,
            schedule: J::SCHEDULE,
            run: run::<J>,
            type_name: std::any::type_name::<J>,
            actions: J::ACTIONS,
        }
    }

    /// Returns the store actions of the function, sorted and without duplicates.
    pub fn actions(&self) -> Vec<Action> {
        let mut actions = self.actions.concat();
        actions.sort_unstable();
        actions.dedup();
        actions
    }
}

/// Runs a job and serializes its report.
fn run<'a, J: Job>(
    cx: &'a JobContext,
) -> Pin<Box<dyn Future<Output = Result<serde_json::Value, Error>> + Send + 'a>> {
    Box::pin(async move {
        let report = J::run(cx).await?;
        serde_json::to_value(report).map_err(|_| Error::internal("a report is not JSON"))
    })
}
