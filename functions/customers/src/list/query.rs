//! The query parameters of the lists of customers and their defaults, the same for all dialects.

use padron_domain::{
    Customer, CustomerKind, CustomerReference, CustomerSort, CustomerStatus, Direction, Error, Failure,
    TimeRange, Timestamp, search_key, trim,
};
use padron_http::{
    Input, Request, cursor_schema, instant,
    openapi::{Operation, Schemas},
    unknown_parameter,
};
use serde_json::{Value, json};

pub(crate) const DEFAULT_LIMIT: u16 = 50;
pub(crate) const MAX_LIMIT: u16 = 1000;
const MAX_OFFSET: u64 = 999_999_999_999_999;
const MAX_IDS: usize = 1000;
const MAX_EXTERNAL_IDS: usize = 100;
const MAX_SEARCH_LENGTH: usize = 300;

/// The query parameters of a list.
#[derive(Debug, Default)]
pub struct ListQuery {
    pub(crate) limit: Option<u16>,
    pub(crate) offset: Option<usize>,
    pub(crate) sort: Option<CustomerSort>,
    pub(crate) direction: Option<Direction>,
    pub(crate) cursor: Option<String>,
    pub(crate) filters: Filters,
    /// The filters as they were sent, for the link to the next page.
    pub(crate) sent_filters: Vec<(String, String)>,
    /// Whether the request has no query parameters.
    pub(crate) is_empty: bool,
}

/// The filters of a list. Customers that they name have not been looked up yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filters {
    pub(crate) search: Option<String>,
    pub(crate) customers: Option<Vec<CustomerReference>>,
    pub(crate) external_ids: Option<Vec<String>>,
    pub(crate) kinds: Option<Vec<CustomerKind>>,
    pub(crate) statuses: Option<Vec<CustomerStatus>>,
    pub(crate) created: TimeRange,
    pub(crate) updated: TimeRange,
    pub(crate) parent: Option<CustomerReference>,
    pub(crate) owner: Option<CustomerReference>,
    pub(crate) cpo: Option<CustomerReference>,
    /// Whether `createdAtFrom` or `updatedAtFrom` is given. Such a list is ascending by default.
    pub(crate) has_lower_time_bound: bool,
}

impl Filters {
    /// Returns the sort order of a list whose query does not name one.
    pub(crate) fn default_sort(&self) -> CustomerSort {
        if self.updated.is_bounded() {
            CustomerSort::UpdatedAt
        } else if self.created.is_bounded() {
            CustomerSort::CreatedAt
        } else {
            CustomerSort::Id
        }
    }

    /// Returns the direction of a list whose query does not name one.
    pub(crate) fn default_direction(&self) -> Direction {
        if self.has_lower_time_bound { Direction::Ascending } else { Direction::Descending }
    }

    /// Returns whether there are no filters other than ranges of time.
    pub(crate) fn has_only_time_ranges(&self) -> bool {
        let Self {
            search,
            customers,
            external_ids,
            kinds,
            statuses,
            created: _,
            updated: _,
            parent,
            owner,
            cpo,
            has_lower_time_bound: _,
        } = self;
        search.is_none()
            && customers.is_none()
            && external_ids.is_none()
            && kinds.is_none()
            && statuses.is_none()
            && parent.is_none()
            && owner.is_none()
            && cpo.is_none()
    }

    /// Returns whether there are no filters.
    pub(crate) fn is_empty(&self) -> bool {
        self.has_only_time_ranges() && !self.created.is_bounded() && !self.updated.is_bounded()
    }
}

/// The parameters that may be given more than once.
const REPEATED: [&str; 3] = ["customerIds", "externalId", "types"];
/// The parameters that are not filters.
const PAGING: [&str; 5] = ["limit", "offset", "sortBy", "sortDirection", "cursor"];

