//! Background functions, which no caller waits for: jobs, which run on a schedule, and consumers, which handle records of the table's
//! stream and messages of the queue.

use std::{num::NonZeroU32, pin::Pin, time::Duration};

use padron_domain::{Clock, Error, Timestamp};
use padron_store::{Action, Store};
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use crate::{environment::Environment, log::Log, metrics::EmbeddedMetrics};

/// Work that runs on a schedule, as a Lambda function of its own.
pub trait Job: Send + Sync + 'static {
    /// The name of the function and of its binary.
    const FUNCTION: &'static str;
    /// The schedule, as an EventBridge expression: `rate(1 hour)`.
    const SCHEDULE: &'static str;
    /// The timeout of the function, in seconds. A run ends when four fifths of it have passed.
    const TIMEOUT: u32 = 300;
    /// The store actions of the job.
    const ACTIONS: &'static [&'static [Action]];
    /// The report that is written to the log after a run.
    type Report: Serialize + Send;

    /// Runs the job. A run does as much of the work as its time allows, and the next run continues it.
    fn run(cx: &BackgroundContext<'_>) -> impl Future<Output = Result<Self::Report, Error>> + Send;
}

/// Work that Lambda does for records of a source, as a Lambda function of its own.
pub trait Consumer: Send + Sync + 'static {
    /// The name of the function and of its binary.
    const FUNCTION: &'static str;
    /// The source of the records.
    const SOURCE: Source;
    /// The condition of the template under which the function is deployed; `None` if it always is.
    const CONDITION: Option<&'static str> = None;
    /// The timeout of the function, in seconds. An invocation ends a second before it.
    const TIMEOUT: u32;
    /// The store actions of the consumer.
    const ACTIONS: &'static [&'static [Action]];
    /// The report that is written to the log after an invocation.
    type Report: Serialize + Send;

    /// Handles an event of the source, and returns the report and the records to hand over again.
    fn consume(
        cx: &BackgroundContext<'_>,
        payload: &str,
    ) -> impl Future<Output = Result<Consumed<Self::Report>, Error>> + Send;
}

/// The source of the records of a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The audit events that are written to the table, from its stream.
    Events,
    /// The messages of the delivery queue.
    DeliveryQueue,
}

/// The outcome of an invocation of a consumer.
#[derive(Debug)]
pub struct Consumed<T> {
    /// The report for the log.
    pub report: T,
    /// The records to hand over again: their sequence numbers or message ids. Of a stream, the first one and all after it are.
    pub failed: Vec<String>,
}

/// One invocation of a background function.
#[derive(Debug)]
pub struct BackgroundContext<'a> {
    /// The time at which the invocation began.
    pub now: Timestamp,
    clock: Clock,
    environment: &'a Environment,
    store: Store,
    deadline: Instant,
    log: Log,
    function: &'static str,
    /// The maximum number of write units a second; `None` if there is no limit.
    write_rate: Option<NonZeroU32>,
}

impl<'a> BackgroundContext<'a> {
    /// Creates an invocation whose requests to the store end at `deadline`. Its writes are not limited.
    pub fn new(
        environment: &'a Environment,
        store: &Store,
        clock: &Clock,
        log: &Log,
        function: &'static str,
        deadline: Instant,
    ) -> Self {
        Self {
            now: clock.now(),
            clock: clock.clone(),
            environment,
            store: store.until(deadline),
            deadline,
            log: log.clone(),
            function,
            write_rate: None,
        }
    }

    /// Limits the writes of the run, to leave most of the table's capacity to callers.
    #[must_use]
    pub fn with_write_rate(self, units_per_second: NonZeroU32) -> Self {
        Self { write_rate: Some(units_per_second), ..self }
    }

    /// Returns the maximum number of write units a second; `None` if there is no limit.
    pub fn write_rate(&self) -> Option<NonZeroU32> {
        self.write_rate
    }

    /// Returns what the Lambda environment has.
    pub fn environment(&self) -> &Environment {
        self.environment
    }

    /// Returns the current time.
    pub fn current_time(&self) -> Timestamp {
        self.clock.now()
    }

    /// Returns the store, with the deadline of this invocation.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Returns the instant at which only `reserve` of the time is left.
    pub fn end(&self, reserve: Duration) -> Instant {
        self.deadline.checked_sub(reserve).unwrap_or(self.deadline)
    }

    /// Writes to the log that a record is passed over because it cannot be read. An alarm counts these lines.
    pub fn report_unreadable(&self, id: &str, error: &Error) {
        let function = self.function;
        self.log.write(&UnreadableLine {
            level: "error",
            message: UNREADABLE,
            function,
            id,
            cause: error.cause(),
        });
    }

