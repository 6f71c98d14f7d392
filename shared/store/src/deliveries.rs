//! The deliveries of events to webhooks.
//!
//! A delivery with an attempt to come is in a partition of GSI1, sorted by the time at which it is due, so that no attempt is lost with a
//! message of the queue.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, ReturnValue};
use padron_domain::{
    Delivery, DeliveryId, Error, Event, EventId, OrganizationId, Timestamp, WebhookId, WebhookRegistry,
};
use serde::{Deserialize, Serialize};

use crate::{
    Action,
    action::GSI1,
    item::{Entity, Item, from_item, to_item},
    key::{
        DUE_PARTITIONS, GSI1_PK, GSI1_SK, Key, PK, delivery_partition, delivery_sort_key, due_partition,
        due_partition_of,
    },
    range_query::{Page, QueryPage, RangeQuery},
    read::{Consistency, Projection},
    table::Store,
    webhooks::StoredWebhook,
};

/// The time after which DynamoDB may delete a delivery.
const RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A delivery as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct StoredDelivery {
    delivery: Delivery,
    /// When the delivery is sent to the queue if nothing else is known of it; `None` if no attempt is to come.
    #[serde(skip)]
    due_at: Option<Timestamp>,
}

impl Entity for StoredDelivery {
    const NAME: &'static str = "delivery";
    const ATTRIBUTES: Option<&[&str]> = Some(&["version"]);

    fn key(&self) -> Key {
        Key::delivery(self.delivery.webhook, self.delivery.id)
    }

    fn other_attributes(&self) -> Vec<(&'static str, AttributeValue)> {
        let ttl = self.delivery.created_at.plus(RETENTION).seconds();
        vec![("ttl", AttributeValue::N(ttl.to_string()))]
    }

    fn index_keys(&self) -> Vec<(&'static str, String)> {
        let due = self.due_at.map(|at| (due_partition(self.delivery.id.event), at.to_string()));
        due.map_or_else(Vec::new, |(partition, at)| vec![(GSI1_PK, partition), (GSI1_SK, at)])
    }
}

/// A delivery, with the webhook and the event as they are.
#[derive(Debug)]
pub struct DeliveryContext {
    /// The delivery; `None` if it does not exist.
    pub delivery: Option<Delivery>,
    /// The webhook, or why it cannot be read; `None` if it was deleted.
    pub webhook: Option<Result<StoredWebhook, Error>>,
    /// The event, or why it cannot be read; `None` if it was deleted with its organization.
    pub event: Option<Result<Event, Error>>,
}

/// A delivery in the index of those with an attempt to come.
#[derive(Debug)]
pub struct DueDelivery {
    key: Key,
    due_at: String,
}

impl Store {
    /// The IAM actions of [`Store::webhook_registries`].
    pub const WEBHOOK_REGISTRIES: &'static [Action] = &[Action::BATCH_GET];
    /// The IAM actions of [`Store::create_delivery`] and [`Store::replace_delivery`].
    pub const WRITE_DELIVERY: &'static [Action] = &[Action::PUT];
    /// The IAM actions of [`Store::delivery_context`].
    pub const DELIVERY_CONTEXT: &'static [Action] = &[Action::BATCH_GET];
    /// The IAM actions of [`Store::due_deliveries`] and [`Store::postpone_delivery`].
    pub const SWEEP_DELIVERIES: &'static [Action] = &[Action::QUERY_GSI1, Action::UPDATE];
    /// The IAM actions of [`Store::deliveries`].
    pub const DELIVERIES: &'static [Action] = &[Action::QUERY];
    /// The IAM actions of [`Store::delivery`] and [`Store::delivery_with_event`].
    pub const DELIVERY: &'static [Action] = &[Action::BATCH_GET];
    /// The maximum number of registries that are read at once.
    pub const MAX_REGISTRIES: usize = crate::read::MAX_BATCH;
    /// The number of partitions of the index of deliveries with an attempt to come.
    pub const DUE_PARTITIONS: u8 = DUE_PARTITIONS;

