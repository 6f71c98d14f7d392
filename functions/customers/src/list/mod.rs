//! Lists of customers, the same for all dialects: a query becomes a [`Plan`], and the plan is executed.

mod by_ids;
mod by_rows;
mod count;
mod cursor;
mod page;
mod plan;
mod query;

use std::{collections::BTreeMap, time::Duration};

use padron_domain::{
    Ancestors, Customer, CustomerNumber, CustomerSort, Error, OrganizationId, PageStart, Position,
    SelectedPage, TimeRange, Timestamp,
};
use padron_http::Context;
use padron_store::{
    Action, Consistency, CustomersByNumber, IndexOrder, IndexRange, NumberRange, QueryPage, Store,
};

pub(crate) use by_rows::RowReader;
pub(crate) use page::array;
pub(crate) use plan::{EmptyQuery, ListOptions, Plan};
pub(crate) use query::{DEFAULT_LIMIT, Filters, ListQuery, MAX_LIMIT};

use self::{
    count::{count_created, count_updated},
    plan::ReadStrategy,
};
use crate::ancestors::{AncestorDepth, read_ancestors};

/// The store actions of a list.
pub(crate) const ACTIONS: &[&[Action]] = &[
    Store::CUSTOMERS,
    Store::CUSTOMER_ORDER,
    Store::CUSTOMER_ROWS,
    Store::CUSTOMERS_BY_NUMBER,
    Store::CUSTOMER_ANCESTORS,
];

/// The memory of a list's function, in MB.
///
/// Twenty thousand rows take about ten megabytes. Lists need the larger share of a processor that comes with more memory.
pub(crate) const MEMORY: u16 = 1024;

/// A page of a list.
#[derive(Debug)]
pub(crate) struct Listing {
    /// The customers of the page.
    pub(crate) customers: Vec<Customer>,
    /// The ancestors of the customers, as far as the response shows them.
    pub(crate) ancestors: Ancestors<'static>,
    /// The number of customers in the whole list; `None` if it was not asked for.
    pub(crate) count: Option<u64>,
    /// Whether the page has all customers that were asked for. If not, they do not fit into one response.
    pub(crate) is_complete: bool,
    /// The position of each customer.
    positions: Vec<Position>,
    /// The position after which the next page begins; `None` on the last page.
    next: Option<Position>,
}

impl Listing {
    /// Returns the position after which the next page begins if the response contains only the first `taken` customers.
    pub(crate) fn after(&self, taken: usize) -> Option<&Position> {
        if taken < self.positions.len() { self.positions[..taken].last() } else { self.next.as_ref() }
    }
}

/// A request for a list: a plan, and the organization to which it applies.
#[derive(Clone, Copy, Debug)]
struct ListRequest<'a> {
    cx: &'a Context<'a>,
    organization: OrganizationId,
    /// The number of customers of the organization.
    total: u64,
    plan: &'a Plan,
    /// The depth up to which ancestors are read.
    depth: AncestorDepth,
}

/// Reads the page that a plan asks for, with ancestors up to `depth`. `total` is the number of customers of the organization.
pub(crate) async fn list(
    cx: &Context<'_>,
    organization: OrganizationId,
    total: u64,
    plan: &Plan,
    depth: AncestorDepth,
) -> Result<Listing, Error> {
    let request = ListRequest { cx, organization, total, plan, depth };
    match plan.strategy {
        ReadStrategy::Empty => {
            let nothing = SelectedPage { count: 0, positions: Vec::new(), more: false };
            request.read_selected(nothing, Ancestors::default(), Some(0)).await
        }
        ReadStrategy::NumberRange(first, last) => request.read_number_range(first, last).await,
        ReadStrategy::Index(order) => request.read_index(order).await,
        ReadStrategy::ByIds => by_ids::read(request).await,
        ReadStrategy::AllRows => by_rows::read(request).await,
    }
}

