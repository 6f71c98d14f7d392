//! The webhooks of an organization, as the sender of events needs them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{EventFilter, Webhook, WebhookId};
use crate::{Event, EventData, Failure, OrganizationId};

/// How much older than a webhook an event may be that it gets.
const MAX_CLOCK_DIFFERENCE: Duration = Duration::from_secs(60);

/// The webhooks of an organization, with what decides which events they get. It is one record, so that each event takes one read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookRegistry {
    /// The organization.
    pub organization: OrganizationId,
    /// The version; 0 if the registry was never written. Every write increases it by one.
    pub version: u64,
    /// The webhooks, in the order of their creation.
    #[serde(default)]
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

impl WebhookRegistryEntry {
    /// Returns whether the webhook gets events with these data, as far as its filters decide.
    pub fn matches(&self, data: &EventData) -> bool {
        self.events.matches(data.event_type())
            && data.changed_fields().is_none_or(|changed| {
                self.fields.is_empty() || changed.iter().any(|name| self.fields.contains(name))
            })
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

    /// Returns the webhooks that get an event.
    ///
    /// An event from before the creation of a webhook is not sent to it. The clocks of the writers may differ, and a write may take as long as
    /// a request, so a minute is not counted.
    pub fn recipients<'a>(&'a self, event: &'a Event) -> impl Iterator<Item = &'a WebhookRegistryEntry> {
        self.entries.iter().filter(|entry| {
            entry.is_active
                && entry.id.timestamp().is_none_or(|created| event.at >= created.minus(MAX_CLOCK_DIFFERENCE))
                && entry.matches(&event.data)
        })
    }

    /// Removes a webhook.
    pub fn remove(&mut self, id: WebhookId) {
        self.entries.retain(|entry| entry.id != id);
    }
}
