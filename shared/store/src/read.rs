//! Strongly consistent reads by key.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnConsumedCapacity};
use padron_domain::{
    Customer, CustomerId, CustomerNumber, Error, Invitation, InvitationId, Membership, OrganizationId,
    Profile, Timestamp, UserId,
};

use crate::{
    idempotency::{Recorded, RequestId},
    item::{Entity, ExternalId, ForeignId, Item, from_item},
    key::Key,
    table::{Store, Throttling},
};

/// How many items DynamoDB reads in one batch.
pub(crate) const LARGEST_BATCH: usize = 100;

/// What was found under the keys that were asked for.
#[derive(Debug, Default)]
pub struct Found {
    items: HashMap<Key, Item>,
    /// How many customers the organization has, if that was asked for too.
    pub customer_count: Option<u64>,
}

impl Found {
    /// The items as they are.
    pub(crate) fn into_items(self) -> impl Iterator<Item = Item> {
        self.items.into_values()
    }

    /// How long a text attribute is, over all items.
    pub(crate) fn bytes(&self, attribute: &str) -> usize {
        let texts = self.items.values().filter_map(|item| item.get(attribute)?.as_s().ok());
        texts.map(String::len).sum()
    }

    /// The entity under that key; `None` if the table has none.
    pub(crate) fn take<E: Entity>(&mut self, key: &Key) -> Result<Option<E>, Error> {
        self.items.remove(key).map(from_item).transpose()
    }

    /// The same, left where it is.
    pub(crate) fn see<E: Entity>(&self, key: &Key) -> Result<Option<E>, Error> {
        self.items.get(key).cloned().map(from_item).transpose()
    }

    /// That membership, if it was asked for and is there.
    pub fn membership(
        &mut self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<Membership>, Error> {
        self.take(&Key::membership(organization, user))
    }

    /// That customer, if it was asked for and is there.
    pub fn customer(
        &mut self,
        organization: OrganizationId,
        number: CustomerNumber,
    ) -> Result<Option<Customer>, Error> {
        self.take(&Key::customer(organization, number))
    }

    /// The customer that an id from elsewhere leads to, if it was asked for and is there.
    pub fn customer_id(
        &mut self,
        organization: OrganizationId,
        id: &CustomerId,
    ) -> Result<Option<CustomerNumber>, Error> {
        let found: Option<ForeignId> = self.take(&Key::customer_id(organization, id))?;
        Ok(found.map(|found| found.number))
    }

    /// The customer that an external id leads to, if it was asked for and is there.
    pub fn external_id(
        &mut self,
        organization: OrganizationId,
        external_id: &str,
    ) -> Result<Option<CustomerNumber>, Error> {
        let found: Option<ExternalId> = self.take(&Key::external_id(organization, external_id))?;
        Ok(found.map(|found| found.number))
    }

    /// That user's profile, if it was asked for and is there.
    pub fn profile(&mut self, user: UserId) -> Result<Option<Profile>, Error> {
        self.take(&Key::profile(user))
    }

    /// That invitation, if it was asked for and is there.
    pub fn invitation(
        &mut self,
        organization: OrganizationId,
        id: InvitationId,
    ) -> Result<Option<Invitation>, Error> {
        self.take(&Key::invitation(organization, id))
    }

    /// The answer that is kept for a request, if it was asked for and is there.
    pub fn recorded(&mut self, request: &RequestId, now: Timestamp) -> Result<Option<Recorded>, Error> {
        let recorded: Option<Recorded> = self.take(&Key::recorded(request))?;
        Ok(recorded.filter(|recorded| recorded.is_kept(now)))
    }
}

impl Store {
    /// Reads up to 100 items in one strongly consistent call. What DynamoDB leaves unprocessed is asked for again, so an
    /// item that is missing from the result is missing from the table. Keys given twice are read once.
    pub(crate) async fn batch_get(&self, keys: &[Key]) -> Result<Found, Error> {
        self.batch(keys, true, None).await
    }

    /// Reads a key that no item has, so that the first request finds a connection made and the client's code run once.
    /// Costs half a unit; whether it succeeds does not matter.
    pub async fn warm_up(&self) {
        _ = self.batch(&[Key::nothing()], false, None).await;
    }

    /// Like [`Store::batch_get`], but eventually consistent and of some attributes only: for what is shown, not decided from.
    pub(crate) async fn batch_glance(&self, keys: &[Key], attributes: &[&str]) -> Result<Found, Error> {
        self.batch(keys, false, Some(attributes)).await
    }

    /// Like [`Store::batch_get`], but of some attributes only.
    pub(crate) async fn batch_look(&self, keys: &[Key], attributes: &[&str]) -> Result<Found, Error> {
        self.batch(keys, true, Some(attributes)).await
    }

    async fn batch(
        &self,
        keys: &[Key],
        consistent: bool,
        attributes: Option<&[&str]>,
    ) -> Result<Found, Error> {
        let mut wanted = Vec::with_capacity(keys.len());
        for (index, key) in keys.iter().enumerate() {
            // DynamoDB refuses a batch that names a key twice.
            if !keys[..index].contains(key) {
                wanted.push(key.attributes().into());
            }
        }
        let mut found = Found::default();
        let mut throttling = Throttling::default();
        loop {
            let mut request = KeysAndAttributes::builder().set_keys(Some(wanted)).consistent_read(consistent);
            if let Some(attributes) = attributes {
                // Through placeholders, for some of their names are DynamoDB's own words.
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
