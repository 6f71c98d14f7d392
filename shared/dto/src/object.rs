//! Objects that are objects.

use std::{borrow::Cow, fmt, marker::PhantomData};

use padron_domain::{LINE_PATTERN, MAX_ENTRIES, MAX_KEY_LENGTH, MAX_VALUE_LENGTH};
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Value, json};

/// What a request sends.
pub trait Body {
    /// Names of members that are accepted and dropped, wherever they stand: they are not kept, nor is a hash of them.
    const SECRETS: &'static [&'static str] = &[];
    /// Names of members that a [`New`] one cannot do without.
    const REQUIRED: &'static [&'static str] = &[];
    /// The name of a member that holds a whole body of the same kind, if there is one: it stands for all others.
    const ENVELOPE: Option<&'static str> = None;
}

/// A body that something new is made from: the same fields as those of a change, some of them required. That one of these is missing
/// is a matter of rules, told with all else that is wrong.
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
    /// The fields of a change that can be written, without those that are only read; what is required is not empty.
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
                require_value(field);
            }
        }
        schema
    }
}

/// Takes `null` out of what a field may be, and the empty text.
fn require_value(field: &mut Value) {
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

/// Adds the fields of an answer that a request cannot change: a client that sends back what it read sends them too, and they are
/// accepted as they are. Any other field is refused. For `#[schemars(transform = …)]` of a body whose answer is an `R`.
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

/// What callers keep with a record, as the description has it.
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

/// A JSON object. Serde would read a list as well, as the fields of a struct in their order.
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
