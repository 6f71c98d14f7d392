//! Carries the plan of a list out, the same for all dialects.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use padron_domain::{
    Customer, CustomerFilter, CustomerId, CustomerNumber, CustomerReference, CustomerRow, CustomerSort,
    Error, Failure, Kin, OrganizationId, Position, Relative, Selection, Start, Timestamp, Within, select,
};
use padron_http::Context;
use padron_store::{Action, Span, Store, Stretch};

use crate::{
    kin::{Reach, kin_of},
    named::look_up,
    plan::{AccessPath, Plan},
    query::Filters,
};

/// What lists need of the store.
pub(crate) const ACTIONS: &[&[Action]] = &[
    Store::CUSTOMERS,
    Store::CUSTOMER_ORDER,
    Store::CUSTOMER_ROWS,
    Store::CUSTOMERS_BY_NUMBER,
    Store::CUSTOMER_RELATIVES,
];

/// Twenty thousand rows are some ten megabytes; what they need is the processor that comes with more memory.
pub(crate) const MEMORY: u16 = 1024;

/// A page of a list.
#[derive(Debug)]
pub(crate) struct Listing {
    /// Its customers.
    pub(crate) customers: Vec<Customer>,
    /// Those above them, as far as the answer shows them.
    pub(crate) kin: Kin<'static>,
    /// How many the whole list has; `None` where nobody asked.
    pub(crate) count: Option<u64>,
    /// Whether it has all that were asked for: else they are more than one answer can hold.
    pub(crate) is_whole: bool,
    /// The place of each of its customers.
    places: Vec<Position>,
    /// After which place the list goes on, if it does.
    next: Option<Position>,
}

impl Listing {
    /// Where the list goes on when the answer has only so many of the customers.
    pub(crate) fn after(&self, taken: usize) -> Option<&Position> {
        if taken < self.places.len() { self.places[..taken].last() } else { self.next.as_ref() }
    }
}

/// What finds customers by anything, in any order: where an organization has too many for all of them to be looked at, a search
/// service can take the place of [`Rows`].
pub(crate) trait CustomerSearch {
    /// A page of those that the plan asks for.
    fn search(
        &self,
        organization: OrganizationId,
        plan: &Plan,
    ) -> impl Future<Output = Result<Found, Error>> + Send;
}

/// What a search found.
#[derive(Debug)]
pub(crate) struct Found {
    /// The page.
    pub(crate) selection: Selection,
    /// Those above its customers.
    pub(crate) kin: Kin<'static>,
}

/// Looks at the row of every customer.
#[derive(Debug)]
pub(crate) struct Rows<'s> {
    pub(crate) store: &'s Store,
    /// How many customers there are, as counted.
    pub(crate) total: u64,
    /// How many there may be.
    pub(crate) at_most: usize,
}

impl Rows<'_> {
    /// All rows, unless they are too many: told from the count, before any is read.
    pub(crate) async fn read(&self, organization: OrganizationId) -> Result<Vec<CustomerRow>, Error> {
        if self.total > self.at_most as u64 {
            return Err(Failure::QueryTooBroad.into());
        }
        // The count is a little older than the rows.
        let slack = self.at_most / 10 + 1;
        let rows = self.store.customer_rows(organization, self.at_most + slack).await?;
        rows.ok_or_else(|| Failure::QueryTooBroad.into())
    }
}

impl CustomerSearch for Rows<'_> {
    async fn search(&self, organization: OrganizationId, plan: &Plan) -> Result<Found, Error> {
        let rows = self.read(organization).await?;
        let filter = looked_up(self.store, organization, &plan.filters, &rows).await?;
        let kin = Kin::of_rows(&rows);
        let order = (plan.sort, plan.direction);
        let selection = select(&kin, &rows, &filter, order, &plan.start, plan.limit.into());
        drop(kin);
        let relative = |row: CustomerRow| {
            (row.number, Relative { name: row.name.into(), kind: row.kind, parent: row.parent })
        };
        Ok(Found { selection, kin: Kin::of(rows.into_iter().map(relative)) })
    }
}

