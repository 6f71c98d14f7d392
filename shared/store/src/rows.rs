//! What lists of customers read: rows, which are the small part of each customer, and the orders that the indexes hold.

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::try_join_all;
use padron_domain::{
    Customer, CustomerId, CustomerKind, CustomerNumber, CustomerRow, CustomerStatus, Direction, Error,
    OrganizationId, Position, Timestamp, Within,
};
use serde::{Deserialize, Serialize};

use crate::{
    Action,
    action::{GSI2, GSI3},
    item::{DOCUMENT, Item, WHOLE},
    key::{
        GSI2_SK, GSI3_SK, Key, PK, SK, child_partition, name_index_key, number_of, partition,
        update_index_key,
    },
    read::{Found, LARGEST_BATCH},
    table::Store,
};

/// The attribute of GSI3 that a customer's row is in.
pub(crate) const ROW: &str = "row";

/// A row as it is stored, beside what the keys tell: a list in JSON, to be read by people too, and some hundred bytes long.
#[derive(Deserialize, Serialize)]
struct Packed<'a>(
    char,
    u8,
    Option<u64>,
    #[serde(borrow)] std::borrow::Cow<'a, str>,
    #[serde(borrow)] std::borrow::Cow<'a, str>,
    #[serde(borrow)] std::borrow::Cow<'a, str>,
    #[serde(borrow)] std::borrow::Cow<'a, str>,
    #[serde(borrow)] Option<std::borrow::Cow<'a, str>>,
);

/// How a kind is stored. Complete: one that is added must be given a letter.
const fn letter(kind: CustomerKind) -> char {
    match kind {
        CustomerKind::Business => 'B',
        CustomerKind::Cpo => 'C',
        CustomerKind::Private => 'P',
        CustomerKind::CpoSubsidiary => 'S',
    }
}

/// How a status is stored. Complete, too.
const fn digit(status: CustomerStatus) -> u8 {
    match status {
        CustomerStatus::New => 0,
        CustomerStatus::Verified => 1,
        CustomerStatus::UnderVerification => 2,
        CustomerStatus::Blacklisted => 3,
        CustomerStatus::UnderInvestigation => 4,
        CustomerStatus::Dispute => 5,
        CustomerStatus::OnHold => 6,
        CustomerStatus::Bankrupted => 7,
    }
}

/// Of an id made here, only what follows the number is stored.
const OWN_DIGITS: usize = 10;

/// The row of a customer.
pub(crate) fn pack(customer: &Customer) -> String {
    let Customer { number, id, kind, status, parent, name, email, tax_id, external_id, .. } = customer;
    let digits = id.as_str();
    let is_own = id.number() == Some(*number);
    let digits = if is_own { &digits[digits.len() - OWN_DIGITS..] } else { digits };
    let packed = Packed(
        letter(*kind),
        digit(*status),
        parent.map(CustomerNumber::get),
        digits.into(),
        name.into(),
        email.into(),
        tax_id.into(),
        external_id.as_deref().map(Into::into),
    );
    serde_json::to_string(&packed).unwrap_or_default()
}

/// The row of an entry of GSI3.
fn unpack(item: &Item) -> Option<CustomerRow> {
    let text = |name: &str| Some(item.get(name)?.as_s().ok()?.as_str());
    let number = number_of(text(SK)?)?;
    let (updated_at, _) = text(GSI3_SK)?.split_once('#')?;
    let Packed(kind, status, parent, digits, name, email, tax_id, external_id) =
        serde_json::from_str(text(ROW)?).ok()?;
    let id = if digits.len() == OWN_DIGITS {
        CustomerId::new(number, u64::from_str_radix(&digits, 16).ok()?)
    } else {
        CustomerId::parse(&digits)?
    };
    Some(CustomerRow {
        number,
        id,
        kind: CustomerKind::ALL.into_iter().find(|known| letter(*known) == kind)?,
        status: CustomerStatus::ALL.into_iter().find(|known| digit(*known) == status)?,
        parent: match parent {
            Some(parent) => Some(CustomerNumber::new(parent)?),
            None => None,
        },
        name: name.into_owned(),
        email: email.into_owned(),
        tax_id: tax_id.into_owned(),
        external_id: external_id.map(std::borrow::Cow::into_owned),
        updated_at: Timestamp::parse(updated_at).ok()?,
    })
}

/// An order that an index holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By name.
    Name,
    /// By the time of the last change, within that time.
    Update(Within),
}

