//! Queries, and pages of a range of a partition in the order of the sort keys.

use aws_sdk_dynamodb::{
    operation::query::builders::QueryFluentBuilder,
    types::{AttributeValue, ReturnConsumedCapacity, Select},
};
use padron_domain::Error;

use crate::{
    action::GSI1,
    item::{Entity, Item, from_item},
    key::{GSI1_PK, Key, PK, SK},
    table::Store,
};

/// A query for a range of sort keys in a partition.
#[derive(Debug)]
pub(crate) struct RangeQuery {
    pub(crate) partition: String,
    /// The first sort key of the range, inclusive.
    pub(crate) from: String,
    /// The last sort key of the range, inclusive.
    pub(crate) to: String,
    /// The key after which the page begins; `None` for the first page. An item with this key need not exist.
    pub(crate) after: Option<Key>,
    pub(crate) ascending: bool,
    pub(crate) limit: usize,
    /// Whether items that cannot be read are passed over, and do not fail the query.
    pub(crate) passes_unreadable: bool,
}

/// A page of a list, with the position of the next page.
#[derive(Debug)]
pub struct Page<T> {
    /// The items of the page.
    pub items: Vec<T>,
    /// The item after which the next page begins; `None` on the last page. It need not be one of the items of this
    /// page.
    pub next: Option<T>,
}

/// A page of the items of a query.
#[derive(Debug)]
pub struct QueryPage<T> {
    /// The items.
    pub items: Vec<T>,
    /// Whether more items may follow.
    pub has_more: bool,
}

/// The maximum number of capacity units that a filtered page consumes, approximately. Eventually consistent, 128 units
/// are a megabyte.
const MAX_UNITS: f64 = 128.0;
/// The factor by which each query of a filtered page reads more items than the one before it. It matters where few
/// items match.
const BATCH_GROWTH_FACTOR: usize = 4;

impl Store {
    /// Returns the items of one query, and whether more may follow.
    ///
    /// DynamoDB may return an empty page that does not end the list. Such a page is followed by the next one.
    pub(crate) async fn query(
        &self,
        query: QueryFluentBuilder,
        (name, partition): (&str, String),
    ) -> Result<QueryPage<Item>, Error> {
        let mut query = query
            .table_name(&*self.table)
            .expression_attribute_names("#pk", name)
            .expression_attribute_values(":pk", AttributeValue::S(partition))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        loop {
            let output = self.call(query.clone().send()).await?;
            self.record(output.consumed_capacity().map(std::slice::from_ref).unwrap_or_default());
            let items = output.items.unwrap_or_default();
            match output.last_evaluated_key {
                Some(last) if items.is_empty() => query = query.set_exclusive_start_key(Some(last)),
                last => return Ok(QueryPage { items, has_more: last.is_some() }),
            }
        }
    }

    /// Returns the number of items that a query finds; `None` if it is more than `at_most`.
    ///
    /// `query` creates the query of each page from the last evaluated key of the page before it. No more items are read
    /// than are needed to decide.
    pub(crate) async fn count(
        &self,
        query: impl Fn(Option<Item>) -> QueryFluentBuilder,
        partition: &str,
        at_most: u64,
    ) -> Result<Option<u64>, Error> {
        let (mut count, mut after) = (0, None);
        loop {
            let remaining = i32::try_from(at_most + 1 - count).unwrap_or(i32::MAX);
            let query = query(after)
                .table_name(&*self.table)
                .select(Select::Count)
                .limit(remaining)
                .expression_attribute_names("#pk", PK)
                .expression_attribute_values(":pk", AttributeValue::S(partition.to_owned()))
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            let output = self.call(query.send()).await?;
            self.record(output.consumed_capacity().map(std::slice::from_ref).unwrap_or_default());
            count += u64::try_from(output.count).unwrap_or_default();
            after = output.last_evaluated_key;
            if count > at_most {
                return Ok(None);
            }
            if after.is_none() {
                return Ok(Some(count));
            }
        }
    }

    /// Returns the entries of a partition of GSI1 after the entry with the keys `after`, and whether more may follow.
    pub(crate) async fn index_page(
        &self,
        partition: String,
        after: Option<Item>,
        limit: usize,
    ) -> Result<QueryPage<Item>, Error> {
        let query = self
            .client
            .query()
            .index_name(GSI1)
            .key_condition_expression("#pk = :pk")
            .set_exclusive_start_key(after)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        self.query(query, (GSI1_PK, partition)).await
    }

    /// Returns one page of the entities that `filter` accepts; `None` accepts all of them.
    ///
    /// The capacity that a filtered page consumes is bounded. It may have fewer than `limit` items, or none, and still
    /// have a next page.
    pub(crate) async fn range_query<E: Entity + Clone>(
        &self,
        range: RangeQuery,
        filter: Option<&(dyn Fn(&E) -> bool + Sync)>,
    ) -> Result<Page<E>, Error> {
        let RangeQuery { partition, from, to, after, ascending, limit, passes_unreadable } = range;
        let mut after = after;
        let mut items = Vec::with_capacity(limit);
        let mut batch = limit;
        let (mut read, mut units) = (0, 0.0);
        loop {
            let query = self
                .client
                .query()
                .key_condition_expression("#pk = :pk AND #sk BETWEEN :from AND :to")
                .expression_attribute_names("#sk", SK)
                .expression_attribute_values(":from", AttributeValue::S(from.clone()))
                .expression_attribute_values(":to", AttributeValue::S(to.clone()))
                .scan_index_forward(ascending)
                .set_exclusive_start_key(after.as_ref().map(|key| key.attributes().into()))
                .limit(i32::try_from(batch).unwrap_or(i32::MAX));
            let before = self.spent().units;
            let QueryPage { items: found, has_more } = self.query(query, (PK, partition.clone())).await?;
            units += self.spent().units - before;
            read += found.len();
            let mut found = found.into_iter().peekable();
            let mut last = None;
            while let Some(item) = found.next() {
                let entity: E = match from_item(item) {
                    Err(_) if passes_unreadable => continue,
                    entity => entity?,
                };
                if filter.is_none_or(|filter| filter(&entity)) {
                    items.push(entity.clone());
                }
                if items.len() == limit {
                    let ended = !has_more && found.peek().is_none();
                    return Ok(Page { items, next: (!ended).then_some(entity) });
                }
                last = Some(entity);
            }
            if !has_more {
                return Ok(Page { items, next: None });
            }
            let Some(last) = last else {
                return Err(Error::internal("a page that does not end the list is empty"));
            };
            batch = batch.saturating_mul(BATCH_GROWTH_FACTOR).min(items_within_budget(read, units));
            if filter.is_none() || batch == 0 {
                return Ok(Page { items, next: Some(last) });
            }
            after = Some(last.key());
        }
    }
}

/// Returns how many more items a filtered page may read, given the number of items read so far and the units they
/// consumed.
fn items_within_budget(read: usize, units: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "of a small positive number")]
    let items = (read as f64 * (MAX_UNITS - units).max(0.0) / units.max(0.5)) as usize;
    items
}
