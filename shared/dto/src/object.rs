//! Objects that are objects.

use std::{borrow::Cow, fmt, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

/// What a request sends.
pub trait Body {
    /// Names of members that are accepted and dropped, wherever they stand: they are not kept, nor is a hash of them.
    const SECRETS: &'static [&'static str] = &[];
    /// Names of members that a [`New`] one cannot do without.
    const REQUIRED: &'static [&'static str] = &[];
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
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let fields = generator.subschema_for::<T>();
        json_schema!({ "allOf": [fields, { "required": T::REQUIRED }] })
    }
}

/// A JSON object. Serde would read a list as well, as the fields of a struct in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
