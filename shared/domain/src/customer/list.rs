//! Lists of customers: which, in what order, and from where on. The meaning of every parameter is here; how they are read is
//! the store's affair.

use std::borrow::Cow;

use super::{Ancestor, Ancestors, Customer, CustomerId, CustomerKind, CustomerNumber, CustomerStatus};
use crate::{Timestamp, fold::search_key, name_key};

/// Which way a list runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// From the lowest: oldest first.
    Ascending,
    /// From the highest: newest first.
    Descending,
}

/// What a list is sorted by. Ties break by id in the same direction, so that every order is total.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CustomerSort {
    /// The number, which is made of the time of creation.
    Id,
    /// The name without case and accents, Ñ after N.
    Name,
    /// The kind, alphabetically.
    Type,
    /// The name of the parent; without one lowest.
    OwnerName,
    /// The name of the nearest CPO above; without one lowest.
    CpoName,
    /// The time of creation, and so the same as the number.
    CreatedAt,
    /// The time of the last change.
    UpdatedAt,
}

impl CustomerSort {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Id, Self::Name, Self::Type, Self::OwnerName, Self::CpoName, Self::CreatedAt, Self::UpdatedAt];

    /// Whether it looks at other customers than the one sorted.
    pub const fn is_of_others(self) -> bool {
        matches!(self, Self::OwnerName | Self::CpoName)
    }

    /// As the wire has it.
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

/// A stretch of time, both ends included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeRange {
    /// From then on.
    pub from: Option<Timestamp>,
    /// Until then.
    pub to: Option<Timestamp>,
}

impl TimeRange {
    /// Whether it is bounded at all.
    pub fn is_bounded(self) -> bool {
        self.from.is_some() || self.to.is_some()
    }

    /// The instants that are in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            from: self.from.into_iter().chain(other.from).max(),
            to: self.to.into_iter().chain(other.to).min(),
        }
    }

    fn contains(self, instant: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= instant) && self.to.is_none_or(|to| instant <= to)
    }
}

/// Which customers a list has: those that every part of it lets through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerFilter {
    /// Has this, in the form that [`search_key`](crate::search_key) gives, in name, e-mail, tax id, id, number or external id.
    pub search: Option<String>,
    /// Is one of these.
    pub kinds: Option<Vec<CustomerKind>>,
    /// Stands there.
    pub statuses: Option<Vec<CustomerStatus>>,
    /// Was created then.
    pub created: TimeRange,
    /// Was last changed then.
    pub updated: TimeRange,
    /// Belongs to this one.
    pub parent: Option<CustomerNumber>,
    /// Is somewhere below this one.
    pub owner: Option<CustomerNumber>,
    /// This is the nearest CPO above it.
    pub cpo: Option<CustomerNumber>,
}

/// What lists decide from: the small part of a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerRow {
    /// Its number, and so its time of creation.
    pub number: CustomerNumber,
    /// Its id.
    pub id: CustomerId,
    /// What it is.
    pub kind: CustomerKind,
    /// Where it stands in being verified.
    pub status: CustomerStatus,
    /// The customer it was put under, be that still there or not.
    pub parent: Option<CustomerNumber>,
    /// Its name.
    pub name: String,
    /// E-mail.
    pub email: String,
    /// Tax id.
    pub tax_id: String,
    /// Id in the caller's own system.
    pub external_id: Option<String>,
    /// When it was last changed.
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
    fn has(&self, search: &str) -> bool {
        let texts = [&self.name, &self.email, &self.tax_id].into_iter().chain(&self.external_id);
        self.id.as_str().contains(search)
            || self.number.to_string().contains(search)
            || texts.into_iter().any(|text| folded(text).contains(search))
    }
}

/// The form that texts are searched in; most are in it already.
fn folded(text: &str) -> Cow<'_, str> {
    let is_folded = text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if is_folded { text.into() } else { search_key(text).into() }
}

/// In an order by name, names end after this many bytes: DynamoDB's sort keys have 1,024 of them.
const MAX_NAME_KEY_LENGTH: usize = 256;

/// What names are ordered by, in the table's index and in memory alike.
pub fn name_sort_key(name: &str) -> String {
    let mut key = name_key(name);
    key.truncate(key.floor_char_boundary(MAX_NAME_KEY_LENGTH));
    key
}

impl Ancestors<'_> {
    fn lets(&self, filter: &CustomerFilter, row: &CustomerRow) -> bool {
        let CustomerFilter { search, kinds, statuses, created, updated, parent, owner, cpo } = filter;
        let is =
            |wanted: CustomerNumber| move |(number, _): (CustomerNumber, &Ancestor<'_>)| number == wanted;
        kinds.as_ref().is_none_or(|kinds| kinds.contains(&row.kind))
            && statuses.as_ref().is_none_or(|statuses| statuses.contains(&row.status))
            && created.contains(row.number.created_at())
            && updated.contains(row.updated_at)
            && parent.is_none_or(|parent| self.owner(row.parent).is_some_and(is(parent)))
            && owner.is_none_or(|owner| self.above(row.parent).any(is(owner)))
            && cpo.is_none_or(|cpo| self.cpo(row.parent).is_some_and(is(cpo)))
            && search.as_ref().is_none_or(|search| row.has(search))
    }

    /// What it is sorted by, as text whose order is that of the list.
    fn sort_key(&self, sort: CustomerSort, row: &CustomerRow) -> String {
        // A value that is missing is lower than any there is.
        let name_of = |found: Option<(CustomerNumber, &Ancestor<'_>)>| {
            found.map_or(String::new(), |(_, ancestor)| format!("+{}", name_sort_key(&ancestor.name)))
        };
        match sort {
            CustomerSort::Id | CustomerSort::CreatedAt => String::new(),
            CustomerSort::Name => name_sort_key(&row.name),
            CustomerSort::Type => row.kind.name().to_owned(),
            CustomerSort::OwnerName => name_of(self.owner(row.parent)),
            CustomerSort::CpoName => name_of(self.cpo(row.parent)),
            CustomerSort::UpdatedAt => row.updated_at.to_string(),
        }
    }
}

/// A place in a list: that of a customer, be it still there or not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// What it is sorted by.
    pub key: String,
    /// Its number.
    pub number: CustomerNumber,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageStart {
    /// After so many.
    Offset(usize),
    /// After this place.
    After(Position),
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// How many the whole list has.
    pub count: u64,
    /// The places of the page, one after the other.
    pub hits: Vec<Position>,
    /// Whether there are more after them.
    pub more: bool,
}

/// Filters, sorts and cuts out a page of those candidates.
pub fn select<'c>(
    ancestors: &Ancestors<'_>,
    candidates: impl IntoIterator<Item = &'c CustomerRow>,
    filter: &CustomerFilter,
    (sort, direction): (CustomerSort, Direction),
    start: &PageStart,
    limit: usize,
) -> Selection {
    let passing = candidates.into_iter().filter(|row| ancestors.lets(filter, row));
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
    Selection {
        count: positions.len() as u64,
        more: end < positions.len(),
        hits: positions.drain(begin..end).collect(),
    }
}
