//! The recorded responses of requests with an idempotency key.

use std::time::Duration;

use padron_domain::{Error, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    expression::Expression,
    item::Entity,
    key::{IdempotencyId, Key, PK},
    read::{Consistency, Items, Projection},
    table::Store,
};

/// The recorded response of a request with an idempotency key.
#[derive(Debug, Serialize, Deserialize)]
pub struct IdempotencyRecord {
    request: IdempotencyId,
    /// A MAC of the request body.
    fingerprint: String,
    /// The encrypted response. Responses contain personal data, and some contain a token.
    #[serde(with = "serde_bytes")]
    response: Vec<u8>,
    /// The time after which DynamoDB may delete the item, in seconds since 1970. DynamoDB deletes it with a delay, so
    /// an expired record counts as missing.
    ttl: i64,
}

impl IdempotencyRecord {
    /// The time for which a response is recorded.
    pub const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

    /// Creates a record that expires [`Self::KEPT`] after `now`.
    pub fn new(request: IdempotencyId, fingerprint: String, response: Vec<u8>, now: Timestamp) -> Self {
        Self { request, fingerprint, response, ttl: now.plus(Self::KEPT).seconds() }
    }

    /// Returns the MAC of the request body.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Returns the encrypted response.
    pub fn response(&self) -> &[u8] {
        &self.response
    }

    /// Returns whether the record has not expired.
    pub(crate) fn is_retained(&self, now: Timestamp) -> bool {
        now.seconds() < self.ttl
    }

    /// Returns the condition that no response is recorded, or that the recorded one has expired.
    pub(crate) fn is_new(now: Timestamp) -> Expression {
        Expression::condition(format!("attribute_not_exists({PK}) OR #ttl <= :now"))
            .name("#ttl", "ttl")
            .number(":now", now.seconds())
    }
}

impl Entity for IdempotencyRecord {
    const NAME: &'static str = "idempotency";

    fn key(&self) -> Key {
        Key::idempotency_record(&self.request)
    }
}

impl Items {
    /// Removes and returns the recorded response of a request; `None` if it was not read, does not exist or has
    /// expired.
    pub fn idempotency_record(
        &mut self,
        request: &IdempotencyId,
        now: Timestamp,
    ) -> Result<Option<IdempotencyRecord>, Error> {
        let recorded: Option<IdempotencyRecord> = self.remove(&Key::idempotency_record(request))?;
        Ok(recorded.filter(|recorded| recorded.is_retained(now)))
    }
}

impl Store {
    /// Reads the recorded response of a request on its own, strongly consistent.
    pub async fn idempotency_record(&self, request: &IdempotencyId) -> Result<Items, Error> {
        self.batch_get(&[Key::idempotency_record(request)], Consistency::Strong, Projection::All).await
    }
}
