//! The end of an organization: all it holds is deleted, it itself last, and with it its slug is free.

use std::{num::NonZeroU32, time::Duration};

use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, ReturnConsumedCapacity, WriteRequest};
use padron_domain::{Error, Organization, OrganizationId, Timestamp};
use tokio::time::{Instant, sleep_until};

use crate::{
    Action, Change, TransactionError,
    action::GSI1,
    expression::Expression,
    item::{Item, PURGE, RosterState},
    key::{GSI1_PK, GSI1_SK, Key, PK, SK, count_partition, event_partition, partition},
    members::still_in,
    organizations::still_before,
    table::{Backoff, Store},
};

/// What became of an organization that is to be purged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purge {
    /// It was deleted for good.
    Done,
    /// Another run was faster.
    Gone,
    /// It is there again, or not due yet.
    Spared,
    /// Time was up; the next run goes on.
    Unfinished,
}

/// An organization that is to be purged.
#[derive(Clone, Debug)]
pub struct Due {
    /// Which.
    pub organization: OrganizationId,
    /// Its place among those that are.
    place: String,
}

/// A batch deletes at most this many items.
const BATCH: usize = 25;
/// How many batches follow each other between two looks at the clock.
const WIDTH: usize = 4;
/// Shorter than what is kept of a run's time in reserve.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// How many organizations are looked up together.
const DUE: i32 = 25;

