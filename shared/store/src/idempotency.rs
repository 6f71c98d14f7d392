//! Answers kept for requests that are sent again.

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

/// The answer to a request, kept for when it is sent again.
#[derive(Debug, Serialize, Deserialize)]
pub struct IdempotencyRecord {
    request: IdempotencyId,
    /// A MAC of the body.
    fingerprint: String,
    /// Encrypted: answers hold personal data, and now and then a token.
    #[serde(with = "serde_bytes")]
    answer: Vec<u8>,
    /// When DynamoDB may delete it, in seconds since 1970. It takes its time, so what is past counts as gone.
    ttl: i64,
}

impl IdempotencyRecord {
    /// How long an answer is kept.
    pub const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

    /// An answer to keep from now on.
    pub fn new(request: IdempotencyId, fingerprint: String, answer: Vec<u8>, now: Timestamp) -> Self {
        Self { request, fingerprint, answer, ttl: now.plus(Self::KEPT).seconds() }
    }

    /// The MAC of the body it answers.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The answer, encrypted.
    pub fn answer(&self) -> &[u8] {
        &self.answer
    }

    pub(crate) fn is_kept(&self, now: Timestamp) -> bool {
        now.seconds() < self.ttl
    }

    /// That no other answer is kept by now.
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
    /// The answer that is kept for a request, if it was asked for and is there.
    pub fn idempotency_record(
        &mut self,
        request: &IdempotencyId,
        now: Timestamp,
    ) -> Result<Option<IdempotencyRecord>, Error> {
        let recorded: Option<IdempotencyRecord> = self.remove(&Key::idempotency_record(request))?;
        Ok(recorded.filter(|recorded| recorded.is_kept(now)))
    }
}

impl Store {
    /// The answer that is kept for a request, by itself.
    pub async fn idempotency_record(&self, request: &IdempotencyId) -> Result<Items, Error> {
        self.batch_get(&[Key::idempotency_record(request)], Consistency::Strong, Projection::All).await
    }
}
