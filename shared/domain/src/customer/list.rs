//! Filtering, sorting and paging of lists of customers.
//!
//! The meaning of every list parameter is defined here. How the customers are read is up to the store.

use std::borrow::Cow;

use super::{Ancestor, Ancestors, Customer, CustomerId, CustomerKind, CustomerNumber, CustomerStatus};
use crate::{Timestamp, fold::search_key, name_key};

/// The direction of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// From the lowest to the highest, with the oldest first.
    Ascending,
    /// From the highest to the lowest, with the newest first.
    Descending,
}

/// The sort order of a list of customers. Ties are broken by number in the same direction, so that every order is total.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CustomerSort {
    /// The number, which contains the time of creation.
    Id,
    /// The name, without case and accents, with Ñ after N.
    Name,
    /// The kind, alphabetically.
    Type,
    /// The name of the parent. Customers without a parent are lowest.
    OwnerName,
    /// The name of the nearest CPO above the customer. Customers without one are lowest.
    CpoName,
    /// The time of creation, which is the same order as the number.
    CreatedAt,
    /// The time of the last change.
    UpdatedAt,
}

impl CustomerSort {
    /// All sort orders.
    pub const ALL: [Self; 7] =
        [Self::Id, Self::Name, Self::Type, Self::OwnerName, Self::CpoName, Self::CreatedAt, Self::UpdatedAt];

    /// Returns whether the order depends on other customers than the sorted one.
    pub const fn depends_on_ancestors(self) -> bool {
        matches!(self, Self::OwnerName | Self::CpoName)
    }

    /// Returns the name of the sort order in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Name => "name",
            Self::Type => "type",
            Self::OwnerName => "ownerName",
            Self::CpoName => "cpoName",
            Self::CreatedAt => "createdAt",
            Self::UpdatedAt => "updatedAt",
        }
    }
}

/// A range of time, including both ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeRange {
    /// The start of the range; `None` if it has no start.
    pub from: Option<Timestamp>,
    /// The end of the range; `None` if it has no end.
    pub to: Option<Timestamp>,
}

impl TimeRange {
    /// Returns whether the range has a start or an end.
    pub fn is_bounded(self) -> bool {
        self.from.is_some() || self.to.is_some()
    }

    /// Returns the intersection of two ranges.
    #[must_use]
    pub fn intersect(self, other: Self) -> Self {
        Self {
            from: self.from.into_iter().chain(other.from).max(),
            to: self.to.into_iter().chain(other.to).min(),
        }
    }

    fn contains(self, instant: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= instant) && self.to.is_none_or(|to| instant <= to)
    }
}

/// A filter for a list of customers. A customer must match all parts of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerFilter {
    /// The text that name, e-mail address, tax id, id, number or external id must contain, in the form that
    /// [`search_key`](crate::search_key) returns.
    pub search: Option<String>,
    /// The kinds that a customer can have.
    pub kinds: Option<Vec<CustomerKind>>,
    /// The verification statuses that a customer can have.
    pub statuses: Option<Vec<CustomerStatus>>,
    /// The range of the time of creation.
    pub created: TimeRange,
    /// The range of the time of the last change.
    pub updated: TimeRange,
    /// The parent of the customer.
    pub parent: Option<CustomerNumber>,
    /// A customer that must be an ancestor.
    pub ancestor: Option<CustomerNumber>,
    /// The nearest CPO above the customer.
    pub cpo: Option<CustomerNumber>,
}

/// The part of a customer that lists are filtered and sorted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerRow {
    /// The number of the customer, which contains its time of creation.
    pub number: CustomerNumber,
    /// The id of the customer.
    pub id: CustomerId,
    /// The kind of the customer.
    pub kind: CustomerKind,
    /// The verification status of the customer.
    pub status: CustomerStatus,
    /// The parent of the customer, which may have been deleted.
    pub parent: Option<CustomerNumber>,
    /// The name of the customer.
    pub name: String,
    /// The e-mail address of the customer.
    pub email: String,
    /// The tax id of the customer.
    pub tax_id: String,
    /// The id of the customer in the caller's own system.
    pub external_id: Option<String>,
    /// When the customer was last changed.
    pub updated_at: Timestamp,
}

impl From<&Customer> for CustomerRow {
    fn from(customer: &Customer) -> Self {
        let Customer {
            number, id, kind, status, parent, name, email, tax_id, external_id, updated_at, ..
        } = customer;
        Self {
            number: *number,
            id: id.clone(),
            kind: *kind,
            status: *status,
            parent: *parent,
            name: name.clone(),
            email: email.clone(),
            tax_id: tax_id.clone(),
            external_id: external_id.clone(),
            updated_at: *updated_at,
        }
    }
}

