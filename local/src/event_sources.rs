//! The event sources of the background functions: the table's stream, the delivery queue and the schedules.
//!
//! They invoke the same functions with the same events as in the cloud.

use std::{sync::Arc, time::Duration};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use padron_emulator::{FifoQueue, StreamReader, queue::Received};
use padron_http::{App, BackgroundRegistration, Source, Trigger};
use serde_json::{Value, json};
use tokio::{
    sync::Semaphore,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};

/// The pause between two reads of the stream.
const STREAM_INTERVAL: Duration = Duration::from_millis(200);
/// The pause before a batch or a job that has failed is tried again.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);
/// The maximum time of an invocation. The function may have to be built first.
const INVOCATION_TIME: Duration = Duration::from_secs(600);

/// How functions are invoked.
#[derive(Clone)]
pub(crate) enum Invoker {
    /// By the invoke address of `cargo lambda watch`.
    Watch {
        /// The client.
        client: Arc<Client<HttpConnector, Full<Bytes>>>,
        /// The port of `cargo lambda watch`.
        port: u16,
    },
    /// In this process.
    InProcess(Arc<App>),
}

impl Invoker {
    /// Creates an invoker of the functions of `cargo lambda watch` on this port.
    pub(crate) fn watch(port: u16) -> Self {
        Self::Watch { client: Arc::new(Client::builder(TokioExecutor::new()).build_http()), port }
    }

    /// Invokes a function, and returns its response.
    async fn invoke(&self, function: &BackgroundRegistration, payload: &Value) -> Result<Value, String> {
        let payload = payload.to_string();
        match self {
            Self::InProcess(app) => {
                let deadline = Instant::now() + function.time_limit;
                let response = app.run(function, &payload, deadline).await;
                response.map_err(|error| error.cause().unwrap_or("the function failed").to_owned())
            }
            Self::Watch { client, port } => {
                let path = format!("/2015-03-31/functions/{}/invocations", function.function);
                let request = http::Request::post(format!("http://127.0.0.1:{port}{path}"))
                    .header("content-type", "application/json")
                    .body(Full::from(payload))
                    .map_err(|error| error.to_string())?;
                let response = timeout(INVOCATION_TIME, client.request(request)).await;
                let response =
                    response.map_err(|_| "no answer in time")?.map_err(|error| error.to_string())?;
                let status = response.status();
                let body =
                    response.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
                let value: Value = serde_json::from_slice(&body).map_err(|_| format!("answered {status}"))?;
                let is_error = !status.is_success() || !value["errorType"].is_null();
                if is_error { Err(format!("answered {status}")) } else { Ok(value) }
            }
        }
    }
}

/// Invokes functions for as long as the stack runs. `clock_factor` is the factor by which schedules are faster.
pub(crate) async fn run(
    invoker: Invoker,
    stream: StreamReader,
    queue: Arc<FifoQueue>,
    concurrency: usize,
    clock_factor: u32,
) {
    let of_source = |source| {
        let is_of = |function: &&BackgroundRegistration| {
            function.trigger == Trigger::Source(source) && function.condition.is_none()
        };
        padron_api::background().find(is_of)
    };
    let (Some(fan_out), Some(deliver)) = (of_source(Source::Events), of_source(Source::DeliveryQueue)) else {
        return;
    };
    let schedules = padron_api::background().filter_map(|function| match function.trigger {
        Trigger::Schedule(schedule) => {
            let pause = rate(schedule)? / clock_factor;
            Some(run_schedule(invoker.clone(), function, pause.max(STREAM_INTERVAL)))
        }
        Trigger::Source(_) => None,
    });
    tokio::join!(
        read_stream(invoker.clone(), fan_out, stream),
        handle_messages(invoker.clone(), deliver, queue, concurrency),
        futures_util::future::join_all(schedules),
    );
}

/// Returns the pause between two runs of a schedule, such as `rate(1 minute)`; `None` if it has another form.
pub fn rate(schedule: &str) -> Option<Duration> {
    let (number, unit) = schedule.strip_prefix("rate(")?.strip_suffix(')')?.split_once(' ')?;
    let seconds = match unit.trim_end_matches('s') {
        "minute" => 60,
        "hour" => 60 * 60,
        "day" => 24 * 60 * 60,
        _ => return None,
    };
    Some(Duration::from_secs(number.parse::<u64>().ok()? * seconds))
}

/// Invokes a function with each batch of the stream. A batch that fails is handed over again until it does not.
async fn read_stream(invoker: Invoker, function: &BackgroundRegistration, mut stream: StreamReader) {
    loop {
        let batch = match stream.next() {
            Ok(Some(batch)) => batch,
            Ok(None) => {
                sleep(STREAM_INTERVAL).await;
                continue;
            }
            Err(error) => {
                eprintln!("{error}");
                sleep(FAILURE_PAUSE).await;
                continue;
            }
        };
        let outcome = match &batch.payload {
            Some(payload) => handled(invoker.invoke(function, payload).await),
            None => Ok(()),
        };
        match outcome {
            Ok(()) => stream.handled(batch),
            Err(error) => {
                eprintln!("{}: {error}. The batch is handed over again.", function.function);
                sleep(FAILURE_PAUSE).await;
            }
        }
    }
}

/// Invokes a function with each message of the queue, with at most `concurrency` at once.
async fn handle_messages(
    invoker: Invoker,
    function: &'static BackgroundRegistration,
    queue: Arc<FifoQueue>,
    concurrency: usize,
) {
    let workers = Arc::new(Semaphore::new(concurrency));
    loop {
        let Ok(worker) = workers.clone().acquire_owned().await else { return };
        let Some(received) = queue.receive() else {
            // A message whose visibility timeout has passed is noticed with a delay.
            _ = timeout(FAILURE_PAUSE, queue.changed()).await;
            continue;
        };
        let (invoker, queue) = (invoker.clone(), queue.clone());
        tokio::spawn(async move {
            handle_message(&invoker, function, &queue, &received).await;
            drop(worker);
        });
    }
}

/// Invokes a function with a message. If that fails, the message is visible again after its timeout.
async fn handle_message(
    invoker: &Invoker,
    function: &BackgroundRegistration,
    queue: &FifoQueue,
    received: &Received,
) {
    match handled(invoker.invoke(function, &received.payload).await) {
        Ok(()) => queue.delete(received),
        Err(error) => eprintln!("{}: {error}. The message is handed over again.", function.function),
    }
}

/// Returns whether a function has handled all records.
fn handled(response: Result<Value, String>) -> Result<(), String> {
    match response?["batchItemFailures"].as_array() {
        Some(failures) if failures.is_empty() => Ok(()),
        _ => Err("not all records were handled".into()),
    }
}

/// Runs a job at each tick of its schedule.
async fn run_schedule(invoker: Invoker, function: &'static BackgroundRegistration, pause: Duration) {
    let event = json!({ "detail-type": "Scheduled Event", "source": "aws.events" });
    let mut ticks = interval(pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = invoker.invoke(function, &event).await {
            eprintln!("{}: {error}.", function.function);
        }
    }
}
