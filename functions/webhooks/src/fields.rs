//! What the bodies that create and change a webhook share.

use std::borrow::Cow;

use padron_domain::{EventFilter, Webhook};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::response::event_names;

/// The JSON schema of the events of a webhook.
pub(crate) struct EventsSchema;

impl JsonSchema for EventsSchema {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "WebhookEvents".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "array", "minItems": 1, "maxItems": EventFilter::MAX_LENGTH,
            "items": { "type": "string", "enum": event_names() },
        })
    }
}

/// The JSON schema of the names of fields of which one must have changed.
pub(crate) struct FieldsSchema;

impl JsonSchema for FieldsSchema {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "WebhookFields".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "array", "maxItems": Webhook::MAX_FIELDS,
            "items": { "type": "string", "minLength": 1, "maxLength": Webhook::MAX_FIELD_LENGTH },
        })
    }
}