/// The most customers of a range that are counted one by one: some 750 read units at 1.2 KB each, a quarter of what a partition gives in
/// a second. Of a list in several pages that is paid once.
const MOST_COUNTED: u64 = 5000;

/// How many customers a range of creation has. A few are counted where they are; of many, the rows tell it for a fraction, as long as
/// those may be looked at.
async fn count_created(
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
    let at_most = cx.customer_rows();
    if total <= at_most as u64 {
        let rows = Rows { store, total, at_most }.read(organization).await?;
        return Ok(rows.iter().filter(|row| (first..=last).contains(&row.number)).count() as u64);
    }
    let count = store.count_numbers(organization, (first, last), MOST_COUNTED).await?;
    count.ok_or_else(|| too_wide("created"))
}

/// Refuses to count what a range of time has.
fn too_wide(which: &str) -> Error {
    let detail = "The range has too many customers to say how many. Make it narrower, or walk one of the lists without a count.";
    Error::from(Failure::QueryTooBroad).at(format!("/query/{which}AtFrom"), "too_broad", detail)
}

/// A change is in every list so long after its instant, at most: nine seconds of a request that decides on it before it commits, what
/// an index lags behind, and what clocks differ.
const SETTLED_AFTER: Duration = Duration::from_secs(20);

/// Until when no change is missing from a list of changes that begins now, whoever is still writing.
pub(crate) fn complete_until(cx: &Context<'_>, plan: &Plan) -> Option<Timestamp> {
    let Within { from, to } = plan.filters.updated;
    let is_first = matches!(plan.start, Start::Skip(0));
    let settled = cx.now().minus(SETTLED_AFTER);
    from.filter(|_| is_first).map(|_| to.map_or(settled, |to| to.min(settled)))
}

/// The page that the plan asks for. `total` is how many customers the organization has.
pub(crate) async fn list(
    cx: &Context<'_>,
    organization: OrganizationId,
    total: u64,
    plan: &Plan,
    reach: Reach,
) -> Result<Listing, Error> {
    let store = cx.store();
    let unfiltered = plan.filters.are_none().then_some(total);
    match plan.path {
        AccessPath::Nothing => {
            let nothing = Selection { count: 0, hits: Vec::new(), more: false };
            listing(store, organization, plan, nothing, Kin::default(), Some(0)).await
        }
        AccessPath::Table(first, last) => {
            let (after, skip) = match &plan.start {
                Start::Skip(skip) => (None, *skip),
                Start::After(position) => (Some(position.number), 0),
            };
            let span = Span {
                direction: plan.direction,
                bounds: (first, last),
                after,
                skip,
                limit: plan.limit.into(),
            };
            let count = async {
                if unfiltered.is_some() || !plan.counts_matches {
                    return Ok(unfiltered);
                }
                if plan.counted.is_some() {
                    return Ok(plan.counted);
                }
                count_created(cx, organization, total, (first, last)).await.map(Some)
            };
            let (page, count) = tokio::try_join!(store.customers(organization, span), count)?;
            let kin = kin_of(store, organization, &page.customers, reach).await?;
            let place = |customer: &Customer| Position { key: String::new(), number: customer.number };
            let places: Vec<Position> = page.customers.iter().map(place).collect();
            Ok(Listing {
                is_whole: page.next.is_none() || page.customers.len() >= plan.limit.into(),
                next: page.next.map(|number| Position { key: String::new(), number }),
                customers: page.customers,
                kin,
                count,
                places,
            })
        }
        AccessPath::Index(order) => {
            let (after, skip) = match &plan.start {
                Start::Skip(skip) => (None, *skip),
                Start::After(position) => (Some(position.clone()), 0),
            };
            // One more than the page has tells whether there is another page. An entry of an index is small.
            let limit = skip + usize::from(plan.limit) + 1;
            let stretch = Stretch { direction: plan.direction, after, limit };
            let hits = store.customer_order(organization, order, stretch);
            let count = async {
                match order {
                    padron_store::Order::Update(within) if plan.counts_matches && unfiltered.is_none() => {
                        if plan.counted.is_some() {
                            return Ok(plan.counted);
                        }
                        let count = store.count_updates(organization, within, MOST_COUNTED).await?;
                        count.map(Some).ok_or_else(|| too_wide("updated"))
                    }
                    _ => Ok(unfiltered),
                }
            };
            let ((mut hits, _), count) = tokio::try_join!(hits, count)?;
            hits.drain(..skip.min(hits.len()));
            let more = hits.len() > plan.limit.into();
            hits.truncate(plan.limit.into());
            let selection = Selection { count: 0, hits, more };
            let mut listing = listing(store, organization, plan, selection, Kin::default(), count).await?;
            listing.kin = kin_of(store, organization, &listing.customers, reach).await?;
            Ok(listing)
        }
        AccessPath::Named => named(cx, organization, plan, reach).await,
        AccessPath::Rows => {
            let rows = Rows { store, total, at_most: cx.customer_rows() };
            let Found { selection, kin } = rows.search(organization, plan).await?;
            let count = selection.count;
            listing(store, organization, plan, selection, kin, Some(count)).await
        }
    }
}

