//! Queries, and pages over part of a partition in the order of its sort keys.

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

/// Part of a partition.
#[derive(Debug)]
pub(crate) struct RangeQuery {
    pub(crate) partition: String,
    /// The first sort key that belongs to it.
    pub(crate) from: String,
    /// The last.
    pub(crate) to: String,
    /// Begins after this one, be it there or not.
    pub(crate) after: Option<Key>,
    pub(crate) ascending: bool,
    pub(crate) limit: usize,
}

/// Some of a list.
#[derive(Debug)]
pub struct Page<T> {
    /// What was asked for.
    pub items: Vec<T>,
    /// After which one the list goes on, be it among the items or not; `None`: there are no more.
    pub next: Option<T>,
}

/// A page of items.
#[derive(Debug)]
pub struct QueryPage<T> {
    /// The items.
    pub items: Vec<T>,
    /// Whether there may be more after them.
    pub has_more: bool,
}

/// A filtered page reads about this much at most: eventually consistent, 128 units are a megabyte.
const MAX_UNITS: f64 = 128.0;
/// Where few are wanted, each query reads so many times more than the one before it.
const GROWTH: usize = 4;

impl Store {
    /// One query: its items, and whether there may be more. A page that is empty and does not end the list, which DynamoDB may
    /// answer, is followed by the next one.
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

    /// How many items queries find, each beginning where the one before it ended; `None` if they are more than that. No more are
    /// read, and paid for, than it takes to know.
    pub(crate) async fn count(
        &self,
        query: impl Fn(Option<Item>) -> QueryFluentBuilder,
        partition: &str,
        at_most: u64,
    ) -> Result<Option<u64>, Error> {
        let (mut count, mut after) = (0, None);
        loop {
            let wanted = i32::try_from(at_most + 1 - count).unwrap_or(i32::MAX);
            let query = query(after)
                .table_name(&*self.table)
                .select(Select::Count)
                .limit(wanted)
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

    /// Entries of a partition of GSI1 after the one with these keys, and whether there may be more.
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

    /// One page. With a filter it may be short, and even empty, with more to come: what it may read is bounded.
    pub(crate) async fn range_query<E: Entity + Clone>(
        &self,
        range: RangeQuery,
        wanted: Option<&(dyn Fn(&E) -> bool + Sync)>,
    ) -> Result<Page<E>, Error> {
        let RangeQuery { partition, from, to, after, ascending, limit } = range;
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
                let entity: E = from_item(item)?;
                if wanted.is_none_or(|wanted| wanted(&entity)) {
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
            batch = batch.saturating_mul(GROWTH).min(affordable(read, units));
            if wanted.is_none() || batch == 0 {
                return Ok(Page { items, next: Some(last) });
            }
            after = Some(last.key());
        }
    }
}

/// How many more may be read, going by what those before them cost.
fn affordable(read: usize, units: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "of a small positive number")]
    let items = (read as f64 * (MAX_UNITS - units).max(0.0) / units.max(0.5)) as usize;
    items
}
