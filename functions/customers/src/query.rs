//! What the lists of customers take, the same for all three dialects: parameters, their defaults, and cursors.

use std::collections::BTreeSet;

use padron_domain::{CustomerNumber, Error, Failure, OrganizationId};
use padron_http::{
    Context, Input, Request, Route,
    openapi::{Operation, Schemas},
    unknown_parameter,
};
use padron_store::{CustomersPage, Direction, Span};
use serde_json::json;

const DEFAULT_LIMIT: u16 = 50;
const LARGEST_LIMIT: u16 = 1000;
/// Skipped rows are read and paid for: beyond this many a cursor is the better way.
const LARGEST_OFFSET: u16 = 200;

/// Documented, and not served until the list engine is there.
const NOT_YET: [&str; 13] = [
    "search",
    "customerIds",
    "types",
    "parentId",
    "ownerId",
    "cpoId",
    "operatorId",
    "createdAt",
    "createdAtFrom",
    "createdAtTo",
    "updatedAt",
    "updatedAtFrom",
    "updatedAtTo",
];
const SORTS_NOT_YET: [&str; 5] = ["name", "type", "ownerName", "cpoName", "updatedAt"];

/// What a caller asked for.
#[derive(Debug, Default)]
pub struct ListQuery {
    limit: Option<u16>,
    offset: Option<u16>,
    sort: Option<Sort>,
    direction: Option<Direction>,
    cursor: Option<String>,
}

/// What a list is sorted by. Numbers are made of the time of creation, so both are one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Id,
    CreatedAt,
}

impl Input for ListQuery {
    const FAILURES: &'static [Failure] = &[Failure::InvalidRequest, Failure::ParameterNotSupportedYet];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        let mut query = Self::default();
        let mut seen = BTreeSet::new();
        for (name, value) in request.query()? {
            let invalid = |detail: &str| Error::invalid(format!("/query/{name}"), "invalid_value", detail);
            match name.as_str() {
                "limit" => {
                    let limit = number(&value, 1..=LARGEST_LIMIT.into());
                    query.limit = Some(limit.ok_or_else(|| invalid("A whole number from 1 to 1000."))?);
                }
                "offset" => {
                    let offset =
                        number(&value, 0..=u64::MAX).ok_or_else(|| invalid("A whole number from 0 on."))?;
                    if offset > LARGEST_OFFSET {
                        return Err(not_yet("offset", "Beyond 200, follow the cursor in the Link header."));
                    }
                    query.offset = Some(offset);
                }
                "sortBy" => {
                    query.sort = Some(match value.as_str() {
                        "id" => Sort::Id,
                        "createdAt" => Sort::CreatedAt,
                        other if SORTS_NOT_YET.contains(&other) => {
                            return Err(not_yet("sortBy", "Sort by id or createdAt."));
                        }
                        _ => {
                            return Err(invalid(
                                "One of id, name, type, ownerName, cpoName, createdAt, updatedAt.",
                            ));
                        }
                    });
                }
                "sortDirection" => {
                    query.direction = Some(match value.as_str() {
                        "asc" => Direction::Ascending,
                        "desc" => Direction::Descending,
                        _ => return Err(invalid("asc or desc.")),
                    });
                }
                "cursor" => query.cursor = Some(value),
                known if NOT_YET.contains(&known) => return Err(not_yet(known, "Leave it out.")),
                _ => return Err(unknown_parameter(&name)),
            }
            if !seen.insert(name.clone()) {
                return Err(Error::invalid(format!("/query/{name}"), "duplicate_parameter", "Given twice."));
            }
        }
        if query.cursor.is_some() && query.offset.is_some() {
            return Err(Error::invalid(
                "/query/offset",
                "contradiction",
                "A cursor begins where it was made.",
            ));
        }
        Ok(query)
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        let mut add =
            |name, meaning: &str, schema| operation.parameter("query", name, meaning, false, &schema);
        let integer = |minimum: u16, maximum: u16, default: u16| json!({ "type": "integer", "minimum": minimum, "maximum": maximum, "default": default });
        add("limit", "How many customers a page has at most", integer(1, LARGEST_LIMIT, DEFAULT_LIMIT));
        add("offset", "How many customers to skip; for more, follow `Link`", integer(0, LARGEST_OFFSET, 0));
        add(
            "sortBy",
            "What to sort by",
            json!({ "type": "string", "enum": ["id", "createdAt"], "default": "id" }),
        );
        add(
            "sortDirection",
            "Which way",
            json!({ "type": "string", "enum": ["desc", "asc"], "default": "desc" }),
        );
        add("cursor", "Where to go on, from `Link`", json!({ "type": "string" }));
    }
}

fn not_yet(name: &str, detail: &str) -> Error {
    Error::from(Failure::ParameterNotSupportedYet).at(
        format!("/query/{name}"),
        "parameter_not_supported_yet",
        detail,
    )
}

