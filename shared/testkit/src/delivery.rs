//! The event sources of an app that delivers events to webhooks: the stream of its table, and its queue.

use std::{sync::Mutex, time::Duration};

use padron_emulator::{FifoQueue, StreamReader, queue::Received, stream::Batch};
use padron_http::BackgroundRegistration;
use serde_json::{Value, json};

use crate::{app::TestApp, event_bus::EventBusServer};

/// The event sources of an app.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) queue: FifoQueue,
    pub(crate) bus: EventBusServer,
    /// The stream of the table, once it is open.
    pub(crate) stream: Mutex<Option<StreamReader>>,
    /// The functions that deliver events.
    pub(crate) functions: Vec<&'static BackgroundRegistration>,
}

/// The time that an invocation has.
const TIME: Duration = Duration::from_secs(19);

/// The event that invokes a job.
fn scheduled() -> Value {
    json!({ "detail-type": "Scheduled Event", "source": "aws.events" })
}

impl TestApp {
    /// Returns the queue of deliveries.
    ///
    /// # Panics
    ///
    /// Panics if the app was not built to deliver events.
    pub fn queue(&self) -> &FifoQueue {
        &self.sources().queue
    }

    /// Returns the event bus.
    pub fn bus(&self) -> &EventBusServer {
        &self.sources().bus
    }

    fn sources(&self) -> &Delivery {
        self.delivery.as_ref().expect("an app that delivers events")
    }

    pub(crate) fn set_stream(&self, stream: StreamReader) {
        *self.sources().stream.lock().expect("no panic") = Some(stream);
    }

    /// Returns the next batch of the table's stream; `None` if there is none.
    pub fn next_batch(&self) -> Option<Batch> {
        let stream = self.sources().stream.lock().expect("no panic");
        stream.as_ref().expect("an open stream").next().expect("the stream")
    }

    /// Marks a batch of the table's stream as handled.
    pub fn handled(&self, batch: Batch) {
        let mut stream = self.sources().stream.lock().expect("no panic");
        stream.as_mut().expect("an open stream").handled(batch);
    }

    /// Invokes a background function, and returns its response for Lambda, or the cause of its failure.
    pub async fn invoke(&self, function: &str, payload: &Value) -> Result<Value, String> {
        let mut functions = self.sources().functions.iter();
        let function = functions.find(|known| known.function == function).expect("a function of the app");
        let cx = self.background(function, TIME);
        let outcome = self.run_in(&cx, function, payload).await;
        outcome.map_err(|error| error.cause().unwrap_or_default().to_owned())
    }

    /// Hands all records of the stream to `fan-out-events`. A batch that fails is handed over again, as in Lambda.
    pub async fn fan_out(&self) {
        let mut failures = 0;
        while let Some(batch) = self.next_batch() {
            if let Some(payload) = &batch.payload {
                let response = self.invoke("fan-out-events", payload).await;
                if response.as_ref().ok() != Some(&json!({ "batchItemFailures": [] })) {
                    failures += 1;
                    assert!(failures < 50, "{response:?}");
                    continue;
                }
            }
            self.handled(batch);
        }
    }

    /// Hands a message to `deliver-webhook`, and deletes it if it was handled. Otherwise it is received again after its visibility timeout.
    pub async fn deliver(&self, received: &Received) {
        let response = self.invoke("deliver-webhook", &received.payload).await;
        if response == Ok(json!({ "batchItemFailures": [] })) {
            self.queue().delete(received);
        }
    }

    /// Hands all visible messages of the queue to `deliver-webhook`, one after the other.
    pub async fn deliver_all(&self) {
        while let Some(received) = self.queue().receive() {
            self.deliver(&received).await;
        }
    }

    /// Hands records and messages over until there are none.
    pub async fn settle(&self) {
        loop {
            self.fan_out().await;
            self.deliver_all().await;
            if self.next_batch().is_none() {
                return;
            }
        }
    }

    /// Runs `sweep-deliveries`, and returns its report.
    pub async fn sweep(&self) -> Result<Value, String> {
        self.invoke("sweep-deliveries", &scheduled()).await
    }
}
