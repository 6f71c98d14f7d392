//! By the clock: organizations that were deleted thirty days ago are deleted for good, with all they held.

use std::time::Duration;

use padron_domain::Error;
use padron_http::{Job, JobContext};
use padron_store::{Action, Purge, Store};
use serde::Serialize;

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
        let mut report = PurgeReport::default();
        let has_time = || cx.has_time(RESERVE);
        loop {
            let due = cx.store().due_for_purge(cx.now).await?;
            let before = report.purged;
            for organization in due {
                match cx.store().purge(organization, cx.now, has_time).await? {
                    Purge::Done => report.purged += 1,
                    Purge::Spared => {}
                    Purge::Unfinished => {
                        report.unfinished = true;
                        return Ok(report);
                    }
                }
            }
            // None left, or only such as the index has not caught up with: it is eventually consistent.
            if report.purged == before || !has_time() {
                report.unfinished = report.purged > before;
                return Ok(report);
            }
        }
    }
}
