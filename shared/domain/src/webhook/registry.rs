//! The webhooks of an organization, as the sender of events needs them.

use serde::{Deserialize, Serialize};

use super::{EventFilter, Webhook, WebhookId};
use crate::{Failure, OrganizationId};

/// The webhooks of an organization, with what decides which events they get. It is one record, so that each event takes one read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookRegistry {
    /// The organization.
    pub organization: OrganizationId,
    /// The version; 0 if the registry was never written. Every write increases it by one.
    pub version: u64,
    /// The webhooks, in the order of their creation.
    pub entries: Vec<WebhookRegistryEntry>,
}

/// A webhook in a registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookRegistryEntry {
    /// The id of the webhook.
    pub id: WebhookId,
    /// Which events are sent.
    pub events: EventFilter,
    /// The names of the fields of which one must have changed; none of them means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// The maximum number of requests at once.
    pub concurrency: u8,
    /// Whether events are sent.
    pub is_active: bool,
}

impl From<&Webhook> for WebhookRegistryEntry {
    fn from(webhook: &Webhook) -> Self {
        let Webhook { id, events, fields, concurrency, is_active, .. } = webhook.clone();
        Self { id, events, fields, concurrency, is_active }
    }
}

impl WebhookRegistry {
    /// Returns the registry of an organization that never had a webhook.
    pub const fn empty(organization: OrganizationId) -> Self {
        Self { organization, version: 0, entries: Vec::new() }
    }

    /// Returns the next version, to be changed.
    #[must_use]
    pub fn next_version(&self) -> Self {
        Self { version: self.version + 1, ..self.clone() }
    }

    /// Adds a webhook. Fails if there are too many.
    pub fn add(&mut self, webhook: &Webhook) -> Result<(), Failure> {
        if self.entries.len() >= Webhook::MAX_OF_ORGANIZATION {
            return Err(Failure::WEBHOOK_LIMIT_REACHED);
        }
        self.entries.push(webhook.into());
        Ok(())
    }

    /// Replaces the entry of a changed webhook.
    pub fn update(&mut self, webhook: &Webhook) {
        for entry in self.entries.iter_mut().filter(|entry| entry.id == webhook.id) {
            *entry = webhook.into();
        }
    }

    /// Removes a webhook.
    pub fn remove(&mut self, id: WebhookId) {
        self.entries.retain(|entry| entry.id != id);
    }
}