/// Digits alone: no sign, no space, no exponent. What is in range but beyond 16 bits counts as the largest there is.
fn number(text: &str, range: std::ops::RangeInclusive<u64>) -> Option<u16> {
    let is_number = !text.is_empty() && text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_number.then(|| text.parse().ok()).flatten().filter(|number| range.contains(number))?;
    Some(u16::try_from(number).unwrap_or(u16::MAX))
}

/// What a list does when nothing is asked of it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum WithoutParameters {
    /// The same as with parameters: fifty, newest first.
    Defaults,
    /// All there are, oldest first, as far as one answer goes: Timbrix's list has no parameters.
    All,
}

/// A list that is decided on.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) limit: u16,
    pub(crate) offset: u16,
    direction: Direction,
    sort: Sort,
    after: Option<CustomerNumber>,
    /// What cursors of this list are bound to.
    context: Vec<u8>,
}

impl ListQuery {
    /// Decides. A cursor brings the list's order with it; what is said beside it must agree.
    pub(crate) fn plan(
        self,
        cx: &Context<'_>,
        route: Route,
        organization: OrganizationId,
        without: WithoutParameters,
    ) -> Result<Plan, Error> {
        let context = [route.function.as_bytes(), organization.uuid().as_bytes()].concat();
        let Self { limit, offset, sort, direction, cursor } = self;
        if let Some(cursor) = cursor {
            let invalid = || {
                Error::invalid(
                    "/query/cursor",
                    "invalid_cursor",
                    "Take the cursor from a Link header of this list, with the same parameters.",
                )
            };
            let cursor = Cursor::open(cx, &context, &cursor).ok_or_else(invalid)?;
            if sort.is_some_and(|sort| sort != cursor.sort)
                || direction.is_some_and(|direction| direction != cursor.direction)
            {
                return Err(invalid());
            }
            return Ok(Plan {
                limit: limit.unwrap_or(cursor.limit),
                offset: 0,
                direction: cursor.direction,
                sort: cursor.sort,
                after: Some(cursor.after),
                context,
            });
        }
        let nothing_asked = limit.is_none() && offset.is_none() && sort.is_none() && direction.is_none();
        let (limit, direction) = match without {
            WithoutParameters::All if nothing_asked => (LARGEST_LIMIT, Direction::Ascending),
            _ => (limit.unwrap_or(DEFAULT_LIMIT), direction.unwrap_or(Direction::Descending)),
        };
        let sort = sort.unwrap_or(Sort::Id);
        Ok(Plan { limit, offset: offset.unwrap_or(0), direction, sort, after: None, context })
    }
}

impl Plan {
    /// Reads the page and the count side by side.
    pub(crate) async fn read(
        &self,
        cx: &Context<'_>,
        organization: OrganizationId,
    ) -> Result<(CustomersPage, u64), Error> {
        let span = Span {
            direction: self.direction,
            after: self.after,
            skip: self.offset.into(),
            limit: self.limit.into(),
        };
        tokio::try_join!(cx.store().customers(organization, span), cx.store().customer_count(organization))
    }

    /// The path of the page after this customer.
    pub(crate) fn next(&self, cx: &Context<'_>, path: &str, last: CustomerNumber) -> String {
        let cursor = Cursor { sort: self.sort, direction: self.direction, limit: self.limit, after: last };
        format!("{path}?cursor={}", cursor.seal(cx, &self.context))
    }
}

/// Where a list goes on.
#[derive(Debug, PartialEq, Eq)]
struct Cursor {
    sort: Sort,
    direction: Direction,
    limit: u16,
    after: CustomerNumber,
}

impl Cursor {
    /// Of the form below. Another form gets another number, so that cursors from before an update are refused, not misread.
    const VERSION: u8 = 1;

    fn seal(&self, cx: &Context<'_>, context: &[u8]) -> String {
        let order =
            u8::from(self.sort == Sort::CreatedAt) << 1 | u8::from(self.direction == Direction::Descending);
        let mut bytes = vec![Self::VERSION, order];
        bytes.extend(self.limit.to_be_bytes());
        bytes.extend(self.after.get().to_be_bytes());
        cx.secrets().seal_cursor(context, &bytes)
    }

    fn open(cx: &Context<'_>, context: &[u8], text: &str) -> Option<Self> {
        let bytes = cx.secrets().open_cursor(context, text)?;
        let (&[version, order, high, low], number) = bytes.split_first_chunk()?;
        if version != Self::VERSION {
            return None;
        }
        Some(Self {
            sort: if order & 2 == 0 { Sort::Id } else { Sort::CreatedAt },
            direction: if order & 1 == 0 { Direction::Ascending } else { Direction::Descending },
            limit: u16::from_be_bytes([high, low]),
            after: CustomerNumber::new(u64::from_be_bytes(number.try_into().ok()?))?,
        })
    }
}