impl ListRequest<'_> {
    fn store(&self) -> &Store {
        self.cx.store()
    }

    /// Returns the number of customers in the list; `None` if it has filters.
    fn unfiltered_count(&self) -> Option<u64> {
        self.plan.filters.is_empty().then_some(self.total)
    }

    /// Returns the position after which the page begins, if there is one, and the number of customers to skip from there.
    fn start(&self) -> (Option<Position>, usize) {
        match &self.plan.start {
            PageStart::Offset(skip) => (None, *skip),
            PageStart::After(position) => (Some(position.clone()), 0),
        }
    }

    /// Reads the customers between two numbers, in the order of the table.
    async fn read_number_range(self, first: CustomerNumber, last: CustomerNumber) -> Result<Listing, Error> {
        let Self { cx, organization, total, plan, depth } = self;
        let (after, skip) = self.start();
        let range = NumberRange {
            direction: plan.direction,
            bounds: (first, last),
            after: after.map(|position| position.number),
            skip,
            limit: plan.limit.into(),
        };
        let count = async {
            let known = self.unfiltered_count().or(plan.counted);
            if known.is_some() || !plan.counts_matches {
                return Ok(known);
            }
            count_created(cx, organization, total, (first, last)).await.map(Some)
        };
        let (page, count) = tokio::try_join!(self.store().customers(organization, range), count)?;
        let ancestors =
            read_ancestors(self.store(), organization, &page.customers, depth, Consistency::Eventual).await?;
        let position = |number| Position { key: String::new(), number };
        Ok(Listing {
            is_complete: page.next.is_none() || page.customers.len() >= plan.limit.into(),
            next: page.next.map(position),
            positions: page.customers.iter().map(|customer| position(customer.number)).collect(),
            customers: page.customers,
            ancestors,
            count,
        })
    }

    /// Reads customers in the order of an index.
    async fn read_index(self, order: IndexOrder) -> Result<Listing, Error> {
        let Self { organization, plan, depth, .. } = self;
        let (after, skip) = self.start();
        // One item more than the page holds tells whether there is another page. The items of an index are small.
        let limit = skip + usize::from(plan.limit) + 1;
        let range = IndexRange { direction: plan.direction, after, limit };
        let positions = self.store().customer_order(organization, order, range);
        let count = async {
            match (self.unfiltered_count(), order) {
                (None, IndexOrder::Update(within)) if plan.counts_matches => match plan.counted {
                    None => count_updated(self.store(), organization, within).await.map(Some),
                    counted => Ok(counted),
                },
                (unfiltered, _) => Ok(unfiltered),
            }
        };
        let (QueryPage { items: mut positions, .. }, count) = tokio::try_join!(positions, count)?;
        positions.drain(..skip.min(positions.len()));
        let more = positions.len() > plan.limit.into();
        positions.truncate(plan.limit.into());
        let selection = SelectedPage { count: 0, positions, more };
        let mut listing = self.read_selected(selection, Ancestors::default(), count).await?;
        listing.ancestors =
            read_ancestors(self.store(), organization, &listing.customers, depth, Consistency::Eventual)
                .await?;
        Ok(listing)
    }

    /// Reads the customers of a selection, in the order of their positions.
    async fn read_selected(
        self,
        selection: SelectedPage,
        ancestors: Ancestors<'static>,
        count: Option<u64>,
    ) -> Result<Listing, Error> {
        let (store, organization) = (self.store(), self.organization);
        let SelectedPage { mut positions, more, .. } = selection;
        let numbers: Vec<CustomerNumber> = positions.iter().map(|hit| hit.number).collect();
        let CustomersByNumber { mut customers, read_count } =
            store.customers_by_number(organization, &numbers, Consistency::Eventual).await?;
        // The index can be ahead of an eventually consistent read. Customers that are missing, or older than their item in the index, are
        // read again with strongly consistent reads.
        let mut read = customers.iter().peekable();
        let is_behind = |hit: &&Position| match read.next_if(|customer| customer.number == hit.number) {
            Some(customer) if self.plan.sort == CustomerSort::UpdatedAt => {
                Timestamp::parse(&hit.key).is_ok_and(|entered| customer.updated_at < entered)
            }
            Some(_) => false,
            None => true,
        };
        let behind = positions[..read_count].iter().filter(is_behind).map(|hit| hit.number);
        let behind: Vec<CustomerNumber> = behind.collect();
        if !behind.is_empty() {
            let again =
                store.customers_by_number(organization, &behind, Consistency::Strong).await?.customers;
            let all = customers.into_iter().chain(again).map(|customer| (customer.number, customer));
            let mut all: BTreeMap<CustomerNumber, Customer> = all.collect();
            customers = numbers[..read_count].iter().filter_map(|number| all.remove(number)).collect();
        }
        let is_complete = read_count == numbers.len();
        let next = positions[..read_count].last().filter(|_| more || !is_complete).cloned();
        // Customers that were deleted in the meantime have no position.
        let mut shown = customers.iter().map(|customer| customer.number).peekable();
        positions.retain(|hit| shown.next_if_eq(&hit.number).is_some());
        Ok(Listing { customers, ancestors, count, is_complete, positions, next })
    }
}

/// The time after which a change is in every list.
///
/// It covers nine seconds between a request's decision and its commit, the lag of an index, and the difference between clocks.
const INDEX_LAG: Duration = Duration::from_secs(20);

/// Returns the instant until which a list of changes that begins now is complete, even if other requests are still writing; `None` if
/// this is not the first page of such a list.
pub(crate) fn complete_until(cx: &Context<'_>, plan: &Plan) -> Option<Timestamp> {
    let TimeRange { from, to } = plan.filters.updated;
    let is_first_page = matches!(plan.start, PageStart::Offset(0));
    let settled = cx.now().minus(INDEX_LAG);
    from.filter(|_| is_first_page).map(|_| to.map_or(settled, |to| to.min(settled)))
}
