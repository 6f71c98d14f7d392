//! How many customers a filtered list has.

use padron_domain::{CustomerNumber, Error, Failure, OrganizationId, TimeRange};
use padron_http::Context;
use padron_store::Store;

use super::Rows;

/// The maximum number of customers in a range that are counted one by one: some 750 read units at 1.2 KB each, a quarter of what a partition
/// gives in a second. A list in several pages pays for it once.
const MAX_COUNTED: u64 = 5000;

/// Returns how many customers have numbers between these. A few are counted in the table; of many, the rows tell it for a fraction, if
/// they may be read.
pub(super) async fn count_created(
    cx: &Context<'_>,
    organization: OrganizationId,
    total: u64,
    (first, last): (CustomerNumber, CustomerNumber),
) -> Result<u64, Error> {
    const FEW: u64 = 1000;
    let store = cx.store();
    if let Some(count) = store.count_numbers(organization, (first, last), FEW).await? {
        return Ok(count);
    }
    let max_rows = cx.options().customer_rows;
    if total <= max_rows as u64 {
        let rows = Rows { store, total, max_rows }.read(organization).await?;
        return Ok(rows.iter().filter(|row| (first..=last).contains(&row.number)).count() as u64);
    }
    let count = store.count_numbers(organization, (first, last), MAX_COUNTED).await?;
    count.ok_or_else(|| too_wide("created"))
}

/// Returns how many customers were last changed within a range of time.
pub(super) async fn count_updated(
    store: &Store,
    organization: OrganizationId,
    within: TimeRange,
) -> Result<u64, Error> {
    let count = store.count_updates(organization, within, MAX_COUNTED).await?;
    count.ok_or_else(|| too_wide("updated"))
}

/// The error of a range with too many customers to count.
fn too_wide(which: &str) -> Error {
    let detail = "The range has too many customers to say how many. Make it narrower, or walk one of the lists without a count.";
    let error = Error::from(Failure::QUERY_TOO_BROAD);
    error.with_violation(format!("/query/{which}AtFrom"), "too_broad", detail)
}
