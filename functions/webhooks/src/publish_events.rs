//! The consumer `publish-events`, which publishes each event on the operator's event bus. It is deployed only if there is one.
//!
//! It reads the stream on its own, so that a bus that takes nothing does not hold up webhooks.

use std::time::Duration;

use padron_domain::Error;
use padron_event_bus::{BusEvent, EventBus};
use padron_http::{BackgroundContext, Consumed, Consumer, Source};
use padron_store::{Action, stream_records};
use serde::Serialize;

use crate::message::Message;

/// The consumer that publishes events on the event bus.
#[derive(Debug)]
pub struct PublishEvents;

/// The result of one batch.
#[derive(Debug, Default, Serialize)]
pub struct PublishReport {
    /// The number of events that were published.
    published: usize,
    /// The number of events that cannot be read. They were passed over.
    unreadable: usize,
    /// Whether the bus has not taken all events, so that the rest is handed over again.
    unfinished: bool,
}

/// The time that is kept in reserve for the response.
const RESERVE: Duration = Duration::from_secs(1);

impl Consumer for PublishEvents {
    const FUNCTION: &'static str = "publish-events";
    const SOURCE: Source = Source::Events;
    const CONDITION: Option<&'static str> = Some("HasEventBus");
    const TIMEOUT: u32 = 60;
    const ACTIONS: &'static [&'static [Action]] = &[EventBus::PUBLISH];
    type Report = PublishReport;

    async fn consume(cx: &BackgroundContext<'_>, payload: &str) -> Result<Consumed<PublishReport>, Error> {
        let Some(location) = &cx.environment().options().event_bus else {
            return Err(Error::internal("EVENT_BUS_NAME is missing"));
        };
        let bus =
            cx.environment().get_or_create(|| Ok(EventBus::connect(&location.connection, &location.name)))?;
        let mut report = PublishReport::default();
        let (mut sequence_numbers, mut events) = (Vec::new(), Vec::new());
        for record in stream_records(payload)? {
            match record.event {
                None => {}
                Some(Err(error)) => {
                    cx.report_unreadable(&record.id, &error);
                    report.unreadable += 1;
                }
                Some(Ok(event)) => {
                    let detail = Message::of(&event)?.into_body();
                    events.push(BusEvent { event_type: event.data.event_type(), at: event.at, detail });
                    sequence_numbers.push(record.sequence_number);
                }
            }
        }
        let mut failed = None;
        for (batch, numbers) in events.chunks(EventBus::BATCH).zip(sequence_numbers.chunks(EventBus::BATCH)) {
            if bus.publish(batch, cx.end(RESERVE)).await.is_err() {
                failed = numbers.first().cloned();
                break;
            }
            report.published += batch.len();
        }
        report.unfinished = failed.is_some();
        Ok(Consumed { report, failed: failed.into_iter().collect() })
    }
}
