//! Deliveries: one event that is sent to one webhook.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Webhook, WebhookHealth, WebhookId, schedule};
use crate::{Event, EventId, OrganizationId, Timestamp};

/// The id of a delivery of a webhook: the id of the event, a dot, and 0, or the number of the replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryId {
    /// The event.
    pub event: EventId,
    /// 0 for the delivery that the event itself causes. Each replay of the event has another number.
    pub replay: u32,
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.event, self.replay)
    }
}

impl FromStr for DeliveryId {
    type Err = ParseDeliveryIdError;

    fn from_str(text: &str) -> Result<Self, ParseDeliveryIdError> {
        let (event, replay) = text.split_once('.').ok_or(ParseDeliveryIdError)?;
        let id = Self {
            event: EventId::parse(event).ok_or(ParseDeliveryIdError)?,
            replay: replay.parse().map_err(|_| ParseDeliveryIdError)?,
        };
        // A number has one spelling: `1`, not `01` or `+1`.
        if id.replay.to_string() == replay { Ok(id) } else { Err(ParseDeliveryIdError) }
    }
}

/// An error that is returned when a text is not a [`DeliveryId`].
#[derive(Debug)]
pub struct ParseDeliveryIdError;

impl fmt::Display for ParseDeliveryIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the UUID of an event, a dot and a number")
    }
}

impl Serialize for DeliveryId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DeliveryId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// The delivery of an event to a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// The id of the delivery.
    pub id: DeliveryId,
    /// The organization of the event and the webhook.
    pub organization: OrganizationId,
    /// The webhook.
    pub webhook: WebhookId,
    /// The type of the event, such as `member.added`.
    pub event_type: String,
    /// The version. Every change increases it by one, and a message in the queue is for one version.
    pub version: u32,
    /// The status, as of the last attempt.
    pub status: DeliveryStatus,
    /// The number of attempts.
    pub attempts: u32,
    /// The number of failed attempts that the schedule counts.
    pub failures: u32,
    /// The last attempts, the latest one first.
    #[serde(default)]
    pub recent: Vec<DeliveryAttempt>,
    /// When the receiver first took the event; `None` if it has not.
    #[serde(default)]
    pub delivered_at: Option<Timestamp>,
    /// The beginning of the body of the last response, if it was text or JSON.
    #[serde(default)]
    pub response_body: Option<String>,
    /// The maximum number of requests at once that the webhook had, 1 if its receiver fails.
    pub concurrency: u8,
    /// When the delivery was created.
    pub created_at: Timestamp,
    /// When the delivery was last queued by an event or a user, and not by the schedule.
    pub queued_at: Timestamp,
    /// When the next attempt is due; `None` if there is none.
    #[serde(default)]
    pub next_attempt_at: Option<Timestamp>,
}

/// The status of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// An attempt is due, now or later.
    Pending,
    /// The receiver has answered with a status from 200 to 299.
    Delivered,
    /// The last attempt has failed.
    Failed,
    /// The webhook was deactivated or deleted before an attempt succeeded.
    Cancelled,
}

impl DeliveryStatus {
    /// All statuses.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Delivered, Self::Failed, Self::Cancelled];

    /// Returns the name of the status.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// An attempt to deliver an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryAttempt {
    /// When the request was sent.
    pub at: Timestamp,
    /// The status of the response; `None` if there was none.
    #[serde(default)]
    pub status_code: Option<u16>,
    /// The duration in milliseconds.
    pub duration_ms: u64,
    /// Why there was no response; `None` if there was one.
    #[serde(default)]
    pub error: Option<String>,
}

impl DeliveryAttempt {
    /// Returns whether the receiver has taken the event: its status is 200 to 299.
    pub fn is_success(&self) -> bool {
        self.status_code.is_some_and(|status| (200..300).contains(&status))
    }
}

impl Delivery {
    /// The number of attempts that are kept.
    pub const MAX_RECENT: usize = 10;

    /// Creates the delivery of an event.
    pub fn new(event: &Event, replay: u32, webhook: WebhookId, concurrency: u8, now: Timestamp) -> Self {
        Self {
            id: DeliveryId { event: event.id, replay },
            organization: event.organization,
            webhook,
            event_type: event.data.event_type().to_owned(),
            version: 1,
            status: DeliveryStatus::Pending,
            attempts: 0,
            failures: 0,
            recent: Vec::new(),
            delivered_at: None,
            response_body: None,
            concurrency,
            created_at: now,
            queued_at: now,
            next_attempt_at: Some(now),
        }
    }

