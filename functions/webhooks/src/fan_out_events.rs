//! The consumer `fan-out-events`, which creates the deliveries of each event that is written to the table.
//!
//! The event is the outbox: it is written in the transaction of its effect, and the stream of the table passes it on. A delivery is created
//! before its message is sent, and is due soon in any case, so that nothing is lost between the two.

use std::time::Duration;

use futures_util::future::try_join_all;
use padron_domain::{Delivery, Error, Event, OrganizationId, WebhookRegistry};
use padron_http::{BackgroundContext, Consumed, Consumer, Source};
use padron_queue::{DeliveryMessage, DeliveryQueue};
use padron_store::{Action, Store, StreamRecord, stream_records};
use serde::Serialize;
use tokio::time::Instant;

use crate::queue;

/// The consumer that creates deliveries.
#[derive(Debug)]
pub struct FanOutEvents;

/// The result of one batch.
#[derive(Debug, Default, Serialize)]
pub struct FanOutReport {
    /// The number of events.
    events: usize,
    /// The number of deliveries that were created, or were there already.
    deliveries: usize,
    /// The number of events and registries that cannot be read. They were passed over.
    unreadable: usize,
    /// Whether the queue has not taken all messages. The next sweep sends others.
    unsent: bool,
    /// Why the batch ended before its last event, so that its rest is handed over again.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

impl Consumer for FanOutEvents {
    const FUNCTION: &'static str = "fan-out-events";
    const SOURCE: Source = Source::Events;
    const TIMEOUT: u32 = 60;
    const ACTIONS: &'static [&'static [Action]] =
        &[Store::WEBHOOK_REGISTRIES, Store::WRITE_DELIVERY, DeliveryQueue::SEND];
    type Report = FanOutReport;

    async fn consume(cx: &BackgroundContext<'_>, payload: &str) -> Result<Consumed<FanOutReport>, Error> {
        let records = stream_records(payload)?;
        let mut report = FanOutReport::default();
        let registries = registries(cx, &records, &mut report).await?;
        let mut messages = Vec::new();
        let mut failed = None;
        for record in &records {
            match &record.event {
                None => {}
                Some(Err(error)) => {
                    cx.report_unreadable(&record.id, error);
                    report.unreadable += 1;
                }
                Some(Ok(event)) => {
                    let registry =
                        registries.iter().find(|registry| registry.organization == event.organization);
                    let created = if Instant::now() < cx.end(SENDING) {
                        create_deliveries(cx, registry, event).await
                    } else {
                        Err(Error::unavailable("the deadline came before the last event"))
                    };
                    match created {
                        Ok(new) => {
                            report.events += 1;
                            messages.extend(new);
                        }
                        Err(error) => {
                            report.failure = Some(error.cause().unwrap_or_default().to_owned());
                            failed = Some(record.sequence_number.clone());
                            break;
                        }
                    }
                }
            }
        }
        report.deliveries = messages.len();
        report.unsent = !queue::send(cx.environment(), &messages, cx.end(RESERVE)).await?;
        Ok(Consumed { report, failed: failed.into_iter().collect() })
    }
}

/// The time that is kept in reserve for the messages. When less of the time is left, no delivery is created.
const SENDING: Duration = Duration::from_secs(15);
/// The time that is kept in reserve for the response.
const RESERVE: Duration = Duration::from_secs(1);

/// Returns the registries of the organizations that have an event in the batch, each read once. Those that cannot be read are passed over.
async fn registries(
    cx: &BackgroundContext<'_>,
    records: &[StreamRecord],
    report: &mut FanOutReport,
) -> Result<Vec<WebhookRegistry>, Error> {
    let mut organizations: Vec<OrganizationId> = Vec::new();
    for record in records {
        if let Some(Ok(event)) = &record.event
            && !organizations.contains(&event.organization)
        {
            organizations.push(event.organization);
        }
    }
    let mut registries = Vec::with_capacity(organizations.len());
    for organizations in organizations.chunks(Store::MAX_REGISTRIES) {
        let read = cx.store().webhook_registries(organizations).await?;
        for (organization, registry) in organizations.iter().zip(read) {
            match registry {
                Ok(registry) => registries.push(registry),
                Err(error) => {
                    cx.report_unreadable(&organization.to_string(), &error);
                    report.unreadable += 1;
                }
            }
        }
    }
    Ok(registries)
}

/// Creates the deliveries of an event that do not exist, and returns the messages of all of them.
async fn create_deliveries(
    cx: &BackgroundContext<'_>,
    registry: Option<&WebhookRegistry>,
    event: &Event,
) -> Result<Vec<DeliveryMessage>, Error> {
    let recipients = registry.into_iter().flat_map(|registry| registry.recipients(event));
    try_join_all(recipients.map(async |webhook| {
        let delivery = Delivery::new(event, 0, webhook.id, webhook.concurrency, cx.now);
        queue::create_delivery(cx.store(), cx.environment(), &delivery).await?;
        Ok(DeliveryMessage::new(&delivery))
    }))
    .await
}
