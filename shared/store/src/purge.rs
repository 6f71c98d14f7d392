//! The end of an organization: all it holds is deleted, it itself last, and with it its slug is free.

use std::{num::NonZeroU32, time::Duration};

use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, ReturnConsumedCapacity, WriteRequest};
use padron_domain::{Error, Organization, OrganizationId, Timestamp};
use tokio::time::{Instant, sleep_until};

use crate::{
    Action,
    action::GSI1,
    expression::Expression,
    item::Item,
    key::{GSI1_PK, GSI1_SK, Key, PK, SK, count_partition, event_partition, partition},
    organizations::{PURGE, if_previous_version},
    range_query::QueryPage,
    roster::{RosterState, if_roster_is},
    table::{Backoff, Store, Throttling},
    transaction::{Change, TransactionError},
};

/// What became of an organization that is to be purged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PurgeOutcome {
    /// It was deleted for good.
    Purged,
    /// Another run was faster.
    AlreadyPurged,
    /// It is there again, or not due yet.
    NotDue,
    /// Its turn was over; the next one goes on.
    Unfinished,
}

/// How long an organization's purge may take.
#[derive(Clone, Copy, Debug)]
pub struct TimeSlice {
    /// When the others have theirs. Something is done in every turn, however short it is.
    pub ends: Instant,
    /// When nothing new is begun any more.
    pub run_ends: Instant,
}

/// How many units a run spends in a second. What was spent at once is spread over the time it may take, so that callers find the table
/// at leisure, and is owed by whoever is purged next, too.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    units_per_second: Option<NonZeroU32>,
    free_at: Instant,
}

impl Pace {
    /// So many, or as many as the table gives.
    pub fn new(units_per_second: Option<NonZeroU32>) -> Self {
        Self { units_per_second, free_at: Instant::now() }
    }

    /// Whether more may be spent before that instant.
    pub fn allows_before(&self, end: Instant) -> bool {
        self.free_at < end
    }

    fn spent(&mut self, units: f64) {
        if let Some(pace) = self.units_per_second {
            let time = Duration::from_secs_f64(units.max(0.0) / f64::from(pace.get()));
            self.free_at = self.free_at.max(Instant::now()) + time;
        }
    }
}

/// An organization that is to be purged.
#[derive(Clone, Debug)]
pub struct PurgeCandidate {
    /// Which.
    pub organization: OrganizationId,
    /// Its place among those that are.
    place: String,
}

