//! The scheduled job that purges organizations: it permanently deletes those that were deleted thirty days ago, with all their data.

use std::time::Duration;

use padron_domain::{Error, Failure, OrganizationId};
use padron_http::{BackgroundContext, Job};
use padron_object_store::ObjectStore;
use padron_store::{Action, CapacityLimiter, PurgeCandidate, PurgeOutcome, Store, TimeSlice};
use serde::Serialize;
use tokio::time::Instant;

/// The scheduled job that purges deleted organizations.
#[derive(Debug)]
pub struct PurgeOrganizations;

/// The result of one run of the job.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PurgeReport {
    /// The number of organizations that were purged.
    purged: u32,
    /// Whether there was more to do than there was time for. The next run continues.
    unfinished: bool,
}

/// The time that is kept in reserve. When less of the run's time is left, nothing new is begun.
const RESERVE: Duration = Duration::from_secs(5);

impl Job for PurgeOrganizations {
    const FUNCTION: &'static str = "purge-organizations";
    const SCHEDULE: &'static str = "rate(1 hour)";
    const ACTIONS: &'static [&'static [Action]] = &[Store::PURGE, ObjectStore::DELETE_ALL];
    type Report = PurgeReport;

    async fn run(cx: &BackgroundContext<'_>) -> Result<PurgeReport, Error> {
        let mut run = Run {
            cx,
            capacity_limiter: CapacityLimiter::new(cx.write_rate()),
            deadline: cx.end(RESERVE),
            report: PurgeReport::default(),
            unfinished: Vec::new(),
            failed: None,
        };
        let mut after = None;
        while run.has_time() {
            let page = match cx.store().due_for_purge(cx.now, after.as_ref()).await {
                Err(error) if error.failure() == Failure::UNAVAILABLE && after.is_some() => break,
                page => page?,
            };
            after = page.last().cloned();
            if after.is_none() {
                break;
            }
            run.purge(&page).await;
        }
        // The rest of the run is for organizations that need more than one time slice.
        while run.has_time() && !run.unfinished.is_empty() {
            let unfinished = std::mem::take(&mut run.unfinished);
            run.purge(&unfinished).await;
        }
        let Run { mut report, unfinished, failed, .. } = run;
        report.unfinished |= !unfinished.is_empty() || after.is_some();
        failed.map_or(Ok(report), Err)
    }
}

/// One run of the job.
struct Run<'a> {
    cx: &'a BackgroundContext<'a>,
    capacity_limiter: CapacityLimiter,
    deadline: Instant,
    report: PurgeReport,
    /// The organizations whose time slice ended before they were purged.
    unfinished: Vec<PurgeCandidate>,
    failed: Option<Error>,
}

impl Run<'_> {
    fn has_time(&self) -> bool {
        Instant::now() < self.deadline && self.capacity_limiter.allows_before(self.deadline)
    }

    /// Purges organizations, each in an equal share of the time that is left, so that a large one does not keep the others waiting.
    async fn purge(&mut self, due: &[PurgeCandidate]) {
        for (position, one) in due.iter().enumerate() {
            if !self.has_time() {
                self.report.unfinished = true;
                return;
            }
            let waiting = u32::try_from(due.len() - position).unwrap_or(u32::MAX);
            let deadline = Instant::now() + self.deadline.duration_since(Instant::now()) / waiting;
            let slice = TimeSlice { deadline, run_deadline: self.deadline };
            match self.purge_one(one.organization, slice).await {
                Ok(PurgeOutcome::Purged) => self.report.purged += 1,
                Ok(PurgeOutcome::AlreadyPurged | PurgeOutcome::NotDue) => {}
                Ok(PurgeOutcome::Unfinished | PurgeOutcome::Emptied(_)) => self.unfinished.push(one.clone()),
                // A busy partition is left to the next run. The partitions of the other organizations may have capacity.
                Err(error) if error.failure() == Failure::UNAVAILABLE => self.report.unfinished = true,
                // An organization that cannot be purged does not stop the others, but the run must fail so that someone looks at it.
                Err(error) => self.failed = Some(error),
            }
        }
    }

    /// Purges an organization: its items, then its files, and at last the organization itself, which is found again until then.
    async fn purge_one(&mut self, id: OrganizationId, slice: TimeSlice) -> Result<PurgeOutcome, Error> {
        let Self { cx, capacity_limiter, .. } = self;
        match cx.store().purge(id, cx.now, capacity_limiter, slice).await? {
            PurgeOutcome::Emptied(organization) => {
                let bucket = cx.environment().logo_bucket()?;
                let connect = || Ok(ObjectStore::connect(&bucket.connection, &bucket.name));
                let objects = cx.environment().get_or_create(connect)?;
                objects.delete_all(id, slice.run_deadline).await?;
                cx.store().finish_purge(&organization).await
            }
            outcome => Ok(outcome),
        }
    }
}