impl Input for ListQuery {
    const FAILURES: &'static [Failure] =
        &[Failure::INVALID_REQUEST, Failure::CUSTOMER_NOT_ACCESSIBLE, Failure::QUERY_TOO_BROAD];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        let parameters = request.query()?;
        let mut query = Self { is_empty: parameters.is_empty(), ..Self::default() };
        for (index, (name, value)) in parameters.iter().enumerate() {
            let is_repeated = parameters[..index].iter().any(|(before, _)| before == name);
            if is_repeated && !REPEATED.contains(&name.as_str()) {
                return Err(Error::invalid(format!("/query/{name}"), "duplicate_parameter", "Given twice."));
            }
            query.take(name, value)?;
        }
        if query.cursor.is_some() && query.offset.is_some() {
            let detail = "A cursor begins where it was made.";
            return Err(Error::invalid("/query/offset", "contradiction", detail));
        }
        if query.filters.customers.as_ref().is_some_and(|customers| customers.len() > MAX_IDS) {
            return Err(Error::invalid("/query/customerIds", "too_many", "At most 1,000 customers."));
        }
        if query.filters.external_ids.as_ref().is_some_and(|ids| ids.len() > MAX_EXTERNAL_IDS) {
            return Err(Error::invalid("/query/externalId", "too_many", "At most 100 external ids."));
        }
        query.sent_filters = parameters;
        query.sent_filters.retain(|(name, _)| !PAGING.contains(&name.as_str()));
        Ok(query)
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        let mut add =
            |name, meaning: &str, schema: Value| operation.parameter("query", name, meaning, false, &schema);
        let reference = || json!({ "type": "string", "pattern": CustomerReference::PATTERN });
        let instant = || json!({ "type": "string", "format": "date-time" });
        let kinds = CustomerKind::ALL.map(CustomerKind::name);
        let sorts = CustomerSort::ALL.map(CustomerSort::name);
        add(
            "limit",
            "How many customers a page has at most",
            json!({ "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT }),
        );
        add(
            "offset",
            "How many customers to skip",
            json!({ "type": "integer", "minimum": 0, "maximum": MAX_OFFSET, "default": 0 }),
        );
        add(
            "sortBy",
            "What to sort by. Ties break by id; names compare without case and accents, Ñ after N; missing values are \
             lowest. Default: `id`; `createdAt` with a filter on it; `updatedAt` with a filter on it",
            json!({ "type": "string", "enum": sorts }),
        );
        add(
            "sortDirection",
            "Direction of the order. Default: `desc`; `asc` with `createdAtFrom` or `updatedAtFrom`",
            json!({ "type": "string", "enum": ["desc", "asc"] }),
        );
        add(
            "search",
            "Part of name, e-mail, tax id, id, number or external id, without case and accents, ñ like n",
            json!({ "type": "string", "maxLength": MAX_SEARCH_LENGTH }),
        );
        add(
            "customerIds",
            "Only these: numbers or ids, repeated or with commas between them, at most 1,000",
            json!({ "type": "array", "items": reference(), "maxItems": MAX_IDS }),
        );
        let external_id =
            json!({ "type": "string", "minLength": 1, "maxLength": Customer::MAX_EXTERNAL_ID_LENGTH });
        add(
            "externalId",
            "Only the one with exactly this external id; repeated for several, at most 100",
            json!({ "type": "array", "items": external_id, "maxItems": MAX_EXTERNAL_IDS }),
        );
        add(
            "types",
            "Only of these types, repeated or with commas between them",
            json!({ "type": "array", "items": { "type": "string", "enum": kinds } }),
        );
        add("parentId", "Only direct children of this customer, by number or id", reference());
        add("ownerId", "Only customers below this one, however far, by number or id", reference());
        add("cpoId", "Only customers whose nearest CPO above is this one, by number or id", reference());
        add("operatorId", "The same as `cpoId`", reference());
        add("createdAt", "Created at this very millisecond", instant());
        add("createdAtFrom", "Created then or later", instant());
        add("createdAtTo", "Created then or earlier", instant());
        add("updatedAt", "Last changed at this very millisecond", instant());
        add("updatedAtFrom", "Last changed then or later", instant());
        add("updatedAtTo", "Last changed then or earlier", instant());
        add(
            "cursor",
            "Position of the page, from the `Link` of the previous one; not with `offset`",
            cursor_schema(),
        );
    }
}

impl ListQuery {
    /// Reads one parameter.
    fn take(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let invalid = |detail: &str| Error::invalid(format!("/query/{name}"), "invalid_value", detail);
        let from = || instant(name, value, Timestamp::parse_rounding_up);
        let to = || instant(name, value, Timestamp::parse);
        let reference = |text: &str| {
            CustomerReference::parse(text)
                .ok_or_else(|| invalid("A customer's number, or its id of 24 hex digits."))
        };
        let filters = &mut self.filters;
        match name {
            "limit" => {
                let limit = number(value).and_then(|limit| u16::try_from(limit).ok());
                let limit = limit.filter(|limit| (1..=MAX_LIMIT).contains(limit));
                self.limit = Some(limit.ok_or_else(|| invalid("A whole number from 1 to 1000."))?);
            }
            "offset" => {
                let offset = number(value).ok_or_else(|| invalid("A whole number from 0 on."))?;
                self.offset = Some(usize::try_from(offset).unwrap_or(usize::MAX));
            }
            "sortBy" => {
                let sort = CustomerSort::ALL.into_iter().find(|sort| sort.name() == value);
                let detail = "One of id, name, type, ownerName, cpoName, createdAt, updatedAt.";
                self.sort = Some(sort.ok_or_else(|| invalid(detail))?);
            }
            "sortDirection" => {
                self.direction = Some(match value {
                    "asc" => Direction::Ascending,
                    "desc" => Direction::Descending,
                    _ => return Err(invalid("asc or desc.")),
                });
            }
            "cursor" => self.cursor = Some(value.to_owned()),
            "search" => {
                if value.chars().count() > MAX_SEARCH_LENGTH {
                    return Err(invalid("At most 300 characters."));
                }
                // An empty text is part of every customer, so it is no filter.
                filters.search = Some(search_key(trim(value))).filter(|search| !search.is_empty());
            }
            "customerIds" => {
                let customers = filters.customers.get_or_insert_default();
                for text in value.split(',') {
                    customers.push(reference(text.trim())?);
                }
            }
            "externalId" => {
                let external_id = trim(value);
                if !(1..=Customer::MAX_EXTERNAL_ID_LENGTH).contains(&external_id.chars().count()) {
                    return Err(invalid("An external id has 1 to 40 characters."));
                }
                filters.external_ids.get_or_insert_default().push(external_id.to_owned());
            }
            "types" => {
                let kinds = filters.kinds.get_or_insert_default();
                for text in value.split(',') {
                    let kind = CustomerKind::ALL.into_iter().find(|kind| kind.name() == text.trim());
                    kinds
                        .push(kind.ok_or_else(|| invalid("Some of Private, Business, CPO, CPOSubsidiary."))?);
                }
            }
            "parentId" => filters.parent = Some(reference(value)?),
            "ownerId" => filters.owner = Some(reference(value)?),
            "cpoId" | "operatorId" => {
                if filters.cpo.is_some() {
                    let detail = "operatorId is another name of cpoId: give one of them.";
                    return Err(Error::invalid(format!("/query/{name}"), "contradiction", detail));
                }
                filters.cpo = Some(reference(value)?);
            }
            "createdAt" => {
                let at = Some(to()?);
                filters.created = filters.created.intersect(TimeRange { from: at, to: at });
            }
            "createdAtFrom" => {
                filters.created = filters.created.intersect(TimeRange { from: Some(from()?), to: None });
                filters.has_lower_time_bound = true;
            }
            "createdAtTo" => {
                filters.created = filters.created.intersect(TimeRange { from: None, to: Some(to()?) });
            }
            "updatedAt" => {
                let at = Some(to()?);
                filters.updated = filters.updated.intersect(TimeRange { from: at, to: at });
            }
            "updatedAtFrom" => {
                filters.updated = filters.updated.intersect(TimeRange { from: Some(from()?), to: None });
                filters.has_lower_time_bound = true;
            }
            "updatedAtTo" => {
                filters.updated = filters.updated.intersect(TimeRange { from: None, to: Some(to()?) });
            }
            _ => return Err(unknown_parameter(name)),
        }
        Ok(())
    }
}

/// Parses a number of digits only, without sign, space or exponent; `None` if it is invalid or greater than [`MAX_OFFSET`].
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_number.then(|| text.parse().ok()).flatten();
    number.filter(|number| *number <= MAX_OFFSET)
}
