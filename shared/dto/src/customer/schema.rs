//! JSON schemas that the dialects share.

use std::borrow::Cow;

use padron_domain::{Customer, CustomerNumber, CustomerReference, LINE_PATTERN};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// The JSON schema of a reference to a customer: its number, or its id of 24 hexadecimal digits.
pub(crate) struct ReferenceSchema;

impl JsonSchema for ReferenceSchema {
    fn schema_name() -> Cow<'static, str> {
        "CustomerReference".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let (first, last) = (CustomerNumber::MIN.get(), CustomerNumber::MAX.get());
        json_schema!({
            "description": "A customer's number, or its id of 24 hex digits.",
            "examples": [3_559_189_708_800_000_u64],
            "anyOf": [
                { "type": "integer", "minimum": first, "maximum": last },
                { "type": "string", "pattern": CustomerReference::PATTERN },
            ],
        })
    }
}

/// The JSON schema of a customer's id in the caller's own system.
pub(crate) struct ExternalIdSchema;

impl JsonSchema for ExternalIdSchema {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "ExternalId".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "maxLength": Customer::MAX_EXTERNAL_ID_LENGTH, "pattern": LINE_PATTERN, "not": { "enum": [".", ".."] },
        })
    }
}