/// Reads the customers of a page.
async fn listing(
    store: &Store,
    organization: OrganizationId,
    plan: &Plan,
    selection: Selection,
    kin: Kin<'static>,
    count: Option<u64>,
) -> Result<Listing, Error> {
    let Selection { mut hits, more, .. } = selection;
    let numbers: Vec<CustomerNumber> = hits.iter().map(|hit| hit.number).collect();
    let (mut customers, looked_at) = store.customers_by_number(organization, &numbers).await?;
    // An index may be ahead of what is read with half the units: who is missing, or older than their entry, is read as they are now.
    let mut read = customers.iter().peekable();
    let is_behind = |hit: &&Position| match read.next_if(|customer| customer.number == hit.number) {
        Some(customer) if plan.sort == CustomerSort::UpdatedAt => {
            Timestamp::parse(&hit.key).is_ok_and(|entered| customer.updated_at < entered)
        }
        Some(_) => false,
        None => true,
    };
    let behind = hits[..looked_at].iter().filter(is_behind).map(|hit| hit.number);
    let behind: Vec<CustomerNumber> = behind.collect();
    if !behind.is_empty() {
        let (now, _) = store.customers_now(organization, &behind).await?;
        let all = customers.into_iter().chain(now).map(|customer| (customer.number, customer));
        let mut all: BTreeMap<CustomerNumber, Customer> = all.collect();
        customers = numbers[..looked_at].iter().filter_map(|number| all.remove(number)).collect();
    }
    let is_whole = looked_at == numbers.len();
    let next = hits[..looked_at].last().filter(|_| more || !is_whole).cloned();
    // Those that went meanwhile have no place any more.
    let mut shown = customers.iter().map(|customer| customer.number).peekable();
    hits.retain(|hit| shown.next_if_eq(&hit.number).is_some());
    Ok(Listing { customers, kin, count, is_whole, places: hits, next })
}

