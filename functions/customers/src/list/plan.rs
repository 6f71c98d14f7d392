//! How a list is served: what it costs, and how far it reaches, depends on what is asked.

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

/// The largest offset that is read and left out; beyond it, looking at every row is cheaper.
const MAX_OFFSET_READ: usize = 200;

/// What is particular to one of the lists.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListOptions {
    /// What it does when nothing is asked.
    pub(crate) empty_query: EmptyQuery,
    /// Whether it answers how many there are even where only some are asked for.
    pub(crate) counts_matches: bool,
}

/// What a list does when nothing is asked of it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum EmptyQuery {
    /// The same as with parameters: fifty, newest first.
    Defaults,
    /// All there are, oldest first, as far as one answer goes: Timbrix's list has no parameters.
    All,
}

/// How the customers of a list are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadStrategy {
    /// There are none: the filters contradict each other.
    Empty,
    /// As the table has them, between two numbers. The hundredth page costs what the first one does.
    NumberRange(CustomerNumber, CustomerNumber),
    /// As an index has them, then read by number. The hundredth page costs what the first one does.
    Index(IndexOrder),
    /// Those that are named, read by number, then filtered and sorted.
    ByIds,
    /// By looking at every one's row. Bounded, and refused from the count alone where there are more.
    AllRows,
}

/// A list that is decided on.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) strategy: ReadStrategy,
    pub(crate) filters: Filters,
    pub(crate) sort: CustomerSort,
    pub(crate) direction: Direction,
    pub(crate) start: PageStart,
    pub(crate) limit: u16,
    pub(crate) counts_matches: bool,
    /// How many there were when the first page was made, if that was counted and this is a later one.
    pub(crate) counted: Option<u64>,
    sent_filters: Vec<(String, String)>,
    /// What cursors of this list are bound to.
    context: Vec<u8>,
}

impl Plan {
    /// Decides. A cursor brings the list's order with it; what is said beside it must agree.
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

    /// A list that has no cursors.
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

    /// How many are skipped.
    pub(crate) fn offset(&self) -> u64 {
        match self.start {
            PageStart::Offset(skip) => skip as u64,
            PageStart::After(_) => 0,
        }
    }

    /// The query of the page after that place. IndexOrder, limit and count are in the cursor.
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
        let is_near = !matches!(start, PageStart::Offset(skip) if *skip > MAX_OFFSET_READ);
        if !filters.only_ranges() || !is_near {
            return Self::AllRows;
        }
        match sort {
            CustomerSort::Id | CustomerSort::CreatedAt if !updated.is_bounded() => {
                let first = created.from.map_or(Some(CustomerNumber::MIN), CustomerNumber::since);
                let last = created.to.map_or(Some(CustomerNumber::MAX), CustomerNumber::until);
                match (first, last) {
                    (Some(first), Some(last)) if first <= last => Self::NumberRange(first, last),
                    _ => Self::Empty,
                }
            }
            CustomerSort::Name if filters.are_none() => Self::Index(IndexOrder::Name),
            CustomerSort::UpdatedAt if !created.is_bounded() => {
                let TimeRange { from, to } = *updated;
                let is_empty = from.zip(to).is_some_and(|(from, to)| from > to);
                if is_empty { Self::Empty } else { Self::Index(IndexOrder::Update(*updated)) }
            }
            _ => Self::AllRows,
        }
    }
}