/// Part of such an order.
#[derive(Clone, Debug)]
pub struct Stretch {
    /// Which way.
    pub direction: Direction,
    /// Begins after this place.
    pub after: Option<Position>,
    /// Has this many at most.
    pub limit: usize,
}

/// Customers are read by key in batches of a hundred, this many batches at a time.
const BATCHES_AT_ONCE: usize = 4;
/// More than this many bytes of customers are never answered at once.
const MOST_BYTES: usize = 6_000_000;

impl Store {
    /// What [`Store::customer_rows`] needs.
    pub const CUSTOMER_ROWS: &'static [Action] = &[Action::QUERY_GSI3];
    /// What [`Store::customer_order`] and [`Store::count_updates`] need.
    pub const CUSTOMER_ORDER: &'static [Action] = &[Action::QUERY_GSI2, Action::QUERY_GSI3];
    /// What [`Store::children`] needs.
    pub const CUSTOMER_CHILDREN: &'static [Action] = &[Action::QUERY_GSI1];
    /// What [`Store::customers_by_number`], [`Store::customers_now`], [`Store::customer_numbers`] and
    /// [`Store::customers_with_external_ids`] need.
    pub const CUSTOMERS_BY_NUMBER: &'static [Action] = &[Action::BATCH_GET];

    /// The rows of all customers of an organization, eventually consistent; `None` if there are more than that. They are read
    /// in the order of their changes: a customer that changes meanwhile moves to where it is still to be read.
    pub async fn customer_rows(
        &self,
        organization: OrganizationId,
        at_most: usize,
    ) -> Result<Option<Vec<CustomerRow>>, Error> {
        let mut rows: Vec<CustomerRow> = Vec::new();
        let mut after = None;
        loop {
            let query = self
                .client
                .query()
                .index_name(GSI3)
                .key_condition_expression("#pk = :pk")
                .set_exclusive_start_key(after);
            let (items, more) = self.query(query, (PK, partition(organization))).await?;
            after = items.last().map(|last| index_key(last, GSI3_SK));
            let unreadable = || Error::internal("a customer's row cannot be read");
            rows.reserve(items.len());
            for item in &items {
                rows.push(unpack(item).ok_or_else(unreadable)?);
            }
            // Changes while reading show a customer more than once: as often as this is no longer reading.
            if rows.len() > at_most.saturating_mul(2) {
                return Ok(None);
            }
            if !more || after.is_none() {
                break;
            }
        }
        // The last seen of each is the newest.
        rows.sort_by(|a, b| (a.number, b.updated_at).cmp(&(b.number, a.updated_at)));
        rows.dedup_by_key(|row| row.number);
        Ok((rows.len() <= at_most).then_some(rows))
    }

    /// Places of customers in the order of an index, eventually consistent, and whether there may be more after the last. One
    /// query reads at most a megabyte: of entries this small, all that are asked for, nearly always.
    pub async fn customer_order(
        &self,
        organization: OrganizationId,
        order: Order,
        stretch: Stretch,
    ) -> Result<(Vec<Position>, bool), Error> {
        let Stretch { direction, mut after, limit } = stretch;
        let mut places = Vec::with_capacity(limit);
        loop {
            let rest = Stretch { direction, after, limit: limit - places.len() };
            let (some, more) = match order {
                Order::Name => self.order_page(organization, (GSI2, GSI2_SK), order, rest).await?,
                Order::Update(_) => self.order_page(organization, (GSI3, GSI3_SK), order, rest).await?,
            };
            after = some.last().cloned();
            places.extend(some);
            if !more || places.len() >= limit || after.is_none() {
                return Ok((places, more));
            }
        }
    }

    /// The numbers of the customers that belong to another one, eventually consistent, oldest first, after `after`, and whether there
    /// may be more than these.
    pub async fn children(
        &self,
        organization: OrganizationId,
        parent: CustomerNumber,
        mut after: Option<CustomerNumber>,
        limit: usize,
    ) -> Result<(Vec<CustomerNumber>, bool), Error> {
        let mut children = Vec::with_capacity(limit);
        loop {
            let start = after.map(|number| {
                let mut start: Item = Key::customer(organization, number).attributes().into();
                start.extend(Key::child(organization, parent, number));
                start
            });
            let rest = limit - children.len();
            let (items, more) = self.index_page(child_partition(organization, parent), start, rest).await?;
            let numbers: Option<Vec<CustomerNumber>> = items.iter().map(item_number).collect();
            children.extend(numbers.ok_or_else(no_place)?);
            after = children.last().copied();
            if !more || children.len() >= limit {
                return Ok((children, more));
            }
        }
    }