/// The page of a list of named customers: these are read first, then filtered and sorted as all others are.
async fn named(
    cx: &Context<'_>,
    organization: OrganizationId,
    plan: &Plan,
    reach: Reach,
) -> Result<Listing, Error> {
    let store = cx.store();
    let Filters { customers: references, external_ids, .. } = &plan.filters;
    let is_meant = |customer: &Customer| {
        let is_named = |references: &Vec<CustomerReference>| {
            references.iter().any(|reference| reference.names(customer.number, &customer.id))
        };
        let has = |ids: &Vec<String>| customer.external_id.as_ref().is_some_and(|id| ids.contains(id));
        references.as_ref().is_none_or(is_named) && external_ids.as_ref().is_none_or(has)
    };
    let mut customers: BTreeMap<CustomerNumber, Customer> = BTreeMap::new();
    let references = references.as_deref().unwrap_or_default();
    // Who is meant is in both lists, so it is enough to read one of them: of external ids there are a hundred at most.
    let numbers = match external_ids {
        Some(ids) => store.customers_with_external_ids(organization, ids).await?,
        None => references.iter().filter_map(CustomerReference::number).collect(),
    };
    read_all(store, organization, numbers.into_iter().collect(), &mut customers).await?;
    customers.retain(|_, customer| is_meant(customer));
    if external_ids.is_none() {
        // An id from elsewhere does not hold its customer's number, or holds another one's.
        let found: BTreeSet<&CustomerId> = customers.values().map(|customer| &customer.id).collect();
        let elsewhere: Vec<CustomerId> = references
            .iter()
            .filter_map(CustomerReference::id)
            .filter(|id| !found.contains(id))
            .cloned()
            .collect();
        let numbers = store.customer_numbers(organization, &elsewhere).await?.into_iter().collect();
        read_all(store, organization, numbers, &mut customers).await?;
        customers.retain(|_, customer| is_meant(customer));
    }

    let filter = looked_up(store, organization, &plan.filters, &[]).await?;
    let needs_ancestors = filter.owner.is_some() || filter.cpo.is_some() || filter.parent.is_some();
    let reach = if needs_ancestors || plan.sort.is_of_others() { Reach::Root } else { reach };
    let rows: Vec<CustomerRow> = customers.values().map(CustomerRow::from).collect();
    let kin = kin_of(store, organization, &rows, reach).await?;
    let order = (plan.sort, plan.direction);
    let Selection { count, hits, more } = select(&kin, &rows, &filter, order, &plan.start, plan.limit.into());
    Ok(Listing {
        customers: hits.iter().filter_map(|hit| customers.remove(&hit.number)).collect(),
        kin,
        count: Some(count),
        is_whole: true,
        next: hits.last().filter(|_| more).cloned(),
        places: hits,
    })
}

/// Reads customers, as often as it takes.
async fn read_all(
    store: &Store,
    organization: OrganizationId,
    numbers: BTreeSet<CustomerNumber>,
    into: &mut BTreeMap<CustomerNumber, Customer>,
) -> Result<(), Error> {
    let mut numbers: Vec<CustomerNumber> = numbers.into_iter().collect();
    while !numbers.is_empty() {
        let (found, looked_at) = store.customers_by_number(organization, &numbers).await?;
        into.extend(found.into_iter().map(|customer| (customer.number, customer)));
        numbers.drain(..looked_at);
    }
    Ok(())
}

/// Looks the customers up that a filter names, first among `rows`, where most of them are. Fails alike for one that is not there and
/// one of another organization.
async fn looked_up(
    store: &Store,
    organization: OrganizationId,
    filters: &Filters,
    rows: &[CustomerRow],
) -> Result<CustomerFilter, Error> {
    let number_of = async |reference: &Option<CustomerReference>| {
        let Some(reference) = reference else { return Ok(None) };
        let seen = reference
            .number()
            .and_then(|number| rows.binary_search_by_key(&number, |row| row.number).ok())
            .map(|at| &rows[at])
            .filter(|row| reference.names(row.number, &row.id))
            .or_else(|| rows.iter().find(|row| reference.names(row.number, &row.id)));
        if let Some(row) = seen {
            return Ok(Some(row.number));
        }
        let found = look_up(store, organization, reference).await?;
        found.map(|customer| Some(customer.number)).ok_or_else(|| Error::from(Failure::CustomerNotAccessible))
    };
    let Filters { search, kinds, statuses, created, updated, parent, owner, cpo, .. } = filters;
    Ok(CustomerFilter {
        search: search.clone(),
        kinds: kinds.clone(),
        statuses: statuses.clone(),
        created: *created,
        updated: *updated,
        parent: number_of(parent).await?,
        owner: number_of(owner).await?,
        cpo: number_of(cpo).await?,
    })
}
