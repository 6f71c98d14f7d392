//! Counting the customers of a filtered list.

use padron_domain::{CustomerNumber, Error, Failure, OrganizationId, TimeRange};
use padron_http::Context;
use padron_store::Store;

use super::RowReader;

/// The maximum number of customers in a range that are counted one by one.
///
/// Counting them takes about 750 read capacity units at 1.2 KB each, a quarter of the units that a partition provides in a second. A list
/// with several pages is counted once.
const MAX_COUNTED: u64 = 5000;

/// Returns the number of customers whose numbers are in a range.
///
/// A few are counted in the table. For more, the rows of all customers are read, which costs a fraction, if the organization has few
/// enough of them. Fails if the range has too many customers to count.
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
    let max_rows = cx.options().max_customer_rows;
    if total <= max_rows as u64 {
        let rows = RowReader { store, total, max_rows }.read(organization).await?;
        return Ok(rows.iter().filter(|row| (first..=last).contains(&row.number)).count() as u64);
    }
    let count = store.count_numbers(organization, (first, last), MAX_COUNTED).await?;
    count.ok_or_else(|| too_wide("created"))
}

/// Returns the number of customers that were last changed within a range of time. Fails if there are too many to count.
pub(super) async fn count_updated(
    store: &Store,
    organization: OrganizationId,
    within: TimeRange,
) -> Result<u64, Error> {
    let count = store.count_updates(organization, within, MAX_COUNTED).await?;
    count.ok_or_else(|| too_wide("updated"))
}

/// Returns the error for a range with too many customers to count.
fn too_wide(which: &str) -> Error {
    let detail = "The range has too many customers to say how many. Make it narrower, or walk one of the lists without a count.";
    let error = Error::from(Failure::QUERY_TOO_BROAD);
    error.with_violation(format!("/query/{which}AtFrom"), "too_broad", detail)
}