    async fn order_page(
        &self,
        organization: OrganizationId,
        (index, sort_key): (&str, &str),
        order: Order,
        Stretch { direction, after, limit }: Stretch,
    ) -> Result<(Vec<Position>, bool), Error> {
        let place = match order {
            Order::Name => name_index_key,
            Order::Update(_) => update_index_key,
        };
        let start = after.map(|Position { key, number }| {
            let mut start: Item = Key::customer(organization, number).attributes().into();
            start.insert(sort_key.into(), AttributeValue::S(place(&key, number)));
            start
        });
        let mut query = self
            .client
            .query()
            .index_name(index)
            .key_condition_expression("#pk = :pk")
            .projection_expression("#sk, #place")
            .expression_attribute_names("#sk", SK)
            .expression_attribute_names("#place", sort_key)
            .scan_index_forward(direction == Direction::Ascending)
            .set_exclusive_start_key(start)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        if let Order::Update(within) = order {
            let (from, to) = update_bounds(within);
            query = query
                .key_condition_expression("#pk = :pk AND #place BETWEEN :from AND :to")
                .expression_attribute_values(":from", AttributeValue::S(from))
                .expression_attribute_values(":to", AttributeValue::S(to));
        }
        let (items, more) = self.query(query, (PK, partition(organization))).await?;
        let position = |item: &Item| {
            let (key, _) = item.get(sort_key)?.as_s().ok()?.rsplit_once(['\0', '#'])?;
            Some(Position { key: key.to_owned(), number: item_number(item)? })
        };
        let positions: Option<Vec<Position>> = items.iter().map(position).collect();
        Ok((positions.ok_or_else(no_place)?, more))
    }

    /// How many customers were last changed within that time; `None` if they are more than that.
    pub async fn count_updates(
        &self,
        organization: OrganizationId,
        within: Within,
        at_most: u64,
    ) -> Result<Option<u64>, Error> {
        let (from, to) = update_bounds(within);
        let query = |after| {
            self.client
                .query()
                .index_name(GSI3)
                .key_condition_expression("#pk = :pk AND #place BETWEEN :from AND :to")
                .expression_attribute_names("#place", GSI3_SK)
                .expression_attribute_values(":from", AttributeValue::S(from.clone()))
                .expression_attribute_values(":to", AttributeValue::S(to.clone()))
                .set_exclusive_start_key(after)
        };
        self.count(query, &partition(organization), at_most).await
    }

    /// Customers by number, eventually consistent, in the order given, without those that are gone. Ends early, and says after
    /// how many of the numbers, once it has more than an answer can hold.
    pub async fn customers_by_number(
        &self,
        organization: OrganizationId,
        numbers: &[CustomerNumber],
    ) -> Result<(Vec<Customer>, usize), Error> {
        self.by_number(organization, numbers, false).await
    }

    /// The same, strongly consistent, for the price of two.
    pub async fn customers_now(
        &self,
        organization: OrganizationId,
        numbers: &[CustomerNumber],
    ) -> Result<(Vec<Customer>, usize), Error> {
        self.by_number(organization, numbers, true).await
    }

    async fn by_number(
        &self,
        organization: OrganizationId,
        numbers: &[CustomerNumber],
        strongly: bool,
    ) -> Result<(Vec<Customer>, usize), Error> {
        let (mut customers, mut looked_at, mut bytes) = (Vec::with_capacity(numbers.len()), 0, 0);
        for numbers in numbers.chunks(BATCHES_AT_ONCE * LARGEST_BATCH) {
            let batches = numbers.chunks(LARGEST_BATCH).map(async |numbers| {
                let keys: Vec<Key> =
                    numbers.iter().map(|number| Key::customer(organization, *number)).collect();
                if strongly {
                    self.batch_look(&keys, &WHOLE).await
                } else {
                    self.batch_glance(&keys, &WHOLE).await
                }
            });
            for (numbers, mut found) in numbers.chunks(LARGEST_BATCH).zip(try_join_all(batches).await?) {
                bytes += found.bytes(DOCUMENT);
                for number in numbers {
                    customers.extend(found.customer(organization, *number)?);
                }
                looked_at += numbers.len();
            }
            if bytes > MOST_BYTES {
                break;
            }
        }
        Ok((customers, looked_at))
    }

