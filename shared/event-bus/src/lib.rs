//! The event bus of the operator, on Amazon EventBridge, which gets each event for the operator's own rules.

use std::{sync::Arc, time::Duration};

use aws_sdk_eventbridge::{Client, primitives::DateTime, types::PutEventsRequestEntry};
use padron_domain::{Error, Timestamp};
use padron_store::{Action, Connection, sdk_config};
use tokio::time::{Instant, timeout_at};

/// The event bus of the operator.
#[derive(Clone, Debug)]
pub struct EventBus {
    client: Client,
    name: Arc<str>,
}

/// An event for the bus.
#[derive(Clone, Debug)]
pub struct BusEvent {
    /// The type of the event, such as `member.added`: the `detail-type` that rules match.
    pub event_type: &'static str,
    /// When the event happened.
    pub at: Timestamp,
    /// The event, as webhooks get it, in JSON.
    pub detail: String,
}

/// The `source` of all events of Padrón, which rules match.
pub const SOURCE: &str = "padron";
/// The maximum time for one request.
const TIME_LIMIT: Duration = Duration::from_secs(5);

impl EventBus {
    /// The IAM actions of [`EventBus::publish`].
    pub const PUBLISH: &'static [Action] = &[Action::PUT_EVENTS];
    /// The maximum number of events that EventBridge takes in one request.
    pub const BATCH: usize = 10;

    /// Creates the client of the bus with this name. It connects when the first event is published.
    pub fn connect(connection: &Connection, name: &str) -> Self {
        Self { client: Client::new(&sdk_config(connection)), name: name.into() }
    }

    /// Publishes up to [`EventBus::BATCH`] events.
    ///
    /// # Errors
    ///
    /// Fails if the bus has not taken all of them by `deadline`. All of them may be published again.
    pub async fn publish(&self, events: &[BusEvent], deadline: Instant) -> Result<(), Error> {
        let unavailable = || Error::unavailable("the event bus has not taken all events");
        let entries = events.iter().map(|BusEvent { event_type, at, detail }| {
            PutEventsRequestEntry::builder()
                .event_bus_name(&*self.name)
                .source(SOURCE)
                .detail_type(*event_type)
                .time(DateTime::from_millis(at.millis()))
                .detail(detail)
                .build()
        });
        let call = self.client.put_events().set_entries(Some(entries.collect())).send();
        let deadline = deadline.min(Instant::now() + TIME_LIMIT);
        let output = timeout_at(deadline, call).await.map_err(|_| unavailable())?;
        match output {
            Ok(output) if output.failed_entry_count == 0 => Ok(()),
            _ => Err(unavailable()),
        }
    }
}