impl Store {
    /// What [`Store::due_for_purge`] and [`Store::purge`] need.
    pub const PURGE: &'static [Action] = &[
        Action::QUERY_GSI1,
        Action::QUERY,
        Action::BATCH_GET,
        Action::BATCH_WRITE,
        Action::PUT,
        Action::UPDATE,
        Action::DELETE,
    ];

    /// Some organizations that cannot be restored any more, those deleted first before the others: after `after`, of an earlier
    /// page. The index lags behind, so some may be gone already.
    pub async fn due_for_purge(&self, now: Timestamp, after: Option<&Due>) -> Result<Vec<Due>, Error> {
        let query = self
            .client
            .query()
            .index_name(GSI1)
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :from AND :now")
            .expression_attribute_names("#sk", GSI1_SK)
            // Right after that organization's.
            .expression_attribute_values(
                ":from",
                AttributeValue::S(after.map_or("0".into(), |after| format!("{}~", after.place))),
            )
            // After every organization of that instant.
            .expression_attribute_values(":now", AttributeValue::S(format!("{now}#~")))
            .limit(DUE);
        let (items, _) = self.query(query, (GSI1_PK, PURGE.to_owned())).await?;
        let due = |item: &Item| {
            let place = item.get(GSI1_SK)?.as_s().ok()?;
            let organization = OrganizationId::parse(place.rsplit_once('#')?.1)?;
            Some(Due { organization, place: place.clone() })
        };
        Ok(items.iter().filter_map(due).collect())
    }

    /// Deletes an organization for good, as far as there is time.
    ///
    /// First it is marked, in one transaction that a restoration cannot cross: from then on it is unknown to its owner too.
    /// Then everything in its partitions goes, in any order, and at last, in one transaction, it itself, its roster and its slug.
    /// Whatever happens in between, the next run finds it marked and goes on; two at once delete the same things. It writes at
    /// most `pace` units a second.
    pub async fn purge(
        &self,
        id: OrganizationId,
        now: Timestamp,
        pace: Option<NonZeroU32>,
        has_time: impl Fn() -> bool,
    ) -> Result<Purge, Error> {
        let Some(organization) = self.organization(id).await? else { return Ok(Purge::Gone) };
        if organization.restorable_until().is_none_or(|until| now < until) {
            return Ok(Purge::Spared);
        }
        let organization = if organization.purging {
            organization
        } else {
            match self.mark(organization, now).await? {
                Some(marked) => marked,
                None => return Ok(Purge::Spared),
            }
        };
        for partition in [partition(id), count_partition(id), event_partition(id)] {
            if !self.empty(&partition, pace, &has_time).await? {
                return Ok(Purge::Unfinished);
            }
        }
        self.bury(&organization).await
    }

    /// Marks it as being purged; `None` if it was restored, or marked by another, meanwhile.
    async fn mark(
        &self,
        mut organization: Organization,
        now: Timestamp,
    ) -> Result<Option<Organization>, Error> {
        organization.purging = true;
        organization.touch(now);
        let mut change: Change<'_> = self.unannounced_change();
        change.replace(&organization, still_before(&organization))?;
        let deleted = still_in(RosterState::Deleted)
            .then("SET #state = :purging")
            .text(":purging", RosterState::Purging.name());
        change.update(&Key::roster(organization.id), deleted)?;
        match change.commit().await {
            Ok(()) => Ok(Some(organization)),
            Err(TransactionError::Stale) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes everything in a partition but the organization and its roster. `false`: time was up before it was empty.
    async fn empty(
        &self,
        partition: &str,
        pace: Option<NonZeroU32>,
        has_time: &impl Fn() -> bool,
    ) -> Result<bool, Error> {
        let mut after = None;
        let mut deleted = false;
        loop {
            if !has_time() {
                return Ok(false);
            }
            let query = self
                .client
                .query()
                .key_condition_expression("#pk = :pk")
                .projection_expression("#pk, #sk")
                .expression_attribute_names("#sk", SK)
                .consistent_read(true)
                .set_exclusive_start_key(after.take())
                .limit(i32::try_from(BATCH * WIDTH).unwrap_or(i32::MAX));
            let (items, more) = self.query(query, (PK, partition.to_owned())).await?;
            let last = items.last().cloned();
            let keys: Vec<Key> =
                items.iter().filter_map(Key::of).filter(|key| !key.outlives_its_partition()).collect();
            deleted |= !keys.is_empty();
            let (before, started) = (self.spent().units, Instant::now());
            for keys in keys.chunks(BATCH) {
                self.delete_all(keys).await?;
            }
            if let Some(pace) = pace {
                // What was spent is spread over the time it may take, so that callers find the table at leisure.
                let time = (self.spent().units - before) / f64::from(pace.get());
                let time = Duration::from_secs_f64(time.max(0.0)).min(LONGEST_PAUSE);
                sleep_until(started + time).await;
            }
            match last.filter(|_| more) {
                Some(last) => after = Some(last),
                // Once more from the start, until a whole pass finds nothing.
                None if deleted => deleted = false,
                None => return Ok(true),
            }
        }
    }

    /// Deletes up to 25 items. What DynamoDB leaves unprocessed is asked for again.
    async fn delete_all(&self, keys: &[Key]) -> Result<(), Error> {
        let delete = |key: &Key| {
            let delete = DeleteRequest::builder().set_key(Some(key.attributes().into())).build();
            let delete = delete.map_err(|_| Error::internal("a delete without a key"))?;
            Ok(WriteRequest::builder().delete_request(delete).build())
        };
        let mut left = keys.iter().map(delete).collect::<Result<Vec<_>, Error>>()?;
        let mut backoff = Backoff::new();
        loop {
            let call = self
                .client
                .batch_write_item()
                .request_items(&*self.table, left)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send();
            let mut output = self.call(call).await?;
            self.record(output.consumed_capacity());
            let unprocessed =
                output.unprocessed_items.as_mut().and_then(|tables| tables.remove(&*self.table));
            left = match unprocessed {
                Some(unprocessed) if !unprocessed.is_empty() => unprocessed,
                _ => return Ok(()),
            };
            self.pause(&mut backoff, "DynamoDB left deletions unprocessed until the deadline").await?;
        }
    }

    /// The organization itself, its roster and its slug, together: nothing without a slug is left, and no slug without them.
    async fn bury(&self, organization: &Organization) -> Result<Purge, Error> {
        let mut change: Change<'_> = self.unannounced_change();
        change.remove(&Key::roster(organization.id), Expression::default())?;
        let is_there = Expression::condition(format!("attribute_exists({PK})"));
        change.remove(&Key::organization(organization.id), is_there)?;
        let still_its =
            Expression::condition(format!("attribute_not_exists({PK}) OR #organization = :organization"))
                .name("#organization", "organization")
                .text(":organization", organization.id.to_string());
        change.remove(&Key::slug(&organization.slug), still_its)?;
        match change.commit().await {
            Ok(()) => Ok(Purge::Done),
            // Another run was faster; the slug may be someone else's by now.
            Err(TransactionError::Stale) => Ok(Purge::Gone),
            Err(error) => Err(error.into()),
        }
    }
}