    /// The numbers of the customers that have these external ids, strongly consistent.
    pub async fn customers_with_external_ids(
        &self,
        organization: OrganizationId,
        external_ids: &[String],
    ) -> Result<Vec<CustomerNumber>, Error> {
        let key = |id: &String| Key::external_id(organization, id);
        self.numbers(external_ids, key, |found, id| found.external_id(organization, id)).await
    }

    /// The numbers of the customers that ids lead to, strongly consistent: of those that begin with the number, and of those
    /// brought from elsewhere.
    pub async fn customer_numbers(
        &self,
        organization: OrganizationId,
        ids: &[CustomerId],
    ) -> Result<Vec<CustomerNumber>, Error> {
        let key = |id: &CustomerId| Key::customer_id(organization, id);
        self.numbers(ids, key, |found, id| found.customer_id(organization, id)).await
    }

    async fn numbers<I>(
        &self,
        ids: &[I],
        key: impl Fn(&I) -> Key,
        find: impl Fn(&mut Found, &I) -> Result<Option<CustomerNumber>, Error>,
    ) -> Result<Vec<CustomerNumber>, Error> {
        let mut numbers = Vec::with_capacity(ids.len());
        for ids in ids.chunks(LARGEST_BATCH) {
            let keys: Vec<Key> = ids.iter().map(&key).collect();
            let mut found = self.batch_get(&keys).await?;
            for id in ids {
                numbers.extend(find(&mut found, id)?);
            }
        }
        Ok(numbers)
    }
}

fn no_place() -> Error {
    Error::internal("an entry of an index has no place")
}

fn item_number(item: &Item) -> Option<CustomerNumber> {
    number_of(item.get(SK)?.as_s().ok()?)
}

/// What identifies an entry of an index of the table's own partitions.
fn index_key(item: &Item, sort_key: &str) -> Item {
    let attribute = |name: &str| Some((name.to_owned(), item.get(name)?.clone()));
    [PK, SK, sort_key].into_iter().filter_map(attribute).collect()
}

/// The first and the last place in GSI3 of those changed within a time.
fn update_bounds(Within { from, to }: Within) -> (String, String) {
    let last = CustomerNumber::MAX;
    let from = from.map_or(String::new(), |from| from.to_string());
    // Years before 0 and after 9999 have a sign, which comes before the digits.
    let from = if from.starts_with(['-', '+']) || from.is_empty() { " ".to_owned() } else { from };
    let to = to.map_or_else(|| "~".to_owned(), |to| update_index_key(&to.to_string(), last));
    (from, to)
}

#[cfg(test)]
mod tests {
    use padron_domain::OrganizationId;
    use uuid::Uuid;

    use super::*;
    use crate::item::Entity;

    #[test]
    fn a_row_tells_what_lists_decide_from() {
        let now = Timestamp::parse("2026-01-15T12:00:00.123Z").unwrap();
        let number = CustomerNumber::at(now, 77).unwrap();
        let foreign = CustomerId::parse("590ce6c56d04f840aa8438af").unwrap();
        for (kind, id, external_id) in [
            (CustomerKind::Private, CustomerId::new(number, 0xab_cdef_0123), Some("ext|\"\\ñ")),
            (CustomerKind::CpoSubsidiary, foreign, None),
        ] {
            let organization = OrganizationId::new(Uuid::nil());
            let customer = Customer {
                kind,
                status: CustomerStatus::Bankrupted,
                parent: CustomerNumber::new(5),
                name: "\"Ñandú\" \\ Söhne".into(),
                email: "a@b.example".into(),
                tax_id: "ABC101010111".into(),
                external_id: external_id.map(ToOwned::to_owned),
                ..Customer::new(organization, number, id.clone(), now)
            };
            let mut item: Item = customer.key().attributes().into();
            item.extend(
                customer
                    .index_keys()
                    .into_iter()
                    .map(|(name, key)| (name.to_owned(), AttributeValue::S(key))),
            );
            let row = unpack(&item).unwrap();
            assert_eq!(
                row,
                CustomerRow {
                    number,
                    id,
                    kind,
                    status: CustomerStatus::Bankrupted,
                    parent: CustomerNumber::new(5),
                    name: customer.name,
                    email: customer.email,
                    tax_id: customer.tax_id,
                    external_id: customer.external_id,
                    updated_at: now,
                }
            );
        }
    }
}
