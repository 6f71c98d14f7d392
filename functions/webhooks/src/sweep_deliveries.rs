//! The scheduled job `sweep-deliveries`, which sends the deliveries that are due to the queue.
//!
//! They are those whose next attempt is due, and those whose message was lost.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use padron_domain::{Error, NEXT_SWEEP};
use padron_http::{BackgroundContext, Job};
use padron_queue::{DeliveryMessage, DeliveryQueue};
use padron_store::{Action, DueDelivery, Store};
use serde::Serialize;
use tokio::time::Instant;

use crate::{queue, schedule};

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
    /// The number of deliveries that cannot be read.
    unreadable: usize,
    /// Whether there were more than a run handles. The next run continues.
    unfinished: bool,
}

/// The maximum number of deliveries of a partition that a run handles.
const MAX_OF_PARTITION: usize = 500;
/// The number of deliveries that are written at once.
const CONCURRENCY: usize = 16;
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
        // If a run has too little time for all, it is not always the same ones that wait.
        let first = fastrand::u8(..);
        for partition in (0..Store::DUE_PARTITIONS).map(|at| first.wrapping_add(at) % Store::DUE_PARTITIONS) {
            if Instant::now() >= cx.end(RESERVE) {
                report.unfinished = true;
                break;
            }
            if let Err(error) = sweep(cx, &queue, partition, &mut report).await {
                failed = Some(error);
            }
        }
        failed.map_or(Ok(report), Err)
    }
}

/// Sends the due deliveries of a partition to the queue.
async fn sweep(
    cx: &BackgroundContext<'_>,
    queue: &DeliveryQueue,
    partition: u8,
    report: &mut SweepReport,
) -> Result<(), Error> {
    let due = cx.store().due_deliveries(partition, cx.now, MAX_OF_PARTITION).await?;
    report.due += due.len();
    report.unfinished |= due.len() == MAX_OF_PARTITION;
    let Postponed { messages, unreadable, failed } = postpone(cx, &due).await;
    report.unreadable += unreadable;
    queue.send(&messages, cx.end(Duration::ZERO)).await?;
    report.sent += messages.len();
    failed.map_or(Ok(()), Err)
}

/// The outcome of postponing deliveries.
#[derive(Default)]
struct Postponed {
    /// The messages of those that have not changed, in the order in which they were due.
    messages: Vec<DeliveryMessage>,
    /// The number of those that cannot be read.
    unreadable: usize,
    /// Why some were not postponed.
    failed: Option<Error>,
}

/// Postpones deliveries until the next sweep that sends them, if no attempt is made before.
async fn postpone(cx: &BackgroundContext<'_>, due: &[DueDelivery]) -> Postponed {
    let until = schedule::after(cx.environment(), cx.now, NEXT_SWEEP);
    let postponed: Vec<_> = due.iter().map(|due| cx.store().postpone_delivery(due, until)).collect();
    let mut postponed = stream::iter(postponed).buffered(CONCURRENCY).zip(stream::iter(due));
    let mut all = Postponed::default();
    while let Some((outcome, due)) = postponed.next().await {
        match outcome {
            Ok(None) => {}
            Ok(Some(Ok(delivery))) => all.messages.push(DeliveryMessage::new(&delivery).swept(cx.now)),
            Ok(Some(Err(error))) => {
                cx.report_unreadable(due.id(), &error);
                all.unreadable += 1;
            }
            Err(error) => all.failed = Some(error),
        }
    }
    all
}
