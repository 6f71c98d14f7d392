//! Webhooks: URLs to which the events of an organization are sent.

mod delivery;
mod failure;
mod filter;
mod health;
mod registry;
mod rules;
mod schedule;

use serde::{Deserialize, Serialize};

use crate::{Id, OrganizationId, Timestamp};

pub use delivery::{Delivery, DeliveryAttempt, DeliveryId, DeliveryStatus, ParseDeliveryIdError};
pub use filter::EventFilter;
pub use health::WebhookHealth;
pub use registry::{WebhookRegistry, WebhookRegistryEntry};
pub use rules::WebhookSettings;
pub use schedule::{FIRST_SWEEP, MAX_ATTEMPTS, MAX_QUEUE_TIME, NEXT_SWEEP, pause_after};

/// The id of a webhook: a UUIDv7 (RFC 9562 §5.7), so that webhooks sort by the time of their creation.
pub type WebhookId = Id<Webhook>;

/// A webhook, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// The id of the webhook.
    pub id: WebhookId,
    /// The organization whose events are sent.
    pub organization: OrganizationId,
    /// The version of the webhook. Every write increases it by one; recording its health does not.
    pub version: u64,
    /// The URL that events are sent to.
    pub url: String,
    /// Which events are sent.
    pub events: EventFilter,
    /// The names of the fields of which one must have changed, for events that name changed fields; none of them means all.
    #[serde(default)]
    pub fields: Vec<String>,
    /// The description; `None` if there is none.
    #[serde(default)]
    pub description: Option<String>,
    /// The maximum number of requests at once.
    pub concurrency: u8,
    /// Whether events are sent.
    pub is_active: bool,
    /// Why Padrón has stopped sending events; `None` if it has not.
    #[serde(default)]
    pub disabled_reason: Option<DisabledReason>,
    /// When events were last stopped, by a caller or by Padrón; `None` if they never were. What was queued until then is cancelled.
    #[serde(default)]
    pub deactivated_at: Option<Timestamp>,
    /// When the webhook was created.
    pub created_at: Timestamp,
    /// When the webhook was last changed.
    pub updated_at: Timestamp,
    /// The secrets that requests are signed with, the latest one first. All have the same number of live signatures.
    pub secrets: Vec<WebhookSecret>,
}

/// A secret of a webhook, without the secret itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookSecret {
    /// The number of the secret; the first one is 1.
    pub generation: u32,
    /// The public key of the asymmetric signatures: 32 bytes of Ed25519 (RFC 8032), in base64.
    pub public_key: String,
    /// Until when requests are signed with it; `None` for the latest one.
    #[serde(default)]
    pub ends_at: Option<Timestamp>,
}

/// Why Padrón has stopped sending events to a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisabledReason {
    /// No request has succeeded for five days.
    Failing,
    /// The URL has answered 410 (Gone).
    Gone,
}

impl Webhook {
    /// The maximum number of webhooks of an organization.
    pub const MAX_OF_ORGANIZATION: usize = 20;
    /// The number of requests at once, if the caller does not say.
    pub const DEFAULT_CONCURRENCY: u8 = 4;
    /// The maximum number of requests at once.
    pub const MAX_CONCURRENCY: u8 = 10;

    /// Returns the time of a change that is made now: later than the last change, even if the clocks of the writers differ.
    pub fn next_change(&self, now: Timestamp) -> Timestamp {
        self.updated_at.next().max(now)
    }

    /// Returns the secrets that requests are signed with at an instant.
    pub fn live_secrets(&self, now: Timestamp) -> impl Iterator<Item = &WebhookSecret> {
        self.secrets.iter().filter(move |secret| secret.ends_at.is_none_or(|end| now < end))
    }

    /// Returns the maximum number of requests at once.
    ///
    /// It is one while the receiver fails or is slow, and two before it has taken anything, so that the receivers of one organization do not
    /// hold up those of others.
    pub fn max_requests(&self, health: &WebhookHealth) -> u8 {
        if health.is_failing() || health.is_slow {
            1
        } else if health.succeeded_at.is_none() {
            self.concurrency.min(2)
        } else {
            self.concurrency
        }
    }

    /// Returns the webhook as Padrón disables it at `now`, with the next version.
    #[must_use]
    pub fn disabled(&self, reason: DisabledReason, now: Timestamp) -> Self {
        let at = self.next_change(now);
        Self {
            version: self.version + 1,
            is_active: false,
            disabled_reason: Some(reason),
            deactivated_at: Some(at),
            updated_at: at,
            ..self.clone()
        }
    }

    /// Returns the names of the settings that differ from those of an earlier version.
    pub fn changed_fields(&self, before: &Self) -> Vec<String> {
        let fields = [
            ("url", self.url != before.url),
            ("events", self.events != before.events),
            ("fields", self.fields != before.fields),
            ("description", self.description != before.description),
            ("concurrency", self.concurrency != before.concurrency),
            ("isActive", self.is_active != before.is_active),
        ];
        fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned()).collect()
    }
}
