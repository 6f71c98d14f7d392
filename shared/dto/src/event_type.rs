//! The catalogue of event types: what each one means, its schema and an example.

use padron_domain::{Actor, Event, EventData, EventId, Id, OrganizationId, Timestamp, UserId};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::Serialize;
use serde_json::{Value, json};

use crate::WebhookMessage;

/// A type of event in the audit log of an organization.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "EventType")]
pub struct EventTypeResponse {
    /// Name of the type, such as `member.added`.
    #[schemars(extend("enum" = EventData::TYPES))]
    name: String,
    /// What an event of this type means.
    description: String,
    /// JSON Schema (draft 2020-12) of the request that webhooks get.
    #[schemars(with = "serde_json::Map<String, Value>")]
    schema: Value,
    /// A request that webhooks get.
    example: WebhookMessage,
}

impl EventTypeResponse {
    /// Returns the name of the type.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what an event of this type means.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Returns the JSON Schema of the request that webhooks get, and an example.
    pub fn schema(&self) -> (&Value, &WebhookMessage) {
        (&self.schema, &self.example)
    }
}

/// Returns all event types, in the order of [`EventData::TYPES`].
pub fn event_types() -> Vec<EventTypeResponse> {
    let settings = || SchemaSettings::draft2020_12().for_serialize();
    let all = settings().into_generator().into_root_schema_for::<EventData>().to_value();
    let message = settings().into_generator().into_root_schema_for::<WebhookMessage>().to_value();
    let variants = all["oneOf"].as_array().cloned().unwrap_or_default();
    let variant = |name: &str| variants.iter().find(|one| one["properties"]["type"]["const"] == name);
    let examples = EventData::examples().into_iter();
    let described = examples.filter_map(|example| {
        let name = example.event_type();
        let variant = variant(name)?;
        let mut schema = message.clone();
        schema["title"] = json!(name);
        schema["description"] = variant["description"].clone();
        schema["properties"]["type"] = json!({ "const": name });
        schema["properties"]["data"] = variant["properties"]["data"].clone();
        Some(EventTypeResponse {
            name: name.to_owned(),
            description: variant["description"].as_str()?.to_owned(),
            schema,
            example: (&event_of(example)).into(),
        })
    });
    described.collect()
}

/// Returns an event with these data.
fn event_of(data: EventData) -> Event {
    let organization: OrganizationId = Id::new(uuid::uuid!("550e8400-e29b-41d4-a716-446655440000"));
    let user: UserId = Id::new(uuid::uuid!("123e4567-e89b-12d3-a456-426614174000"));
    let id: EventId = Id::new(uuid::uuid!("019bc186-de00-7a3c-8f21-5d6e7f8a9b0c"));
    let at = Timestamp::from_millis(1_768_478_400_000).unwrap_or(Timestamp::EARLIEST);
    Event { id, organization, actor: Actor::User(user), via: None, at, data }
}