    /// Waits for the work of this invocation, at most until the deadline.
    async fn run<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let late = |_| Error::unavailable("the deadline came before the end of the work");
        timeout_at(self.deadline, work).await.map_err(late)?
    }

    /// Writes the line of this invocation to the log.
    fn report(&self, message: &'static str, outcome: Result<&serde_json::Value, &Error>) {
        let spent = self.store.spent();
        let metrics = &self.environment.options().metrics;
        self.log.write(&Line {
            metrics: EmbeddedMetrics::of_invocation(metrics, self.clock.now()),
            level: if outcome.is_ok() { "info" } else { "error" },
            message,
            function: self.function,
            table: &metrics.table,
            errors: u8::from(outcome.is_err()),
            report: outcome.ok(),
            store_calls: spent.calls,
            store_units: spent.units,
            cause: outcome.err().and_then(Error::cause),
        });
    }
}

/// The message of the log lines that tell of records that cannot be read. The template counts them.
pub const UNREADABLE: &str = "unreadable record";

/// The log line of an invocation.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    #[serde(rename = "_aws")]
    metrics: EmbeddedMetrics,
    level: &'static str,
    message: &'static str,
    function: &'static str,
    table: &'a str,
    errors: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<&'a serde_json::Value>,
    /// The number of calls to DynamoDB that succeeded.
    store_calls: u32,
    /// The capacity units that these calls consumed, those of indexes included.
    store_units: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
}

/// The log line of a record that cannot be read.
#[derive(Serialize)]
struct UnreadableLine<'a> {
    level: &'static str,
    message: &'static str,
    function: &'static str,
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
}

/// The response of a function, with its types erased.
pub type BackgroundResponse<'a> = Pin<Box<dyn Future<Output = Result<serde_json::Value, Error>> + Send + 'a>>;

/// Runs a function of an event's payload, with its types erased. It returns the response for Lambda: of a job its report, of a consumer
/// the records to hand over again.
pub type RunBackground = for<'a> fn(&'a BackgroundContext<'a>, &'a str) -> BackgroundResponse<'a>;

/// A background function, as the deployment and the tests know it.
#[derive(Clone, Copy, Debug)]
pub struct BackgroundRegistration {
    /// The name of the function.
    pub function: &'static str,
    /// What invokes the function.
    pub trigger: Trigger,
    /// The condition of the template under which the function is deployed; `None` if it always is.
    pub condition: Option<&'static str>,
    /// The timeout of the function, in seconds.
    pub timeout: u32,
    /// The time after which an invocation ends itself.
    pub time_limit: Duration,
    /// Runs the function, and writes its line to the log.
    pub run: RunBackground,
    /// Returns the path of the function's type, as its binary names it.
    pub type_name: fn() -> &'static str,
    actions: &'static [&'static [Action]],
}

/// What invokes a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A schedule, as an EventBridge expression.
    Schedule(&'static str),
    /// The records of a source.
    Source(Source),
}

impl BackgroundRegistration {
    /// Registers a job.
    pub const fn of_job<J: Job>() -> Self {
        Self {
            function: J::FUNCTION,
            trigger: Trigger::Schedule(J::SCHEDULE),
            condition: None,
            timeout: J::TIMEOUT,
            time_limit: Duration::from_secs(J::TIMEOUT as u64 * 4 / 5),
            run: run_job::<J>,
            type_name: std::any::type_name::<J>,
            actions: J::ACTIONS,
        }
    }

    /// Registers a consumer.
    pub const fn of_consumer<C: Consumer>() -> Self {
        Self {
            function: C::FUNCTION,
            trigger: Trigger::Source(C::SOURCE),
            condition: C::CONDITION,
            timeout: C::TIMEOUT,
            time_limit: Duration::from_secs(C::TIMEOUT as u64 - 1),
            run: run_consumer::<C>,
            type_name: std::any::type_name::<C>,
            actions: C::ACTIONS,
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
fn run_job<'a, J: Job>(cx: &'a BackgroundContext<'a>, _: &'a str) -> BackgroundResponse<'a> {
    Box::pin(async move {
        let outcome = cx.run(J::run(cx)).await.and_then(|report| to_json(&report));
        cx.report("job", outcome.as_ref());
        outcome
    })
}

/// Runs a consumer, and returns the records to hand over again, as Lambda's partial batch responses name them.
fn run_consumer<'a, C: Consumer>(cx: &'a BackgroundContext<'a>, payload: &'a str) -> BackgroundResponse<'a> {
    Box::pin(async move {
        let outcome = cx.run(C::consume(cx, payload)).await;
        let (report, failed) = match outcome {
            Ok(Consumed { report, failed }) => (to_json(&report), failed),
            Err(error) => (Err(error), Vec::new()),
        };
        cx.report("batch", report.as_ref());
        report?;
        let failures: Vec<_> =
            failed.into_iter().map(|id| serde_json::json!({ "itemIdentifier": id })).collect();
        Ok(serde_json::json!({ "batchItemFailures": failures }))
    })
}

fn to_json(report: &impl Serialize) -> Result<serde_json::Value, Error> {
    serde_json::to_value(report).map_err(|_| Error::internal("a report is not JSON"))
}
