//! The scheduled job `sweep-deliveries`, which sends the deliveries that are due to the queue.
//!
//! They are those whose next attempt is due, and those whose message was lost.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use padron_domain::Error;
use padron_http::{BackgroundContext, Job};
use padron_queue::{DeliveryMessage, DeliveryQueue};
use padron_store::{Action, DueDelivery, Store};
use serde::Serialize;
use tokio::time::Instant;

use crate::queue;

/// The scheduled job that sends due deliveries to the queue.
#[derive(Debug)]
pub struct SweepDeliveries;

/// The result of one run of the job.
#[derive(Debug, Default, Serialize)]
pub struct SweepReport {
    /// The number of deliveries that were due.
    due: usize,
    /// The number of deliveries that were sent to the queue.
    sent: usize,
    /// Whether there were more than a run handles. The next run continues.
    unfinished: bool,
}

/// The maximum number of deliveries of a partition that a run handles.
const MAX_OF_PARTITION: usize = 500;
/// The number of deliveries that are written at once.
const CONCURRENCY: usize = 16;
/// The time after which a delivery is sent to the queue again, if no attempt was made: a backlog does not keep the others waiting.
const NEXT_SWEEP: Duration = Duration::from_secs(10 * 60);
/// The time that is kept in reserve. When less of the run's time is left, nothing new is begun.
const RESERVE: Duration = Duration::from_secs(10);

impl Job for SweepDeliveries {
    const FUNCTION: &'static str = "sweep-deliveries";
    const SCHEDULE: &'static str = "rate(1 minute)";
    const TIMEOUT: u32 = 60;
    const ACTIONS: &'static [&'static [Action]] = &[Store::SWEEP_DELIVERIES, DeliveryQueue::SEND];
    type Report = SweepReport;

    async fn run(cx: &BackgroundContext<'_>) -> Result<SweepReport, Error> {
        let mut report = SweepReport::default();
        let Some(queue) = queue::connect(cx.environment())? else {
            return Err(Error::internal("DELIVERY_QUEUE_URL is missing"));
        };
        let mut failed = None;
        for partition in 0..Store::DUE_PARTITIONS {
            if Instant::now() >= cx.end(RESERVE) {
                report.unfinished = true;
                break;
            }
            let due = cx.store().due_deliveries(partition, cx.now, MAX_OF_PARTITION).await?;
            report.due += due.len();
            report.unfinished |= due.len() == MAX_OF_PARTITION;
            let messages = postpone(cx, &due).await.unwrap_or_else(|(messages, error)| {
                failed = Some(error);
                messages
            });
            queue.send(&messages, cx.end(Duration::ZERO)).await?;
            report.sent += messages.len();
        }
        failed.map_or(Ok(report), Err)
    }
}

/// Postpones deliveries, and returns the messages of those that have not changed, in the order in which they were due.
///
/// If some could not be postponed, the messages of the others are returned with the error.
async fn postpone(
    cx: &BackgroundContext<'_>,
    due: &[DueDelivery],
) -> Result<Vec<DeliveryMessage>, (Vec<DeliveryMessage>, Error)> {
    let until = queue::after(cx.environment(), cx.now, NEXT_SWEEP);
    let postponed: Vec<_> = due.iter().map(|due| cx.store().postpone_delivery(due, until)).collect();
    let mut postponed = stream::iter(postponed).buffered(CONCURRENCY);
    let (mut messages, mut failed) = (Vec::with_capacity(due.len()), None);
    while let Some(outcome) = postponed.next().await {
        match outcome {
            Ok(delivery) => {
                messages.extend(delivery.map(|delivery| DeliveryMessage::new(&delivery).swept(cx.now)));
            }
            Err(error) => failed = Some(error),
        }
    }
    match failed {
        Some(error) => Err((messages, error)),
        None => Ok(messages),
    }
}
