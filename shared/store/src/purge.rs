//! The purge of deleted organizations: all items of an organization are deleted, and its slug becomes available.

use std::{num::NonZeroU32, time::Duration};

use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, ReturnConsumedCapacity, WriteRequest};
use padron_domain::{Error, Organization, OrganizationId, Timestamp};
use tokio::time::{Instant, sleep_until};

use crate::{
    Action,
    action::GSI1,
    expression::Expression,
    item::Item,
    key::{
        GSI1_PK, GSI1_SK, Key, PK, SK, client_partition, count_partition, delivery_partition,
        event_partition, partition,
    },
    organizations::{PURGE, if_previous_version},
    range_query::QueryPage,
    roster::{RosterState, if_roster_is},
    table::{Backoff, Store, Throttling},
    transaction::{Transaction, TransactionError},
};

/// The outcome of the purge of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PurgeOutcome {
    /// All that belongs to the organization was deleted. [`Store::finish_purge`] deletes the organization itself.
    Emptied(Box<Organization>),
    /// The organization was deleted permanently.
    Purged,
    /// Another run deleted the organization first.
    AlreadyPurged,
    /// The organization was restored, or it is not yet due.
    NotDue,
    /// The time slice ended before the purge was complete. The next one continues it.
    Unfinished,
}

/// The time that the purge of one organization may take.
#[derive(Clone, Copy, Debug)]
pub struct TimeSlice {
    /// The end of the organization's own time slice. At least one batch is deleted in every time slice, however short.
    pub deadline: Instant,
    /// The end of the run. No new batch begins after it.
    pub run_deadline: Instant,
}

/// A rate limit on the capacity units that a run consumes.
///
/// Units that were consumed in a burst delay the following batches until the average is within the limit, so that the
/// table keeps capacity for requests. The delay carries over to the organization that is purged next.
#[derive(Clone, Copy, Debug)]
pub struct CapacityLimiter {
    units_per_second: Option<NonZeroU32>,
    free_at: Instant,
}

impl CapacityLimiter {
    /// Creates a rate limit in capacity units per second; `None` does not limit the rate.
    pub fn new(units_per_second: Option<NonZeroU32>) -> Self {
        Self { units_per_second, free_at: Instant::now() }
    }

    /// Returns whether more units may be consumed before that instant.
    pub fn allows_before(&self, end: Instant) -> bool {
        self.free_at < end
    }

    /// Records consumed units and delays the next batch accordingly.
    fn spent(&mut self, units: f64) {
        if let Some(units_per_second) = self.units_per_second {
            let time = Duration::from_secs_f64(units.max(0.0) / f64::from(units_per_second.get()));
            self.free_at = self.free_at.max(Instant::now()) + time;
        }
    }
}

/// An organization that is due for purge.
#[derive(Clone, Debug)]
pub struct PurgeCandidate {
    /// The id of the organization.
    pub organization: OrganizationId,
    /// The sort key of the organization in the purge partition of GSI1.
    place: String,
}

/// The maximum number of items that DynamoDB deletes in one batch.
const BATCH: usize = 25;
/// The number of batches between two checks of the time.
const MAX_CONCURRENT_BATCHES: usize = 4;
/// The maximum number of organizations on a page of purge candidates.
const CANDIDATES_PER_PAGE: i32 = 25;

