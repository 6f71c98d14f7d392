//! The messages of the queue.

use padron_domain::{Delivery, DeliveryId, Error, OrganizationId, Timestamp, WebhookId};
use serde::{Deserialize, Serialize};

/// A message about a delivery that can be attempted now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryMessage {
    /// The organization of the webhook.
    pub organization: OrganizationId,
    /// The webhook.
    pub webhook: WebhookId,
    /// The delivery.
    pub delivery: DeliveryId,
    /// The version of the delivery. If the delivery has another one, the attempt was made, or is no longer wanted.
    pub version: u32,
    /// The number of the group of messages that are handled one after the other.
    pub group: u8,
    /// The number of seconds since 1970 when a sweep has sent the message; `None` if it was sent when the delivery was queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swept_at: Option<i64>,
}

impl DeliveryMessage {
    /// Creates the message about a delivery.
    pub fn new(delivery: &Delivery) -> Self {
        Self {
            organization: delivery.organization,
            webhook: delivery.webhook,
            delivery: delivery.id,
            version: delivery.version,
            group: delivery.group(),
            swept_at: None,
        }
    }

    /// Returns the message as a sweep sends it: SQS does not take it for the one that was sent before.
    #[must_use]
    pub fn swept(self, at: Timestamp) -> Self {
        Self { swept_at: Some(at.seconds()), ..self }
    }

    /// Returns the id of the group of messages that are handled one after the other.
    pub(crate) fn group_id(&self) -> String {
        format!("{}#{}", self.webhook, self.group)
    }

    /// Returns the id by which SQS recognizes a message that is sent twice within five minutes.
    pub(crate) fn deduplication_id(&self) -> String {
        let Self { webhook, delivery, version, swept_at, .. } = self;
        let swept_at = swept_at.map_or_else(String::new, |at| format!(".{at}"));
        format!("{webhook}.{delivery}.{version}{swept_at}")
    }
}

/// A message that Lambda has received from the queue.
#[derive(Debug)]
pub struct ReceivedMessage {
    /// The id of the message in the queue.
    pub id: String,
    /// The message; `None` if it is not a message of this queue.
    pub message: Option<DeliveryMessage>,
    /// When the message was sent; `None` if SQS does not tell.
    pub sent_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Records {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    message_id: String,
    body: String,
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Attributes {
    sent_timestamp: Option<String>,
}

/// Returns the messages of an event that Lambda passes to a function.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>
///
/// # Errors
///
/// Fails if the payload is no such event. A message that cannot be read is no such failure.
pub fn received_messages(payload: &str) -> Result<Vec<ReceivedMessage>, Error> {
    let Records { records } =
        serde_json::from_str(payload).map_err(|_| Error::internal("the payload is no event of a queue"))?;
    let received = |Record { message_id, body, attributes }: Record| ReceivedMessage {
        id: message_id,
        message: serde_json::from_str(&body).ok(),
        sent_at: attributes.sent_timestamp.and_then(|at| Timestamp::from_millis(at.parse().ok()?)),
    };
    Ok(records.into_iter().map(received).collect())
}

#[cfg(test)]
mod tests {
    use padron_domain::Id;

    use super::*;

    fn message() -> DeliveryMessage {
        let at = Timestamp::parse("2026-01-15T12:00:00Z").unwrap();
        let delivery = DeliveryId { event: Id::at(at), replay: u32::MAX };
        let (organization, webhook) = (Id::random(), Id::random());
        DeliveryMessage { organization, webhook, delivery, version: u32::MAX, group: 9, swept_at: None }
    }

    #[test]
    fn ids_are_as_short_as_sqs_demands() {
        let message = message();
        let swept = message.clone().swept(Timestamp::LATEST);
        for id in [swept.group_id(), swept.deduplication_id(), message.deduplication_id()] {
            assert!(id.len() <= 128, "{id}");
        }
        assert_ne!(swept.deduplication_id(), message.deduplication_id());
        assert_eq!(swept.group_id(), message.group_id());
    }

    #[test]
    fn messages_are_read_as_lambda_passes_them() {
        let body = serde_json::to_string(&message()).unwrap();
        let payload = serde_json::json!({ "Records": [
            { "messageId": "a", "body": body, "attributes": { "SentTimestamp": "1768478400000", "MessageGroupId": "g" } },
            { "messageId": "b", "body": "something else" },
        ]});
        let [first, second] = received_messages(&payload.to_string()).unwrap().try_into().unwrap();
        assert!(first.message.is_some() && second.message.is_none());
        assert_eq!(first.sent_at.unwrap().to_string(), "2026-01-15T12:00:00.000Z");
        assert_eq!((second.id.as_str(), second.sent_at), ("b", None));
        assert!(received_messages("{}").is_err());
    }
}