    /// Returns the status. A pending delivery is cancelled if its webhook was deactivated after it was queued; `None` stands for a webhook
    /// that was deleted.
    pub fn status(&self, webhook: Option<&Webhook>) -> DeliveryStatus {
        let is_cancelled = webhook.is_none_or(|webhook| {
            !webhook.is_active || webhook.deactivated_at.is_some_and(|at| self.queued_at <= at)
        });
        match self.status {
            DeliveryStatus::Pending if is_cancelled => DeliveryStatus::Cancelled,
            status => status,
        }
    }

    /// Returns the delivery after an attempt. `retry_at` is when the next attempt is due; `None` if there is none.
    #[must_use]
    pub fn after_attempt(
        mut self,
        attempt: DeliveryAttempt,
        response_body: Option<String>,
        retry_at: Option<Timestamp>,
    ) -> Self {
        let is_success = attempt.is_success();
        self.failures += u32::from(!is_success);
        self.next_attempt_at = retry_at.filter(|_| !is_success);
        self.status = match (is_success, self.next_attempt_at) {
            (true, _) => DeliveryStatus::Delivered,
            (false, Some(_)) => DeliveryStatus::Pending,
            (false, None) => DeliveryStatus::Failed,
        };
        self.with_attempt(attempt, response_body)
    }

    /// Returns the delivery with an attempt that was made while it was queued once more. The new attempt is still to be made.
    #[must_use]
    pub fn with_attempt(mut self, attempt: DeliveryAttempt, response_body: Option<String>) -> Self {
        self.version += 1;
        self.attempts += 1;
        self.delivered_at = self.delivered_at.or(Some(attempt.at).filter(|_| attempt.is_success()));
        self.recent.insert(0, attempt);
        self.recent.truncate(Self::MAX_RECENT);
        self.response_body = response_body;
        self
    }

    /// Returns the delivery with its next attempt at another time.
    #[must_use]
    pub fn rescheduled(self, at: Timestamp) -> Self {
        Self { version: self.version + 1, next_attempt_at: Some(at), ..self }
    }

    /// Returns the delivery of a webhook that no longer gets it.
    #[must_use]
    pub fn cancelled(self) -> Self {
        let status = DeliveryStatus::Cancelled;
        Self { version: self.version + 1, status, next_attempt_at: None, ..self }
    }

    /// Returns the delivery with one more attempt now. The schedule of a pending delivery goes on after it; an ended one has no other
    /// attempt.
    #[must_use]
    pub fn retried(self, webhook: &Webhook, health: &WebhookHealth, now: Timestamp) -> Self {
        let is_pending = self.status(Some(webhook)) == DeliveryStatus::Pending;
        let failures = if is_pending { self.failures } else { self.failures.max(schedule::MAX_ATTEMPTS - 1) };
        Self {
            failures,
            status: DeliveryStatus::Pending,
            queued_at: now,
            concurrency: webhook.max_requests(health),
            ..self.rescheduled(now)
        }
    }

    /// Returns the number of the group of messages in which the attempts of this delivery are made. The messages of a group are handled one
    /// after the other, so a webhook has as many requests at once as it has groups.
    pub fn group(&self) -> u8 {
        // The last bytes of a UUIDv7 are random.
        let [.., high, low] = *self.id.event.uuid().as_bytes();
        let group = u16::from_be_bytes([high, low]) % u16::from(self.concurrency.max(1));
        u8::try_from(group).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let text = "019bc186-de00-7a3c-8f21-5d6e7f8a9b0c.12";
        let id: DeliveryId = text.parse().unwrap();
        assert_eq!((id.to_string().as_str(), id.replay), (text, 12));
        for wrong in
            ["", "019bc186-de00-7a3c-8f21-5d6e7f8a9b0c", "019bc186-de00-7a3c-8f21-5d6e7f8a9b0c.", "a.1"]
        {
            assert!(wrong.parse::<DeliveryId>().is_err(), "{wrong}");
        }
        for spelling in ["01", "+1", "-1", "1.0", "4294967296"] {
            let text = format!("019bc186-de00-7a3c-8f21-5d6e7f8a9b0c.{spelling}");
            assert!(text.parse::<DeliveryId>().is_err(), "{text}");
        }
    }
}
