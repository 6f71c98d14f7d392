//! Audit events in responses.

use padron_domain::{Actor, Event, EventData, EventId, OauthClientId, OrganizationId, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// An event in the audit log of an organization.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Event")]
#[serde(rename_all = "camelCase")]
#[schemars(extend("examples" = [{ "id": "0195b2f0-0000-7000-8000-000000000001", "type": "member.removed", "organizationId": "550e8400-e29b-41d4-a716-446655440000", "actor": "123e4567-e89b-12d3-a456-426614174000", "createdAt": "2026-01-15T12:00:00.000Z", "data": { "userId": "33333333-3333-4333-8333-333333333333", "role": "member", "revokedKeys": [] } }]))]
pub struct EventResponse {
    /// UUIDv7 of the event.
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: EventId,
    /// Type of the event, such as `organization.created` or `member.role_updated`.
    r#type: &'static str,
    /// UUID of the organization.
    #[schemars(with = "String", extend("format" = "uuid"))]
    organization_id: OrganizationId,
    /// UUID of the user who caused the event, `key:` and the UUID of an API key, `app:` and the id of an OAuth app, `operator`, or `system` for
    /// Padrón itself.
    #[schemars(with = "String")]
    actor: Actor,
    /// Id of the OAuth app through which a user acted. Absent if they acted themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    via: Option<OauthClientId>,
    /// When the event happened.
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
    /// Data of the event: ids, names of fields, and values that are not personal.
    data: Value,
}

/// Returns the data of an event as JSON, without its type.
pub(crate) fn data_of(data: &EventData) -> Value {
    serde_json::to_value(data).map(|mut data| data["data"].take()).unwrap_or_default()
}

impl From<Event> for EventResponse {
    fn from(event: Event) -> Self {
        let Event { id, organization, actor, via, at, data } = event;
        let r#type = data.event_type();
        let data = data_of(&data);
        Self { id, r#type, organization_id: organization, actor, via, created_at: at, data }
    }
}
