//! The bodies of the requests that webhooks get.

use padron_domain::{Actor, Event, EventId, OauthClientId, OrganizationId, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::event::data_of;

/// An event, as webhooks get it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "WebhookMessage")]
#[serde(rename_all = "camelCase")]
pub struct WebhookMessage {
    /// Type of the event, such as `organization.created` or `member.role_updated`.
    pub r#type: &'static str,
    /// When the event happened.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub timestamp: Timestamp,
    /// Data of the event: ids, names of fields, and values that are not personal.
    pub data: Value,
    /// UUIDv7 of the event. Ids sort by the time of the events.
    #[schemars(with = "String", extend("format" = "uuid"))]
    pub id: EventId,
    /// UUID of the organization.
    #[schemars(with = "String", extend("format" = "uuid"))]
    pub organization_id: OrganizationId,
    /// UUID of the user who caused the event, `key:` and the UUID of an API key, `app:` and the id of an OAuth app, `operator`, or `system` for
    /// Padrón itself.
    #[schemars(with = "String")]
    pub actor: Actor,
    /// Id of the OAuth app through which a user acted. Absent if they acted themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<OauthClientId>,
}

impl From<&Event> for WebhookMessage {
    fn from(event: &Event) -> Self {
        let Event { id, organization, actor, via, at, data } = event;
        Self {
            r#type: data.event_type(),
            timestamp: *at,
            data: data_of(data),
            id: *id,
            organization_id: *organization,
            actor: *actor,
            via: *via,
        }
    }
}
