//! Reads of items by key.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnConsumedCapacity};
use padron_domain::{Error, Organization, OrganizationId};

use crate::{
    item::{DOCUMENT_ATTRIBUTES, Entity, Item, from_item},
    key::Key,
    table::{Store, Throttling},
};

/// The consistency of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consistency {
    /// A strongly consistent read: it reflects all writes that were acknowledged before it. It consumes one capacity
    /// unit per 4 KB.
    Strong,
    /// An eventually consistent read: it may lack the most recent writes. It consumes half a capacity unit per 4 KB.
    Eventual,
}

/// The attributes that a read returns.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Projection<'a> {
    /// All attributes.
    All,
    /// The keys and the document of entities that are stored as a document.
    Document,
    /// Only these attributes.
    Attributes(&'a [&'a str]),
}

impl<'a> Projection<'a> {
    fn attributes(self) -> Option<&'a [&'a str]> {
        match self {
            Self::All => None,
            Self::Document => Some(&DOCUMENT_ATTRIBUTES),
            Self::Attributes(attributes) => Some(attributes),
        }
    }
}

/// A read that is combined with the read of a caller's membership.
#[derive(Clone, Debug)]
pub enum Read {
    /// An item, read in the same batch.
    Item(Key),
    /// The number of the organization's customers, read by a query that runs concurrently with the batch.
    CustomerCount,
}

impl From<Key> for Read {
    fn from(key: Key) -> Self {
        Self::Item(key)
    }
}

/// The maximum number of items that DynamoDB reads in one batch.
pub(crate) const MAX_BATCH: usize = 100;

/// The items that a batch read found, by key.
#[derive(Debug, Default)]
pub struct Items {
    items: HashMap<Key, Item>,
    /// The number of the organization's customers; `None` if it was not read.
    pub(crate) customer_count: Option<u64>,
}

impl Items {
    /// Returns the items.
    pub(crate) fn into_items(self) -> impl Iterator<Item = Item> {
        self.items.into_values()
    }

    /// Returns the total length of a string attribute over all items, in bytes.
    pub(crate) fn bytes(&self, attribute: &str) -> usize {
        let texts = self.items.values().filter_map(|item| item.get(attribute)?.as_s().ok());
        texts.map(String::len).sum()
    }

    /// Removes and returns the item with this key; `None` if it was not read or does not exist.
    pub(crate) fn remove_item(&mut self, key: &Key) -> Option<Item> {
        self.items.remove(key)
    }

    /// Removes and returns the entity with this key; `None` if it was not read or does not exist.
    pub(crate) fn remove<E: Entity>(&mut self, key: &Key) -> Result<Option<E>, Error> {
        self.items.remove(key).map(from_item).transpose()
    }

    /// Returns the entity with this key and keeps it; `None` if it was not read or does not exist.
    pub(crate) fn get<E: Entity>(&self, key: &Key) -> Result<Option<E>, Error> {
        self.items.get(key).cloned().map(from_item).transpose()
    }
}

impl Store {
    /// Reads an organization, the item `subject` that gives a caller their right to act in it, and the other items that a
    /// request needs, in one call, strongly consistent.
    pub(crate) async fn access_batch<E: Entity>(
        &self,
        organization: OrganizationId,
        subject: Key,
        reads: impl IntoIterator<Item = Read>,
    ) -> Result<(Option<Organization>, Option<E>, Items), Error> {
        let mut keys = vec![Key::organization(organization), subject];
        let mut counts_customers = false;
        for read in reads {
            match read {
                Read::Item(key) => keys.push(key),
                Read::CustomerCount => counts_customers = true,
            }
        }
        let batch = self.batch_get(&keys, Consistency::Strong, Projection::All);
        let mut found = if counts_customers {
            let (mut found, count) = tokio::try_join!(batch, self.customer_count(organization))?;
            found.customer_count = Some(count);
            found
        } else {
            batch.await?
        };
        let organization = found.remove(&keys[0])?;
        // A caller who is also the target of the request is needed twice.
        let is_target = keys[2..].contains(&keys[1]);
        let subject = if is_target { found.get(&keys[1])? } else { found.remove(&keys[1])? };
        Ok((organization, subject, found))
    }

    /// Reads a key that no item has, so that the first request finds an open connection.
    ///
    /// The read consumes half a capacity unit. A failure is ignored.
    pub async fn warm_up(&self) {
        _ = self.batch_get(&[Key::nonexistent()], Consistency::Eventual, Projection::All).await;
    }

    /// Reads up to 100 items by key in one call.
    ///
    /// Keys that DynamoDB leaves unprocessed are requested again, so an item that is missing from the result does not
    /// exist. Duplicate keys are read once.
    pub(crate) async fn batch_get(
        &self,
        keys: &[Key],
        consistency: Consistency,
        projection: Projection<'_>,
    ) -> Result<Items, Error> {
        let mut wanted = Vec::with_capacity(keys.len());
        for (index, key) in keys.iter().enumerate() {
            // DynamoDB rejects a batch with duplicate keys.
            if !keys[..index].contains(key) {
                wanted.push(key.attributes().into());
            }
        }
        let mut found = Items::default();
        let mut throttling = Throttling::default();
        loop {
            let mut request = KeysAndAttributes::builder()
                .set_keys(Some(wanted))
                .consistent_read(consistency == Consistency::Strong);
            if let Some(attributes) = projection.attributes() {
                // Some of the attribute names are reserved words of DynamoDB, so all of them are placeholders.
                let place = |index: usize| format!("#a{index}");
                request = request
                    .projection_expression((0..attributes.len()).map(place).collect::<Vec<_>>().join(","));
                for (index, attribute) in attributes.iter().enumerate() {
                    request = request.expression_attribute_names(place(index), *attribute);
                }
            }
            let keys = request.build().map_err(|_| Error::internal("a batch without keys"))?;
            let mut output = self
                .call(
                    self.client
                        .batch_get_item()
                        .request_items(&*self.table, keys)
                        .return_consumed_capacity(ReturnConsumedCapacity::Total)
                        .send(),
                )
                .await?;
            self.record(output.consumed_capacity());
            let items = output.responses.as_mut().and_then(|tables| tables.remove(&*self.table));
            for item in items.unwrap_or_default() {
                let key = Key::of(&item).ok_or_else(|| Error::internal("an item without a key"))?;
                found.items.insert(key, item);
            }
            let unprocessed = output.unprocessed_keys.as_mut().and_then(|tables| tables.remove(&*self.table));
            wanted = match unprocessed {
                Some(left) if !left.keys.is_empty() => left.keys,
                _ => return Ok(found),
            };
            self.pause_for_throttling(&mut throttling, "DynamoDB left keys unprocessed").await?;
        }
    }
}
