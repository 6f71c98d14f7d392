//! The JSON schemas of the values in events.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::{
    CustomerId, CustomerNumber, DisabledReason, GrantRevocationReason, Id, OauthClientId, OauthGrantId, Plan,
    RevocationReason, Role, Scope, Scopes, Timestamp,
};

/// Implements [`JsonSchema`] with a schema that stands where the type is used.
macro_rules! inline_schema {
    ($($type:ty = $schema:expr;)*) => {$(
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    )*};
}

inline_schema! {
    Timestamp = json_schema!({ "type": "string", "format": "date-time" });
    Role = json_schema!({ "type": "string", "enum": Role::ALL });
    Plan = json_schema!({ "type": "string", "enum": Plan::ALL });
    RevocationReason = json_schema!({ "type": "string", "enum": RevocationReason::ALL });
    DisabledReason = json_schema!({ "type": "string", "enum": [DisabledReason::Failing, DisabledReason::Gone] });
    Scopes = json_schema!({ "type": "array", "items": { "type": "string", "enum": Scope::ALL.map(Scope::name) } });
    GrantRevocationReason = json_schema!({ "type": "string", "enum": GrantRevocationReason::ALL });
    OauthClientId = json_schema!({ "type": "string", "pattern": OauthClientId::PATTERN });
    OauthGrantId = json_schema!({ "type": "string", "pattern": OauthGrantId::PATTERN });
    CustomerId = json_schema!({ "type": "string" });
    CustomerNumber = json_schema!({ "type": "integer", "minimum": 0, "maximum": CustomerNumber::MAX });
}

impl<T> JsonSchema for Id<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Id".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "uuid" })
    }
}
