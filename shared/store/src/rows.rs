//! What lists of customers read: rows, which are the small part of each customer, and the orders that the indexes hold.

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::try_join_all;
use padron_domain::{
    Customer, CustomerId, CustomerNumber, CustomerRow, Direction, Error, OrganizationId, Position, TimeRange,
};

use crate::{
    Action,
    action::{GSI2, GSI3},
    item::{DOCUMENT, Item},
    key::{
        GSI2_SK, GSI3_SK, Key, PK, SK, child_partition, name_index_key, number_of, partition,
        update_index_key,
    },
    range_query::QueryPage,
    read::{Consistency, Items, MAX_BATCH, Projection},
    row::unpack,
    table::Store,
};

/// An order that an index holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexOrder {
    /// By name.
    Name,
    /// By the time of the last change, within that time.
    Update(TimeRange),
}

/// Part of such an order.
#[derive(Clone, Debug)]
pub struct IndexRange {
    /// Which way.
    pub direction: Direction,
    /// Begins after this place.
    pub after: Option<Position>,
    /// Has this many at most.
    pub limit: usize,
}

/// Customers that were read by number.
#[derive(Debug)]
pub struct CustomersByNumber {
    /// The customers that exist, in the order of the numbers.
    pub customers: Vec<Customer>,
    /// How many of the numbers were looked at.
    pub looked_at: usize,
}

/// Customers are read by key in batches of a hundred, this many batches at a time.
const BATCHES_AT_ONCE: usize = 4;
/// More than this many bytes of customers are never answered at once.
const MAX_BYTES: usize = 6_000_000;

