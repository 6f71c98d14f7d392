//! The reads behind lists of customers: rows, index orders and batches by number.
//!
//! A row has the attributes of a customer that lists filter and sort by.

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
        GSI2_SK, GSI3_SK, Key, PK, SK, child_partition, customer_number_of_sort_key, name_index_key,
        partition, update_index_key,
    },
    range_query::QueryPage,
    read::{Consistency, Items, MAX_BATCH, Projection},
    row::unpack,
    table::Store,
};

/// A sort order of customers that an index provides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexOrder {
    /// The order of the names, from GSI2.
    Name,
    /// The order of the last change, from GSI3, within a range of time.
    Update(TimeRange),
}

/// A page of customers in the order of an index.
#[derive(Clone, Debug)]
pub struct IndexRange {
    /// The direction of the list.
    pub direction: Direction,
    /// The position after which the page begins; `None` for the first page.
    pub after: Option<Position>,
    /// The maximum number of customers on the page.
    pub limit: usize,
}

/// The customers of a batch read by number.
#[derive(Debug)]
pub struct CustomersByNumber {
    /// The customers that exist, in the order of the numbers.
    pub customers: Vec<Customer>,
    /// How many of the numbers were read, from the first.
    pub read_count: usize,
}

/// The number of batches of 100 keys that are read concurrently.
const BATCHES_AT_ONCE: usize = 4;
/// The size after which no more customers are read, in bytes. A response cannot hold more.
const MAX_BYTES: usize = 6_000_000;

impl Store {
    /// The IAM actions of [`Store::customer_rows`].
    pub const CUSTOMER_ROWS: &'static [Action] = &[Action::QUERY_GSI3];
    /// The IAM actions of [`Store::customer_order`] and [`Store::count_updates`].
    pub const CUSTOMER_ORDER: &'static [Action] = &[Action::QUERY_GSI2, Action::QUERY_GSI3];
    /// The IAM actions of [`Store::children`].
    pub const CUSTOMER_CHILDREN: &'static [Action] = &[Action::QUERY_GSI1];
    /// The IAM actions of [`Store::customers_by_number`], [`Store::customer_numbers`] and
    /// [`Store::customers_with_external_ids`].
    pub const CUSTOMERS_BY_NUMBER: &'static [Action] = &[Action::BATCH_GET];

    /// Returns the rows of all customers of an organization, eventually consistent; `None` if they are more than
    /// `at_most`.
    ///
    /// They are read in the order of their last change. A customer that changes during the read moves to a position
    /// that is yet to be read, so none is missed.
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
            // A customer that changes during the read occurs more than once. Twice the limit bounds the total.
            if rows.len() > at_most.saturating_mul(2) {
                return Ok(None);
            }
            if !has_more || after.is_none() {
                break;
            }
        }
        // The entry with the latest change wins.
        rows.sort_by(|a, b| (a.number, b.updated_at).cmp(&(b.number, a.updated_at)));
        rows.dedup_by_key(|row| row.number);
        Ok((rows.len() <= at_most).then_some(rows))
    }

    /// Returns positions of customers in the order of an index, eventually consistent.
    ///
    /// A query reads at most one megabyte, which nearly always holds all entries that are asked for.
    pub async fn customer_order(
        &self,
        organization: OrganizationId,
        order: IndexOrder,
        range: IndexRange,
    ) -> Result<QueryPage<Position>, Error> {
        let IndexRange { direction, mut after, limit } = range;
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

    /// Returns the numbers of the children of a customer, oldest first, after `after`, eventually consistent.
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

    /// Returns the positions of one query of an index.
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

    /// Returns the number of customers whose last change is within a range of time; `None` if it is more than
    /// `at_most`.
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

    /// Reads customers by number, in the order of `numbers`, without those that do not exist.
    ///
    /// The read ends early when the customers are larger than a response can be. [`CustomersByNumber::read_count`] then
    /// says how many of the numbers were read.
    pub async fn customers_by_number(
        &self,
        organization: OrganizationId,
        numbers: &[CustomerNumber],
        consistency: Consistency,
    ) -> Result<CustomersByNumber, Error> {
        let (mut customers, mut read_count, mut bytes) = (Vec::with_capacity(numbers.len()), 0, 0);
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
                read_count += numbers.len();
            }
            if bytes > MAX_BYTES {
                break;
            }
        }
        Ok(CustomersByNumber { customers, read_count })
    }

    /// Returns the numbers of the customers with these external ids, strongly consistent.
    pub async fn customers_with_external_ids(
        &self,
        organization: OrganizationId,
        external_ids: &[String],
    ) -> Result<Vec<CustomerNumber>, Error> {
        let key = |id: &String| Key::external_id(organization, id);
        self.numbers(external_ids, key, |found, id| found.external_id(organization, id)).await
    }

    /// Returns the numbers of the customers with these imported ids, strongly consistent.
    pub async fn customer_numbers(
        &self,
        organization: OrganizationId,
        ids: &[CustomerId],
    ) -> Result<Vec<CustomerNumber>, Error> {
        let key = |id: &CustomerId| Key::customer_id(organization, id);
        self.numbers(ids, key, |found, id| found.customer_id(organization, id)).await
    }

    /// Reads the items that map ids to customers, and returns the customers' numbers.
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

/// Returns the error for an index entry that cannot be read.
fn no_position() -> Error {
    Error::internal("an entry of an index has no place")
}

/// Returns the customer number of an item; `None` if it is not a customer.
fn item_number(item: &Item) -> Option<CustomerNumber> {
    customer_number_of_sort_key(item.get(SK)?.as_s().ok()?)
}

/// Returns the key attributes of an entry of GSI2 or GSI3, whose partition key is that of the table.
fn index_key(item: &Item, sort_key: &str) -> Item {
    let attribute = |name: &str| Some((name.to_owned(), item.get(name)?.clone()));
    [PK, SK, sort_key].into_iter().filter_map(attribute).collect()
}

/// Returns the first and the last GSI3 sort key of customers that were changed within a range of time.
fn update_bounds(TimeRange { from, to }: TimeRange) -> (String, String) {
    let last = CustomerNumber::MAX;
    let from = from.map_or(String::new(), |from| from.to_string());
    // Years before 0 and after 9999 have a sign, which sorts before the digits.
    let from = if from.starts_with(['-', '+']) || from.is_empty() { " ".to_owned() } else { from };
    let to = to.map_or_else(|| "~".to_owned(), |to| update_index_key(&to.to_string(), last));
    (from, to)
}
