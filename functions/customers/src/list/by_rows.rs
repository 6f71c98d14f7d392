//! Lists that need the row of every customer.

use padron_domain::{
    Ancestor, Ancestors, CustomerFilter, CustomerReference, CustomerRow, Error, Failure, OrganizationId,
    select_page,
};
use padron_store::Store;

use super::{Filters, ListRequest, Listing};
use crate::named_customer::find_customer;

/// A read of the rows of all customers of an organization.
#[derive(Debug)]
pub(crate) struct RowReader<'s> {
    pub(crate) store: &'s Store,
    /// The number of customers, according to the count.
    pub(crate) total: u64,
    /// The maximum number of rows that may be read.
    pub(crate) max_rows: usize,
}

impl RowReader<'_> {
    /// Reads the rows, ordered by number. Fails if there are too many, and before any read if the count says so.
    pub(crate) async fn read(&self, organization: OrganizationId) -> Result<Vec<CustomerRow>, Error> {
        if self.total > self.max_rows as u64 {
            return Err(Failure::QUERY_TOO_BROAD.into());
        }
        // The count is slightly older than the rows.
        let slack = self.max_rows / 10 + 1;
        let rows = self.store.customer_rows(organization, self.max_rows + slack).await?;
        rows.ok_or_else(|| Failure::QUERY_TOO_BROAD.into())
    }
}

/// Reads all rows, then filters and sorts them and returns the requested page.
pub(super) async fn read(request: ListRequest<'_>) -> Result<Listing, Error> {
    let ListRequest { cx, organization, total, plan, .. } = request;
    let store = cx.store();
    let rows =
        RowReader { store, total, max_rows: cx.options().max_customer_rows }.read(organization).await?;
    let filter = resolve(store, organization, &plan.filters, &rows).await?;
    let ancestors = Ancestors::from_rows(&rows);
    let order = (plan.sort, plan.direction);
    let selection = select_page(&ancestors, &rows, &filter, order, &plan.start, plan.limit.into());
    drop(ancestors);
    let ancestor = |row: CustomerRow| {
        (row.number, Ancestor { name: row.name.into(), kind: row.kind, parent: row.parent })
    };
    let ancestors = Ancestors::new(rows.into_iter().map(ancestor));
    let count = selection.count;
    request.read_selected(selection, ancestors, Some(count)).await
}

/// Resolves the customers that filters name to their numbers.
///
/// Most of them are among `rows`, which are searched first. A customer that does not exist and a customer of another organization fail in
/// the same way.
pub(super) async fn resolve(
    store: &Store,
    organization: OrganizationId,
    filters: &Filters,
    rows: &[CustomerRow],
) -> Result<CustomerFilter, Error> {
    let number_named = async |reference: &Option<CustomerReference>| {
        let Some(reference) = reference else { return Ok(None) };
        let row = reference
            .number()
            .and_then(|number| rows.binary_search_by_key(&number, |row| row.number).ok())
            .map(|index| &rows[index])
            .filter(|row| reference.refers_to(row.number, &row.id))
            .or_else(|| rows.iter().find(|row| reference.refers_to(row.number, &row.id)));
        if let Some(row) = row {
            return Ok(Some(row.number));
        }
        let found = find_customer(store, organization, reference).await?;
        found
            .map(|customer| Some(customer.number))
            .ok_or_else(|| Error::from(Failure::CUSTOMER_NOT_ACCESSIBLE))
    };
    let Filters { search, kinds, statuses, created, updated, parent, owner, cpo, .. } = filters;
    Ok(CustomerFilter {
        search: search.clone(),
        kinds: kinds.clone(),
        statuses: statuses.clone(),
        created: *created,
        updated: *updated,
        parent: number_named(parent).await?,
        ancestor: number_named(owner).await?,
        cpo: number_named(cpo).await?,
    })
}
