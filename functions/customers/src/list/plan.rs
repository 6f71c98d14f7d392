//! The plan of a list, which determines how it is read, what it costs, and how far it reaches.

use padron_domain::{
    CustomerNumber, CustomerSort, Direction, Error, OrganizationId, PageStart, Position, TimeRange,
};
use padron_http::{Context, Route, encode_parameter, invalid_cursor};
use padron_store::IndexOrder;
use serde_json::json;

use super::{
    cursor::Cursor,
    query::{DEFAULT_LIMIT, Filters, ListQuery, MAX_LIMIT},
};

/// The largest offset up to which customers are read and skipped. Beyond it, reading the rows of all customers is cheaper.
const MAX_OFFSET_READ: usize = 200;

/// The options of a list endpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListOptions {
    /// The behavior without query parameters.
    pub(crate) empty_query: EmptyQuery,
    /// Whether the response contains the number of customers even if there are filters.
    pub(crate) counts_matches: bool,
}

/// The behavior of a list without query parameters.
#[derive(Clone, Copy, Debug)]
pub(crate) enum EmptyQuery {
    /// The same as with parameters: the 50 newest customers, newest first.
    Defaults,
    /// All customers that fit into one response, oldest first. Timbrix's list has no parameters.
    All,
}

/// The way in which the customers of a list are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadStrategy {
    /// No read. The filters contradict each other, so there are no customers.
    Empty,
    /// A query of the table, between two numbers. The hundredth page costs as much as the first.
    NumberRange(CustomerNumber, CustomerNumber),
    /// A query of an index, whose customers are then read by number. The hundredth page costs as much as the first.
    Index(IndexOrder),
    /// A read of the named customers by number, which are then filtered and sorted.
    ByIds,
    /// A read of the rows of all customers. Their number is limited, and the list is refused from the count alone if there are more.
    AllRows,
}

/// The plan of a list.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) strategy: ReadStrategy,
    pub(crate) filters: Filters,
    pub(crate) sort: CustomerSort,
    pub(crate) direction: Direction,
    pub(crate) start: PageStart,
    pub(crate) limit: u16,
    pub(crate) counts_matches: bool,
    /// The number of customers when the first page was read; `None` if this is the first page, or they were not counted.
    pub(crate) counted: Option<u64>,
    sent_filters: Vec<(String, String)>,
    /// The context to which the cursors of this list are bound.
    context: Vec<u8>,
}

impl Plan {
    /// Creates the plan for a query. A cursor determines the order of the list. Fails if the query contradicts the cursor.
    pub(crate) fn new(
        cx: &Context<'_>,
        query: ListQuery,
        route: Route,
        organization: OrganizationId,
        options: ListOptions,
    ) -> Result<Self, Error> {
        let ListOptions { empty_query, counts_matches } = options;
        let ListQuery { limit, offset, sort, direction, cursor, filters, sent_filters, is_empty } = query;
        let mut asked = sent_filters.clone();
        asked.sort();
        let context = json!([route.function, organization.uuid(), asked]).to_string().into_bytes();
        let mut counted = None;
        let (limit, sort, direction, start) = if let Some(cursor) = cursor {
            let cursor = Cursor::open(cx, &context, &cursor).ok_or_else(invalid_cursor)?;
            if sort.is_some_and(|sort| sort != cursor.sort)
                || direction.is_some_and(|direction| direction != cursor.direction)
            {
                return Err(invalid_cursor());
            }
            counted = cursor.count;
            (limit.unwrap_or(cursor.limit), cursor.sort, cursor.direction, PageStart::After(cursor.after))
        } else {
            let sort = sort.unwrap_or_else(|| filters.default_sort());
            let start = PageStart::Offset(offset.unwrap_or(0));
            match empty_query {
                EmptyQuery::All if is_empty => (MAX_LIMIT, sort, Direction::Ascending, start),
                _ => {
                    let direction = direction.unwrap_or_else(|| filters.default_direction());
                    (limit.unwrap_or(DEFAULT_LIMIT), sort, direction, start)
                }
            }
        };
        let without_cursors = Self::of(filters, (sort, direction), start, limit);
        Ok(Self { counts_matches, counted, sent_filters, context, ..without_cursors })
    }

    /// Creates a plan for a list without cursors.
    pub(crate) fn of(
        filters: Filters,
        (sort, direction): (CustomerSort, Direction),
        start: PageStart,
        limit: u16,
    ) -> Self {
        let strategy = ReadStrategy::of(&filters, sort, &start);
        let (sent_filters, context) = (Vec::new(), Vec::new());
        Self {
            strategy,
            filters,
            sort,
            direction,
            start,
            limit,
            counts_matches: false,
            counted: None,
            sent_filters,
            context,
        }
    }

    /// Returns the number of customers that are skipped.
    pub(crate) fn offset(&self) -> u64 {
        match self.start {
            PageStart::Offset(skip) => skip as u64,
            PageStart::After(_) => 0,
        }
    }

    /// Returns the query string of the page after a position. The order, the limit and the count are in the cursor.
    pub(crate) fn next(
        &self,
        cx: &Context<'_>,
        after: Position,
        count: Option<u64>,
    ) -> Result<String, Error> {
        let Self { sort, direction, limit, .. } = *self;
        let count = count.filter(|_| self.counts_matches);
        let cursor = Cursor { sort, direction, limit, after, count }.seal(cx, &self.context)?;
        let filters = self.sent_filters.iter();
        let filters = filters.map(|(name, value)| encode_parameter(name, value) + "&");
        Ok(format!("{}cursor={cursor}", filters.collect::<String>()))
    }
}

impl ReadStrategy {
    fn of(filters: &Filters, sort: CustomerSort, start: &PageStart) -> Self {
        let Filters { customers, external_ids, created, updated, .. } = filters;
        if customers.is_some() || external_ids.is_some() {
            return Self::ByIds;
        }
        let is_small_offset = !matches!(start, PageStart::Offset(skip) if *skip > MAX_OFFSET_READ);
        if !filters.has_only_time_ranges() || !is_small_offset {
            return Self::AllRows;
        }
        match sort {
            CustomerSort::Id | CustomerSort::CreatedAt if !updated.is_bounded() => {
                let first = created.from.map_or(Some(CustomerNumber::MIN), CustomerNumber::first_since);
                let last = created.to.map_or(Some(CustomerNumber::MAX), CustomerNumber::last_until);
                match (first, last) {
                    (Some(first), Some(last)) if first <= last => Self::NumberRange(first, last),
                    _ => Self::Empty,
                }
            }
            CustomerSort::Name if filters.is_empty() => Self::Index(IndexOrder::Name),
            CustomerSort::UpdatedAt if !created.is_bounded() => {
                let TimeRange { from, to } = *updated;
                let is_empty = from.zip(to).is_some_and(|(from, to)| from > to);
                if is_empty { Self::Empty } else { Self::Index(IndexOrder::Update(*updated)) }
            }
            _ => Self::AllRows,
        }
    }
}
