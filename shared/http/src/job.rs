//! What runs by the clock instead of for a caller.

use std::{num::NonZeroU32, pin::Pin};

use padron_domain::{Error, Timestamp};
use padron_store::{Action, Store};
use serde::Serialize;
use tokio::time::{Duration, Instant};

/// Work that is done by the clock, as a Lambda function of its own.
pub trait Job: Send + Sync + 'static {
    /// Name of the function and of its binary.
    const FUNCTION: &'static str;
    /// When it runs, in the language of EventBridge: `rate(1 hour)`.
    const SCHEDULE: &'static str;
    /// What the store needs for it.
    const ACTIONS: &'static [&'static [Action]];
    /// What it tells the log.
    type Report: Serialize + Send;

    /// Does as much of it as there is time for; the next run goes on.
    fn run(cx: &JobContext) -> impl Future<Output = Result<Self::Report, Error>> + Send;
}

/// One run of a job.
#[derive(Debug)]
pub struct JobContext {
    /// When it began.
    pub now: Timestamp,
    pub(crate) store: Store,
    pub(crate) deadline: Instant,
    pace: Option<NonZeroU32>,
}

impl JobContext {
    /// A run of a store that must be over by then.
    pub fn new(store: &Store, now: Timestamp, deadline: Instant) -> Self {
        Self { now, store: store.until(deadline), deadline, pace: None }
    }

    /// The same, of one that leaves most of the table's capacity to callers.
    #[must_use]
    pub fn at_pace(self, units_per_second: NonZeroU32) -> Self {
        Self { pace: Some(units_per_second), ..self }
    }

    /// How many units it may write in a second; `None`: as many as it can.
    pub fn pace(&self) -> Option<NonZeroU32> {
        self.pace
    }

    /// The store, with this run's deadline.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// When this much of the run's time is left.
    pub fn end(&self, reserve: Duration) -> Instant {
        self.deadline.checked_sub(reserve).unwrap_or(self.deadline)
    }
}

/// A job's work, its types forgotten: what it tells the log.
pub type RunJob =
    for<'a> fn(&'a JobContext) -> Pin<Box<dyn Future<Output = Result<serde_json::Value, Error>> + Send + 'a>>;

/// A job in a list: what the deployment and the tests know of it.
#[derive(Clone, Copy, Debug)]
pub struct JobRegistration {
    /// Name of the function.
    pub function: &'static str,
    /// When it runs.
    pub schedule: &'static str,
    /// Its work.
    pub run: RunJob,
    /// Path of its type, as its binary names it.
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

    /// What its function must be allowed to do, each action once, in order.
    pub fn actions(&self) -> Vec<Action> {
        let mut actions = self.actions.concat();
        actions.sort_unstable();
        actions.dedup();
        actions
    }
}

fn run<'a, J: Job>(
    cx: &'a JobContext,
) -> Pin<Box<dyn Future<Output = Result<serde_json::Value, Error>> + Send + 'a>> {
    Box::pin(async move {
        let report = J::run(cx).await?;
        serde_json::to_value(report).map_err(|_| Error::internal("a report is not JSON"))
    })
}