impl Store {
    /// The IAM actions of [`Store::due_for_purge`], [`Store::purge`] and [`Store::finish_purge`].
    pub const PURGE: &'static [Action] = &[
        Action::QUERY_GSI1,
        Action::QUERY,
        Action::BATCH_GET,
        Action::BATCH_WRITE,
        Action::PUT,
        Action::UPDATE,
        Action::DELETE,
    ];

    /// Returns a page of the organizations that can no longer be restored, in the order of their deletion, after
    /// `after`.
    ///
    /// The index is eventually consistent, so some of them may already be purged.
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
            // Sorts immediately after the entry of that organization.
            .expression_attribute_values(
                ":from",
                AttributeValue::S(after.map_or("0".into(), |after| format!("{}~", after.place))),
            )
            // Sorts after every organization of that instant.
            .expression_attribute_values(":now", AttributeValue::S(format!("{now}#~")))
            .limit(CANDIDATES_PER_PAGE);
        let items = self.query(query, (GSI1_PK, PURGE.to_owned())).await?.items;
        let due = |item: &Item| {
            let place = item.get(GSI1_SK)?.as_s().ok()?;
            let organization = OrganizationId::parse(place.rsplit_once('#')?.1)?;
            Some(PurgeCandidate { organization, place: place.clone() })
        };
        Ok(items.iter().filter_map(due).collect())
    }

    /// Deletes all that belongs to an organization, within its time slice.
    ///
    /// First the organization is marked as being purged, in one transaction that excludes a restoration. From then on
    /// the owner cannot see it either. Then all items of its partitions, the deliveries to its webhooks and the grants of its OAuth apps are deleted. Then
    /// the caller deletes what is not in the table, and calls [`Store::finish_purge`].
    ///
    /// An interrupted purge is continued by the next run, which finds the mark. Two concurrent runs delete the same
    /// items.
    pub async fn purge(
        &self,
        id: OrganizationId,
        now: Timestamp,
        capacity_limiter: &mut CapacityLimiter,
        slice: TimeSlice,
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
        // The registries of webhooks and OAuth apps are in the organization's partition, which is therefore emptied after them.
        let registries =
            self.webhook_registries(&[id]).await?.into_iter().collect::<Result<Vec<_>, Error>>()?;
        let webhooks = registries.iter().flat_map(|registry| &registry.entries);
        let deliveries = webhooks.map(|webhook| delivery_partition(webhook.id));
        let apps = self.oauth_app_registry(id).await?.clients.into_iter().map(client_partition);
        let partitions =
            deliveries.chain(apps).chain([partition(id), count_partition(id), event_partition(id)]);
        for partition in partitions {
            if !self.empty_partition(&partition, capacity_limiter, slice).await? {
                return Ok(PurgeOutcome::Unfinished);
            }
        }
        Ok(PurgeOutcome::Emptied(Box::new(organization)))
    }

    /// Marks an organization as being purged; `None` if it was restored, or marked by another run, in the meantime.
    async fn mark_purging(
        &self,
        mut organization: Organization,
        now: Timestamp,
    ) -> Result<Option<Organization>, Error> {
        organization.purging = true;
        organization.mark_updated(now);
        let mut transaction: Transaction<'_> = self.change_without_event();
        transaction.replace(&organization, if_previous_version(&organization))?;
        let deleted = if_roster_is(RosterState::Deleted)
            .then("SET #state = :purging")
            .text(":purging", RosterState::Purging.name());
        transaction.update(&Key::roster(organization.id), deleted)?;
        match transaction.commit().await {
            Ok(()) => Ok(Some(organization)),
            Err(TransactionError::Outdated) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes all items of a partition except the organization and its roster.
    ///
    /// Returns whether the partition is empty; `false` if the time slice ended first.
    async fn empty_partition(
        &self,
        partition: &str,
        capacity_limiter: &mut CapacityLimiter,
        slice: TimeSlice,
    ) -> Result<bool, Error> {
        let mut after = None;
        let (mut deleted, mut is_first) = (false, true);
        loop {
            if !capacity_limiter.allows_before(slice.run_deadline) {
                return Ok(false);
            }
            sleep_until(capacity_limiter.free_at).await;
            let now = Instant::now();
            if now >= slice.run_deadline || (now >= slice.deadline && !is_first) {
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
                .limit(i32::try_from(BATCH * MAX_CONCURRENT_BATCHES).unwrap_or(i32::MAX));
            let QueryPage { items, has_more } = self.query(query, (PK, partition.to_owned())).await?;
            let last = items.last().cloned();
            let keys: Vec<Key> =
                items.iter().filter_map(Key::of).filter(|key| !key.is_deleted_last()).collect();
            deleted |= !keys.is_empty();
            for keys in keys.chunks(BATCH) {
                self.delete_all(keys).await?;
            }
            capacity_limiter.spent(self.spent().units - before);
            match last.filter(|_| has_more) {
                Some(last) => after = Some(last),
                // Repeats from the start until a whole pass finds nothing.
                None if deleted => deleted = false,
                None => return Ok(true),
            }
        }
    }

    /// Deletes up to 25 items.
    ///
    /// Deletions that DynamoDB leaves unprocessed, or that conflict with a transaction, are retried.
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

    /// Deletes an organization of which nothing else is left, its roster and its slug in one transaction, so that none of them remains without
    /// the others.
    pub async fn finish_purge(&self, organization: &Organization) -> Result<PurgeOutcome, Error> {
        let mut transaction: Transaction<'_> = self.change_without_event();
        transaction.remove(&Key::roster(organization.id), Expression::default())?;
        let is_there = Expression::present();
        transaction.remove(&Key::organization(organization.id), is_there)?;
        let still_its =
            Expression::condition(format!("attribute_not_exists({PK}) OR #organization = :organization"))
                .name("#organization", "organization")
                .text(":organization", organization.id.to_string());
        transaction.remove(&Key::slug(&organization.slug), still_its)?;
        match transaction.commit().await {
            Ok(()) => Ok(PurgeOutcome::Purged),
            // Another run was faster. The slug may belong to another organization by now.
            Err(TransactionError::Outdated) => Ok(PurgeOutcome::AlreadyPurged),
            Err(error) => Err(error.into()),
        }
    }
}
