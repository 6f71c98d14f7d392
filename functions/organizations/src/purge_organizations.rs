//! By the clock: organizations that were deleted thirty days ago are deleted for good, with all they held.

use std::time::Duration;

use padron_domain::{Error, Failure};
use padron_http::{Job, JobContext};
use padron_store::{Action, Due, Purge, Store};
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
        let (mut after, mut failed) = (None, None);
        loop {
            let page = cx.store().due_for_purge(cx.now, after.as_ref()).await?;
            for Due { organization, .. } in &page {
                match cx.store().purge(*organization, cx.now, cx.pace(), has_time).await {
                    Ok(Purge::Done) => report.purged += 1,
                    Ok(Purge::Gone | Purge::Spared) => {}
                    Ok(Purge::Unfinished) => report.unfinished = true,
                    // A busy table is for the next run.
                    Err(error) if error.failure() == Failure::Unavailable => report.unfinished = true,
                    // One that cannot be purged is not in the way of the others, but someone must look at it.
                    Err(error) => failed = Some(error),
                }
                if report.unfinished {
                    return failed.map_or(Ok(report), Err);
                }
            }
            after = page.into_iter().next_back();
            if after.is_none() {
                return failed.map_or(Ok(report), Err);
            }
        }
    }
}