    /// Returns the registries of the webhooks of up to 100 organizations, each or why it cannot be read, strongly consistent.
    pub async fn webhook_registries(
        &self,
        organizations: &[OrganizationId],
    ) -> Result<Vec<Result<WebhookRegistry, Error>>, Error> {
        let keys: Vec<Key> = organizations.iter().copied().map(Key::webhook_registry).collect();
        let mut items = self.batch_get(&keys, Consistency::Strong, Projection::Document).await?;
        Ok(organizations.iter().map(|organization| items.webhook_registry(*organization)).collect())
    }

    /// Creates a delivery, to be sent to the queue at `due_at` at the latest. Returns `false` if it exists.
    pub async fn create_delivery(&self, delivery: &Delivery, due_at: Timestamp) -> Result<bool, Error> {
        let stored = StoredDelivery { delivery: delivery.clone(), due_at: Some(due_at) };
        self.put_delivery(&stored, None).await
    }

    /// Replaces a delivery by its next version, to be sent to the queue at `due_at` at the latest; `None` if no attempt is to come. Returns
    /// `false` if it has changed since it was read.
    pub async fn replace_delivery(&self, after: &Delivery, due_at: Option<Timestamp>) -> Result<bool, Error> {
        let stored = StoredDelivery { delivery: after.clone(), due_at };
        self.put_delivery(&stored, Some(after.version - 1)).await
    }

