//! Lists of customers that are named by number, id or external id.

use std::collections::{BTreeMap, BTreeSet};

use padron_domain::{
    Customer, CustomerId, CustomerNumber, CustomerReference, CustomerRow, Error, OrganizationId,
    SelectedPage, select_page,
};
use padron_store::{Consistency, CustomersByNumber, Store};

use super::{Filters, ListRequest, Listing, by_rows};
use crate::ancestors::{AncestorDepth, read_ancestors};

/// Reads the named customers, then filters and sorts them like those of any other list.
pub(super) async fn read(request: ListRequest<'_>) -> Result<Listing, Error> {
    let ListRequest { cx, organization, plan, depth, .. } = request;
    let store = cx.store();
    let mut customers = read_named(store, organization, &plan.filters).await?;

    let filter = by_rows::resolve(store, organization, &plan.filters, &[]).await?;
    let needs_ancestors = filter.ancestor.is_some() || filter.cpo.is_some() || filter.parent.is_some();
    let depth = if needs_ancestors || plan.sort.depends_on_ancestors() { AncestorDepth::Root } else { depth };
    let rows: Vec<CustomerRow> = customers.values().map(CustomerRow::from).collect();
    let ancestors = read_ancestors(store, organization, &rows, depth, Consistency::Eventual).await?;
    let order = (plan.sort, plan.direction);
    let SelectedPage { count, positions, more } =
        select_page(&ancestors, &rows, &filter, order, &plan.start, plan.limit.into());
    Ok(Listing {
        customers: positions.iter().filter_map(|hit| customers.remove(&hit.number)).collect(),
        ancestors,
        count: Some(count),
        is_complete: true,
        next: positions.last().filter(|_| more).cloned(),
        positions,
    })
}

/// Reads the customers that `customerIds` and `externalId` name. If both are given, both must name the customer.
async fn read_named(
    store: &Store,
    organization: OrganizationId,
    filters: &Filters,
) -> Result<BTreeMap<CustomerNumber, Customer>, Error> {
    let Filters { customers: references, external_ids, .. } = filters;
    let is_named = |customer: &Customer| {
        let is_referenced = |references: &Vec<CustomerReference>| {
            references.iter().any(|reference| reference.refers_to(customer.number, &customer.id))
        };
        let has = |ids: &Vec<String>| customer.external_id.as_ref().is_some_and(|id| ids.contains(id));
        references.as_ref().is_none_or(is_referenced) && external_ids.as_ref().is_none_or(has)
    };
    let mut customers: BTreeMap<CustomerNumber, Customer> = BTreeMap::new();
    let references = references.as_deref().unwrap_or_default();
    // If both lists are given, a customer must be in both, so reading one of them is enough. There are at most a hundred external ids.
    let numbers = match external_ids {
        Some(ids) => store.customers_with_external_ids(organization, ids).await?,
        None => references.iter().filter_map(CustomerReference::number).collect(),
    };
    read_all(store, organization, numbers.into_iter().collect(), &mut customers).await?;
    customers.retain(|_, customer| is_named(customer));
    if external_ids.is_none() {
        // An imported id does not contain the number of its customer, and may contain that of another one.
        let found: BTreeSet<&CustomerId> = customers.values().map(|customer| &customer.id).collect();
        let elsewhere: Vec<CustomerId> = references
            .iter()
            .filter_map(CustomerReference::id)
            .filter(|id| !found.contains(id))
            .cloned()
            .collect();
        let numbers = store.customer_numbers(organization, &elsewhere).await?.into_iter().collect();
        read_all(store, organization, numbers, &mut customers).await?;
        customers.retain(|_, customer| is_named(customer));
    }
    Ok(customers)
}

/// Reads customers by number, in as many calls as needed.
async fn read_all(
    store: &Store,
    organization: OrganizationId,
    numbers: BTreeSet<CustomerNumber>,
    into: &mut BTreeMap<CustomerNumber, Customer>,
) -> Result<(), Error> {
    let mut numbers: Vec<CustomerNumber> = numbers.into_iter().collect();
    while !numbers.is_empty() {
        let CustomersByNumber { customers, read_count } =
            store.customers_by_number(organization, &numbers, Consistency::Eventual).await?;
        into.extend(customers.into_iter().map(|customer| (customer.number, customer)));
        numbers.drain(..read_count);
    }
    Ok(())
}