impl CustomerRow {
    /// Returns whether a field of the customer contains the search text.
    fn contains_text(&self, search: &str) -> bool {
        let texts = [&self.name, &self.email, &self.tax_id].into_iter().chain(&self.external_id);
        self.id.as_str().contains(search)
            || self.number.to_string().contains(search)
            || texts.into_iter().any(|text| search_form(text).contains(search))
    }
}

/// Returns the form in which a text is searched. ASCII text without upper case letters is returned as it is.
fn search_form(text: &str) -> Cow<'_, str> {
    let is_folded = text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if is_folded { text.into() } else { search_key(text).into() }
}

/// The maximum length of a name in a sort key, in bytes. DynamoDB limits sort keys to 1,024 bytes.
const MAX_NAME_KEY_LENGTH: usize = 256;

/// Returns the key that names are sorted by, both in the table's index and in memory.
pub fn name_sort_key(name: &str) -> String {
    let mut key = name_key(name);
    key.truncate(key.floor_char_boundary(MAX_NAME_KEY_LENGTH));
    key
}

impl Ancestors<'_> {
    /// Returns whether a customer matches a filter.
    fn matches(&self, filter: &CustomerFilter, row: &CustomerRow) -> bool {
        let CustomerFilter { search, kinds, statuses, created, updated, parent, ancestor, cpo } = filter;
        let is =
            |wanted: CustomerNumber| move |(number, _): (CustomerNumber, &Ancestor<'_>)| number == wanted;
        kinds.as_ref().is_none_or(|kinds| kinds.contains(&row.kind))
            && statuses.as_ref().is_none_or(|statuses| statuses.contains(&row.status))
            && created.contains(row.number.created_at())
            && updated.contains(row.updated_at)
            && parent.is_none_or(|parent| self.parent(row.parent).is_some_and(is(parent)))
            && ancestor.is_none_or(|ancestor| self.chain_from(row.parent).any(is(ancestor)))
            && cpo.is_none_or(|cpo| self.nearest_cpo(row.parent).is_some_and(is(cpo)))
            && search.as_ref().is_none_or(|search| row.contains_text(search))
    }

    /// Returns the sort key of a customer, as text that sorts in the order of the list.
    fn sort_key(&self, sort: CustomerSort, row: &CustomerRow) -> String {
        // A missing value is lower than any other.
        let name_of = |found: Option<(CustomerNumber, &Ancestor<'_>)>| {
            found.map_or(String::new(), |(_, ancestor)| format!("+{}", name_sort_key(&ancestor.name)))
        };
        match sort {
            CustomerSort::Id | CustomerSort::CreatedAt => String::new(),
            CustomerSort::Name => name_sort_key(&row.name),
            CustomerSort::Type => row.kind.name().to_owned(),
            CustomerSort::OwnerName => name_of(self.parent(row.parent)),
            CustomerSort::CpoName => name_of(self.nearest_cpo(row.parent)),
            CustomerSort::UpdatedAt => row.updated_at.to_string(),
        }
    }
}

/// A position in a list: that of a customer, which may have been deleted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The sort key of the customer.
    pub key: String,
    /// The number of the customer.
    pub number: CustomerNumber,
}

/// The start of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageStart {
    /// The number of customers before the page.
    Offset(usize),
    /// The position before the page.
    After(Position),
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectedPage {
    /// The number of customers in the whole list.
    pub count: u64,
    /// The positions on the page, in the order of the list.
    pub positions: Vec<Position>,
    /// Whether more customers follow after the page.
    pub more: bool,
}

/// Filters and sorts the candidates, and returns a page of them.
pub fn select_page<'c>(
    ancestors: &Ancestors<'_>,
    candidates: impl IntoIterator<Item = &'c CustomerRow>,
    filter: &CustomerFilter,
    (sort, direction): (CustomerSort, Direction),
    start: &PageStart,
    limit: usize,
) -> SelectedPage {
    let passing = candidates.into_iter().filter(|row| ancestors.matches(filter, row));
    let mut positions: Vec<Position> =
        passing.map(|row| Position { key: ancestors.sort_key(sort, row), number: row.number }).collect();
    positions.sort_unstable();
    if direction == Direction::Descending {
        positions.reverse();
    }
    let begin = match start {
        PageStart::Offset(skip) => positions.len().min(*skip),
        PageStart::After(last) => positions.partition_point(|position| match direction {
            Direction::Ascending => position <= last,
            Direction::Descending => position >= last,
        }),
    };
    let end = positions.len().min(begin.saturating_add(limit));
    SelectedPage {
        count: positions.len() as u64,
        more: end < positions.len(),
        positions: positions.drain(begin..end).collect(),
    }
}
