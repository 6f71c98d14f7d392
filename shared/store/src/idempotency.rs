//! Answers kept for requests that are sent again.

use std::time::Duration;

use padron_domain::{Error, Timestamp, UserId};
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use crate::{
    expression::Expression,
    item::Entity,
    key::{Key, PK, hex},
    read::Found,
    table::Store,
};

/// Which request an idempotency key stands for: whose it is, what it asks for, and the key. A hash, so that neither keys nor
/// users can be read off the table's partitions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(String);

impl RequestId {
    /// The id of a request. Ids in a path may be written in either case.
    pub fn new(user: UserId, route: &str, path: &str, idempotency_key: &str) -> Self {
        let mut hash = Context::new(&SHA256);
        for part in [&user.to_string(), route, &path.to_ascii_lowercase(), idempotency_key] {
            // With its length before it, no two lists of parts read the same.
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        Self(hex(&hash.finish()))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The answer to a request, kept for when it is sent again.
#[derive(Debug, Serialize, Deserialize)]
pub struct Recorded {
    request: RequestId,
    /// A MAC of the body.
    fingerprint: String,
    /// Encrypted: answers hold personal data, and now and then a token.
    #[serde(with = "serde_bytes")]
    answer: Vec<u8>,
    /// When DynamoDB may delete it, in seconds since 1970. It takes its time, so what is past counts as gone.
    ttl: i64,
}

impl Recorded {
    /// How long an answer is kept.
    pub const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

    /// An answer to keep from now on.
    pub fn new(request: RequestId, fingerprint: String, answer: Vec<u8>, now: Timestamp) -> Self {
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

impl Entity for Recorded {
    const NAME: &'static str = "idempotency";

    fn key(&self) -> Key {
        Key::recorded(&self.request)
    }
}

impl Store {
    /// The answer that is kept for a request, by itself.
    pub async fn recorded(&self, request: &RequestId) -> Result<Found, Error> {
        self.batch_get(&[Key::recorded(request)]).await
    }
}