    async fn put_delivery(&self, stored: &StoredDelivery, version: Option<u32>) -> Result<bool, Error> {
        let mut put = self
            .client
            .put_item()
            .table_name(&*self.table)
            .set_item(Some(to_item(stored)?))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        put = match version {
            None => put.condition_expression(format!("attribute_not_exists({PK})")),
            Some(version) => put
                .condition_expression("#version = :version")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":version", AttributeValue::N(version.to_string())),
        };
        self.if_condition_holds(self.call(put.send()).await, |output| output.consumed_capacity.as_slice())
            .map(|output| output.is_some())
    }

    /// Reads a delivery, its webhook and its event, strongly consistent.
    pub async fn delivery_context(
        &self,
        organization: OrganizationId,
        webhook: WebhookId,
        delivery: DeliveryId,
    ) -> Result<DeliveryContext, Error> {
        let keys = [
            Key::delivery(webhook, delivery),
            Key::webhook(organization, webhook),
            Key::event(organization, delivery.event),
        ];
        let mut items = self.batch_get(&keys, Consistency::Strong, Projection::All).await?;
        Ok(DeliveryContext {
            delivery: items.remove::<StoredDelivery>(&keys[0])?.map(|stored| stored.delivery),
            webhook: items.remove(&keys[1]).transpose(),
            event: items.remove(&keys[2]).transpose(),
        })
    }

    /// Returns a delivery of a webhook, strongly consistent; `None` if it does not exist.
    pub async fn delivery(&self, webhook: WebhookId, id: DeliveryId) -> Result<Option<Delivery>, Error> {
        let key = Key::delivery(webhook, id);
        let mut items =
            self.batch_get(std::slice::from_ref(&key), Consistency::Strong, Projection::Document).await?;
        Ok(items.remove::<StoredDelivery>(&key)?.map(|stored| stored.delivery))
    }

    /// Returns a delivery of a webhook, and its event, strongly consistent; `None` in the place of what does not exist.
    pub async fn delivery_with_event(
        &self,
        organization: OrganizationId,
        webhook: WebhookId,
        id: DeliveryId,
    ) -> Result<(Option<Delivery>, Option<Event>), Error> {
        let keys = [Key::delivery(webhook, id), Key::event(organization, id.event)];
        let mut items = self.batch_get(&keys, Consistency::Strong, Projection::Document).await?;
        let delivery = items.remove::<StoredDelivery>(&keys[0])?.map(|stored| stored.delivery);
        Ok((delivery, items.remove(&keys[1])?))
    }

    /// Returns the deliveries of one partition of the index that are due, the oldest ones first. The index is eventually consistent.
    pub async fn due_deliveries(
        &self,
        partition: u8,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueDelivery>, Error> {
        let query = self
            .client
            .query()
            .index_name(GSI1)
            .key_condition_expression("#pk = :pk AND #sk <= :now")
            .expression_attribute_names("#sk", GSI1_SK)
            .expression_attribute_values(":now", AttributeValue::S(now.to_string()))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let QueryPage { items, .. } = self.query(query, (GSI1_PK, due_partition_of(partition))).await?;
        let due = |item: &Item| {
            Some(DueDelivery { key: Key::of(item)?, due_at: item.get(GSI1_SK)?.as_s().ok()?.clone() })
        };
        Ok(items.iter().filter_map(due).collect())
    }

    /// Makes a due delivery due at another time, and returns it, or why it cannot be read; `None` if it has changed, or was deleted.
    pub async fn postpone_delivery(
        &self,
        due: &DueDelivery,
        until: Timestamp,
    ) -> Result<Option<Result<Delivery, Error>>, Error> {
        let update = self
            .client
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(due.key.attributes().into()))
            .update_expression("SET #due = :until")
            .condition_expression("#due = :due")
            .expression_attribute_names("#due", GSI1_SK)
            .expression_attribute_values(":due", AttributeValue::S(due.due_at.clone()))
            .expression_attribute_values(":until", AttributeValue::S(until.to_string()))
            .return_values(ReturnValue::AllNew)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let outcome = self.call(update.send()).await;
        let output = self.if_condition_holds(outcome, |output| output.consumed_capacity.as_slice())?;
        let Some(item) = output.and_then(|output| output.attributes) else { return Ok(None) };
        Ok(Some(from_item::<StoredDelivery>(item).map(|stored| stored.delivery)))
    }

    /// Returns a page of the deliveries of a webhook that `filter` accepts, eventually consistent, in the order of their events. `None` accepts
    /// all deliveries.
    ///
    /// The range of events includes both ends.
    pub async fn deliveries(
        &self,
        webhook: WebhookId,
        range: DeliveryRange,
        limit: usize,
        filter: Option<&(dyn Fn(&Delivery) -> bool + Sync)>,
    ) -> Result<Page<Delivery>, Error> {
        let DeliveryRange { from, to, after, ascending } = range;
        let query = RangeQuery {
            partition: delivery_partition(webhook),
            from: from.map_or("0".into(), |event| delivery_sort_key(DeliveryId { event, replay: 0 })),
            to: to.map_or("~".into(), |event| delivery_sort_key(DeliveryId { event, replay: u32::MAX })),
            after: after.map(|id| Key::delivery(webhook, id)),
            ascending,
            limit,
            passes_unreadable: false,
        };
        let filter = filter.map(|filter| move |stored: &StoredDelivery| filter(&stored.delivery));
        let filter = filter.as_ref().map(|filter| filter as &(dyn Fn(&StoredDelivery) -> bool + Sync));
        let Page { items, next } = self.range_query(query, filter).await?;
        Ok(Page {
            items: items.into_iter().map(|stored: StoredDelivery| stored.delivery).collect(),
            next: next.map(|stored| stored.delivery),
        })
    }
}

impl DueDelivery {
    /// Returns the id of the delivery, for the log.
    pub fn id(&self) -> &str {
        self.key.sort_key()
    }
}

/// A range of the deliveries of a webhook.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeliveryRange {
    /// The first event; `None` for the first one of all.
    pub from: Option<EventId>,
    /// The last event; `None` for the last one of all.
    pub to: Option<EventId>,
    /// The delivery after which the page begins; `None` for the first page.
    pub after: Option<DeliveryId>,
    /// Whether the oldest events come first.
    pub ascending: bool,
}
