//! What the bodies that create and change an API key share.

use std::borrow::Cow;

use padron_domain::{ApiKey, Error, LINE_PATTERN, Scope, Scopes, Timestamp};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// The JSON schema of a key's name.
pub(crate) struct NameSchema;

impl JsonSchema for NameSchema {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "ApiKeyName".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "minLength": 1, "maxLength": ApiKey::MAX_NAME_LENGTH, "pattern": LINE_PATTERN,
        })
    }
}

/// The JSON schema of the scopes that a key can have.
pub(crate) struct ScopesSchema;

impl JsonSchema for ScopesSchema {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "ApiKeyScopes".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let grantable = Scope::ALL.into_iter().filter(|scope| ApiKey::is_grantable(*scope));
        let names: Vec<&str> = grantable.map(Scope::name).collect();
        json_schema!({
            "type": "array", "minItems": 1, "maxItems": Scopes::MAX_LISTED, "items": { "type": "string", "enum": names },
        })
    }
}

/// Parses the expiry of a key. Fails if it is not an instant.
pub(crate) fn parse_expiry(text: &str) -> Result<Timestamp, Error> {
    Timestamp::parse(text).map_err(|problem| Error::invalid("/expiresAt", "invalid_format", problem.detail()))
}
