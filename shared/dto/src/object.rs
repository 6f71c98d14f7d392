//! Wrappers and schemas of JSON objects in requests.

use std::{borrow::Cow, fmt, marker::PhantomData};

use padron_domain::{LINE_PATTERN, MAX_ENTRIES, MAX_KEY_LENGTH, MAX_VALUE_LENGTH};
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Value, json};

/// The body of a request.
pub trait Body {
    /// The names of members that are accepted and dropped at any depth. They are neither stored nor hashed.
    const SECRETS: &'static [&'static str] = &[];
    /// The names of members that are required in a [`New`] body.
    const REQUIRED: &'static [&'static str] = &[];
    /// The name of a member that holds a whole body of the same type and replaces all other members; `None` if there is none.
    const ENVELOPE: Option<&'static str> = None;
}

/// A body that creates a record: the fields of an update, some of them required.
///
/// A missing required field is a violation and is reported together with all others. It is not an error of deserialization.
#[derive(Debug)]
pub struct New<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for New<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

impl<T: Body> Body for New<T> {
    const SECRETS: &'static [&'static str] = T::SECRETS;
}

impl<T: Body + JsonSchema> JsonSchema for New<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("New{}", T::schema_name()).into()
    }
    /// Returns the schema of an update without its read-only fields. Required fields are not `null` and not empty.
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = T::json_schema(generator);
        match T::ENVELOPE {
            None => schema.insert("required".into(), T::REQUIRED.into()),
            Some(name) => {
                let either = json!([{ "required": T::REQUIRED }, { "required": [name] }]);
                schema.insert("anyOf".into(), either)
            }
        };
        let Some(fields) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return schema };
        fields.retain(|_, field| field["readOnly"] != true);
        for (name, field) in fields {
            if T::REQUIRED.contains(&name.as_str()) {
                forbid_empty(field);
            }
        }
        schema
    }
}

/// Removes `null` and the empty string from the values that a field accepts.
fn forbid_empty(field: &mut Value) {
    let is_null = |value: &Value| *value == "null" || value["type"] == "null";
    for several in ["type", "anyOf"] {
        if let Some(alternatives) = field.get_mut(several).and_then(Value::as_array_mut) {
            alternatives.retain(|alternative| !is_null(alternative));
        }
    }
    if field["type"].as_array().is_some_and(|types| types.iter().any(|name| name == "string")) {
        field["minLength"] = 1.into();
    }
}

/// Adds the fields of the response `R` that a request cannot change to the schema of a body, as read-only.
///
/// A client that sends back what it read includes these fields, and they are accepted unchanged. All other fields are rejected. This
/// function is for `#[schemars(transform = …)]`.
pub fn read_back<R: JsonSchema>(schema: &mut Schema) {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut answered = settings.for_serialize().into_generator().root_schema_for::<R>();
    schema.insert("additionalProperties".into(), false.into());
    let fields = answered.get_mut("properties").and_then(Value::as_object_mut).map(std::mem::take);
    let Some(own) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (name, mut field) in fields.into_iter().flatten() {
        if let (Some(field), false) = (field.as_object_mut(), own.contains_key(&name)) {
            field.insert("readOnly".into(), true.into());
            own.insert(name, Value::Object(std::mem::take(field)));
        }
    }
}

/// The JSON schema of metadata: the key-value pairs that callers store with a record.
pub struct MetadataSchema;

impl JsonSchema for MetadataSchema {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Metadata".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "maxProperties": MAX_ENTRIES,
            "propertyNames": { "minLength": 1, "maxLength": MAX_KEY_LENGTH, "pattern": LINE_PATTERN },
            "additionalProperties": { "type": "string", "maxLength": MAX_VALUE_LENGTH },
        })
    }
}

/// A JSON object. Serde alone would also accept an array, with the fields of the struct in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Object<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
