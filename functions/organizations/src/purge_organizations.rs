//! By the clock: organizations that were deleted thirty days ago are deleted for good, with all they held.

use std::time::Duration;

use padron_domain::{Error, Failure};
use padron_http::{Job, JobContext};
use padron_store::{Action, Pace, PurgeCandidate, PurgeOutcome, Store, TimeSlice};
use serde::Serialize;
use tokio::time::Instant;

/// Purges organizations.
#[derive(Debug)]
pub struct PurgeOrganizations;

/// What a run came to.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PurgeReport {
    /// How many organizations are gone.
    purged: u32,
    /// Whether there is more to do than there was time for: the next run goes on.
    unfinished: bool,
}

/// Left of a run's time, nothing new is begun.
const RESERVE: Duration = Duration::from_secs(5);

impl Job for PurgeOrganizations {
    const FUNCTION: &'static str = "purge-organizations";
    const SCHEDULE: &'static str = "rate(1 hour)";
    const ACTIONS: &'static [&'static [Action]] = &[Store::PURGE];
    type Report = PurgeReport;

    async fn run(cx: &JobContext) -> Result<PurgeReport, Error> {
        let mut run = Run {
            cx,
            pace: Pace::new(cx.pace()),
            ends: cx.end(RESERVE),
            report: PurgeReport::default(),
            large: Vec::new(),
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
        // What is left of the run is for those that need more than one turn.
        while run.has_time() && !run.large.is_empty() {
            let large = std::mem::take(&mut run.large);
            run.purge(&large).await;
        }
        let Run { mut report, large, failed, .. } = run;
        report.unfinished |= !large.is_empty() || after.is_some();
        failed.map_or(Ok(report), Err)
    }
}

/// One run of the job.
struct Run<'a> {
    cx: &'a JobContext,
    pace: Pace,
    ends: Instant,
    report: PurgeReport,
    /// Those whose turn was over before they were gone.
    large: Vec<PurgeCandidate>,
    failed: Option<Error>,
}

impl Run<'_> {
    fn has_time(&self) -> bool {
        Instant::now() < self.ends && self.pace.allows_before(self.ends)
    }

    /// Gives each of them a turn: an equal part of the time that is left, so that a large one does not keep the others waiting.
    async fn purge(&mut self, due: &[PurgeCandidate]) {
        for (position, one) in due.iter().enumerate() {
            if !self.has_time() {
                self.report.unfinished = true;
                return;
            }
            let waiting = u32::try_from(due.len() - position).unwrap_or(u32::MAX);
            let ends = Instant::now() + self.ends.duration_since(Instant::now()) / waiting;
            let turn = TimeSlice { ends, run_ends: self.ends };
            match self.cx.store().purge(one.organization, self.cx.now, &mut self.pace, turn).await {
                Ok(PurgeOutcome::Purged) => self.report.purged += 1,
                Ok(PurgeOutcome::AlreadyPurged | PurgeOutcome::NotDue) => {}
                Ok(PurgeOutcome::Unfinished) => self.large.push(one.clone()),
                // A busy partition is for the next run, the others may be at leisure.
                Err(error) if error.failure() == Failure::UNAVAILABLE => self.report.unfinished = true,
                // One that cannot be purged is not in the way of the others, but someone must look at it.
                Err(error) => self.failed = Some(error),
            }
        }
    }
}