impl Store {
    /// What [`Store::customer_rows`] needs.
    pub const CUSTOMER_ROWS: &'static [Action] = &[Action::QUERY_GSI3];
    /// What [`Store::customer_order`] and [`Store::count_updates`] need.
    pub const CUSTOMER_ORDER: &'static [Action] = &[Action::QUERY_GSI2, Action::QUERY_GSI3];
    /// What [`Store::children`] needs.
    pub const CUSTOMER_CHILDREN: &'static [Action] = &[Action::QUERY_GSI1];
    /// What [`Store::customers_by_number`], [`Store::customer_numbers`] and
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
            let QueryPage { items, has_more } = self.query(query, (PK, partition(organization))).await?;
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
            if !has_more || after.is_none() {
                break;
            }
        }
        // The last seen of each is the newest.
        rows.sort_by(|a, b| (a.number, b.updated_at).cmp(&(b.number, a.updated_at)));
        rows.dedup_by_key(|row| row.number);
        Ok((rows.len() <= at_most).then_some(rows))
    }

    /// Places of customers in the order of an index, eventually consistent. One
    /// query reads at most a megabyte: of entries this small, all that are asked for, nearly always.
    pub async fn customer_order(
        &self,
        organization: OrganizationId,
        order: IndexOrder,
        stretch: IndexRange,
    ) -> Result<QueryPage<Position>, Error> {
        let IndexRange { direction, mut after, limit } = stretch;
        let mut positions = Vec::with_capacity(limit);
        loop {
            let rest = IndexRange { direction, after, limit: limit - positions.len() };
            let QueryPage { items, has_more } = match order {
                IndexOrder::Name => self.order_page(organization, (GSI2, GSI2_SK), order, rest).await?,
                IndexOrder::Update(_) => self.order_page(organization, (GSI3, GSI3_SK), order, rest).await?,
            };
            after = items.last().cloned();
            positions.extend(items);
            if !has_more || positions.len() >= limit || after.is_none() {
                return Ok(QueryPage { items: positions, has_more });
            }
        }
    }

    /// The numbers of the customers that belong to another one, eventually consistent, oldest first, after `after`.
    pub async fn children(
        &self,
        organization: OrganizationId,
        parent: CustomerNumber,
        mut after: Option<CustomerNumber>,
        limit: usize,
    ) -> Result<QueryPage<CustomerNumber>, Error> {
        let mut children = Vec::with_capacity(limit);
        loop {
            let start = after.map(|number| {
                let mut start: Item = Key::customer(organization, number).attributes().into();
                start.extend(Key::child(organization, parent, number));
                start
            });
            let rest = limit - children.len();
            let QueryPage { items, has_more } =
                self.index_page(child_partition(organization, parent), start, rest).await?;
            let numbers: Option<Vec<CustomerNumber>> = items.iter().map(item_number).collect();
            children.extend(numbers.ok_or_else(no_position)?);
            after = children.last().copied();
            if !has_more || children.len() >= limit {
                return Ok(QueryPage { items: children, has_more });
            }
        }
    }

    async fn order_page(
        &self,
        organization: OrganizationId,
        (index, sort_key): (&str, &str),
        order: IndexOrder,
        IndexRange { direction, after, limit }: IndexRange,
    ) -> Result<QueryPage<Position>, Error> {
        let place = match order {
            IndexOrder::Name => name_index_key,
            IndexOrder::Update(_) => update_index_key,
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
        if let IndexOrder::Update(within) = order {
            let (from, to) = update_bounds(within);
            query = query
                .key_condition_expression("#pk = :pk AND #place BETWEEN :from AND :to")
                .expression_attribute_values(":from", AttributeValue::S(from))
                .expression_attribute_values(":to", AttributeValue::S(to));
        }
        let QueryPage { items, has_more } = self.query(query, (PK, partition(organization))).await?;
        let position = |item: &Item| {
            let (key, _) = item.get(sort_key)?.as_s().ok()?.rsplit_once(['\0', '#'])?;
            Some(Position { key: key.to_owned(), number: item_number(item)? })
        };
        let positions: Option<Vec<Position>> = items.iter().map(position).collect();
        Ok(QueryPage { items: positions.ok_or_else(no_position)?, has_more })
    }

    /// How many customers were last changed within that time; `None` if they are more than that.
    pub async fn count_updates(
        &self,
        organization: OrganizationId,
        within: TimeRange,
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

    /// Reads customers by number, in the order given, without those that do not exist. Ends early once there is more than an answer can
    /// hold: [`CustomersByNumber::looked_at`] says after how many of the numbers.
    pub async fn customers_by_number(
        &self,
        organization: OrganizationId,
        numbers: &[CustomerNumber],
        consistency: Consistency,
    ) -> Result<CustomersByNumber, Error> {
        let (mut customers, mut looked_at, mut bytes) = (Vec::with_capacity(numbers.len()), 0, 0);
        for numbers in numbers.chunks(BATCHES_AT_ONCE * MAX_BATCH) {
            let batches = numbers.chunks(MAX_BATCH).map(async |numbers| {
                let keys: Vec<Key> =
                    numbers.iter().map(|number| Key::customer(organization, *number)).collect();
                self.batch_get(&keys, consistency, Projection::Document).await
            });
            for (numbers, mut found) in numbers.chunks(MAX_BATCH).zip(try_join_all(batches).await?) {
                bytes += found.bytes(DOCUMENT);
                for number in numbers {
                    customers.extend(found.customer(organization, *number)?);
                }
                looked_at += numbers.len();
            }
            if bytes > MAX_BYTES {
                break;
            }
        }
        Ok(CustomersByNumber { customers, looked_at })
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
        find: impl Fn(&mut Items, &I) -> Result<Option<CustomerNumber>, Error>,
    ) -> Result<Vec<CustomerNumber>, Error> {
        let mut numbers = Vec::with_capacity(ids.len());
        for ids in ids.chunks(MAX_BATCH) {
            let keys: Vec<Key> = ids.iter().map(&key).collect();
            let mut found = self.batch_get(&keys, Consistency::Strong, Projection::All).await?;
            for id in ids {
                numbers.extend(find(&mut found, id)?);
            }
        }
        Ok(numbers)
    }
}

fn no_position() -> Error {
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
fn update_bounds(TimeRange { from, to }: TimeRange) -> (String, String) {
    let last = CustomerNumber::MAX;
    let from = from.map_or(String::new(), |from| from.to_string());
    // Years before 0 and after 9999 have a sign, which comes before the digits.
    let from = if from.starts_with(['-', '+']) || from.is_empty() { " ".to_owned() } else { from };
    let to = to.map_or_else(|| "~".to_owned(), |to| update_index_key(&to.to_string(), last));
    (from, to)
}