/// A batch deletes at most this many items.
const BATCH: usize = 25;
/// How many batches follow each other between two looks at the clock.
const WIDTH: usize = 4;
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
    pub async fn due_for_purge(
        &self,
        now: Timestamp,
        after: Option<&PurgeCandidate>,
    ) -> Result<Vec<PurgeCandidate>, Error> {
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
        let items = self.query(query, (GSI1_PK, PURGE.to_owned())).await?.items;
        let due = |item: &Item| {
            let place = item.get(GSI1_SK)?.as_s().ok()?;
            let organization = OrganizationId::parse(place.rsplit_once('#')?.1)?;
            Some(PurgeCandidate { organization, place: place.clone() })
        };
        Ok(items.iter().filter_map(due).collect())
    }

    /// Deletes an organization for good, as far as its turn goes.
    ///
    /// First it is marked, in one transaction that a restoration cannot cross: from then on it is unknown to its owner too.
    /// Then everything in its partitions goes, in any order, and at last, in one transaction, it itself, its roster and its slug.
    /// Whatever happens in between, the next run finds it marked and goes on; two at once delete the same things.
    pub async fn purge(
        &self,
        id: OrganizationId,
        now: Timestamp,
        pace: &mut Pace,
        turn: TimeSlice,
    ) -> Result<PurgeOutcome, Error> {
        let Some(organization) = self.organization(id).await? else { return Ok(PurgeOutcome::AlreadyPurged) };
        if organization.restorable_until().is_none_or(|until| now < until) {
            return Ok(PurgeOutcome::NotDue);
        }
        let organization = if organization.purging {
            organization
        } else {
            match self.mark_purging(organization, now).await? {
                Some(marked) => marked,
                None => return Ok(PurgeOutcome::NotDue),
            }
        };
        for partition in [partition(id), count_partition(id), event_partition(id)] {
            if !self.empty_partition(&partition, pace, turn).await? {
                return Ok(PurgeOutcome::Unfinished);
            }
        }
        self.delete_root(&organization).await
    }

    /// Marks it as being purged; `None` if it was restored, or marked by another, meanwhile.
    async fn mark_purging(
        &self,
        mut organization: Organization,
        now: Timestamp,
    ) -> Result<Option<Organization>, Error> {
        organization.purging = true;
        organization.touch(now);
        let mut change: Change<'_> = self.change_without_event();
        change.replace(&organization, if_previous_version(&organization))?;
        let deleted = if_roster_is(RosterState::Deleted)
            .then("SET #state = :purging")
            .text(":purging", RosterState::Purging.name());
        change.update(&Key::roster(organization.id), deleted)?;
        match change.commit().await {
            Ok(()) => Ok(Some(organization)),
            Err(TransactionError::Outdated) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes everything in a partition but the organization and its roster. `false`: the turn was over before it was empty.
    async fn empty_partition(
        &self,
        partition: &str,
        pace: &mut Pace,
        turn: TimeSlice,
    ) -> Result<bool, Error> {
        let mut after = None;
        let (mut deleted, mut is_first) = (false, true);
        loop {
            if !pace.allows_before(turn.run_ends) {
                return Ok(false);
            }
            sleep_until(pace.free_at).await;
            let now = Instant::now();
            if now >= turn.run_ends || (now >= turn.ends && !is_first) {
                return Ok(false);
            }
            is_first = false;
            let before = self.spent().units;
            let query = self
                .client
                .query()
                .key_condition_expression("#pk = :pk")
                .projection_expression("#pk, #sk")
                .expression_attribute_names("#sk", SK)
                .consistent_read(true)
                .set_exclusive_start_key(after.take())
                .limit(i32::try_from(BATCH * WIDTH).unwrap_or(i32::MAX));
            let QueryPage { items, has_more } = self.query(query, (PK, partition.to_owned())).await?;
            let last = items.last().cloned();
            let keys: Vec<Key> =
                items.iter().filter_map(Key::of).filter(|key| !key.outlives_its_partition()).collect();
            deleted |= !keys.is_empty();
            for keys in keys.chunks(BATCH) {
                self.delete_all(keys).await?;
            }
            pace.spent(self.spent().units - before);
            match last.filter(|_| has_more) {
                Some(last) => after = Some(last),
                // Once more from the start, until a whole pass finds nothing.
                None if deleted => deleted = false,
                None => return Ok(true),
            }
        }
    }

    /// Deletes up to 25 items. What DynamoDB leaves unprocessed is asked for again, and so is what met a transaction.
    async fn delete_all(&self, keys: &[Key]) -> Result<(), Error> {
        let delete = |key: &Key| {
            let delete = DeleteRequest::builder().set_key(Some(key.attributes().into())).build();
            let delete = delete.map_err(|_| Error::internal("a delete without a key"))?;
            Ok(WriteRequest::builder().delete_request(delete).build())
        };
        let mut left = keys.iter().map(delete).collect::<Result<Vec<_>, Error>>()?;
        let (mut backoff, mut throttling) = (Backoff::new(), Throttling::default());
        loop {
            let call = self
                .client
                .batch_write_item()
                .request_items(&*self.table, left.clone())
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send();
            let mut output = match self.call(call).await {
                Ok(output) => output,
                Err(error) if error.code() == Some("TransactionConflictException") => {
                    self.pause(&mut backoff, "deletions met transactions until the deadline").await?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            self.record(output.consumed_capacity());
            let unprocessed =
                output.unprocessed_items.as_mut().and_then(|tables| tables.remove(&*self.table));
            left = match unprocessed {
                Some(unprocessed) if !unprocessed.is_empty() => unprocessed,
                _ => return Ok(()),
            };
            self.pause_for_throttling(&mut throttling, "DynamoDB left deletions unprocessed").await?;
        }
    }

    /// The organization itself, its roster and its slug, together: nothing without a slug is left, and no slug without them.
    async fn delete_root(&self, organization: &Organization) -> Result<PurgeOutcome, Error> {
        let mut change: Change<'_> = self.change_without_event();
        change.remove(&Key::roster(organization.id), Expression::default())?;
        let is_there = Expression::condition(format!("attribute_exists({PK})"));
        change.remove(&Key::organization(organization.id), is_there)?;
        let still_its =
            Expression::condition(format!("attribute_not_exists({PK}) OR #organization = :organization"))
                .name("#organization", "organization")
                .text(":organization", organization.id.to_string());
        change.remove(&Key::slug(&organization.slug), still_its)?;
        match change.commit().await {
            Ok(()) => Ok(PurgeOutcome::Purged),
            // Another run was faster; the slug may be someone else's by now.
            Err(TransactionError::Outdated) => Ok(PurgeOutcome::AlreadyPurged),
            Err(error) => Err(error.into()),
        }
    }
}
