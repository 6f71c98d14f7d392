//! Values that requests may omit and responses always include.

use std::borrow::Cow;

use padron_domain::Patch;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{
        self, Visitor,
        value::{Error, MapDeserializer},
    },
    forward_to_deserialize_any,
};

use crate::Object;

/// A value that is the default if a request omits it or sends `null`. Responses always include it.
///
/// Fields of this type need `#[serde(default)]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct NullAsDefault<T>(pub(crate) T);

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for NullAsDefault<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Option::deserialize(deserializer)?.unwrap_or_default()))
    }
}

/// The value is nullable in requests, but not in responses.
impl<T: JsonSchema> JsonSchema for NullAsDefault<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        if generator.contract().is_deserialize() {
            generator.subschema_for::<Option<T>>()
        } else {
            generator.subschema_for::<T>()
        }
    }
}

/// Returns the patches of the fields of an object. `null` in place of the object means `null` for each of its fields.
pub(crate) fn patch_fields<'de, T: Deserialize<'de> + Default>(patch: Patch<Object<T>>) -> T {
    match patch {
        Patch::Keep => T::default(),
        Patch::Clear => T::deserialize(NullFields).unwrap_or_default(),
        Patch::Set(Object(fields)) => fields,
    }
}

/// A deserializer for a struct whose fields are all `null`.
struct NullFields;

impl<'de> Deserializer<'de> for NullFields {
    type Error = Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_map(MapDeserializer::new(fields.iter().map(|name| (*name, ()))))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(de::Error::custom("not a struct"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq
        tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Fields {
        text: Patch<String>,
        number: Patch<u8>,
    }

    #[test]
    fn null_for_an_object_is_null_for_each_field() {
        let of = |patch: Patch<Object<Fields>>| patch_fields(patch);
        assert_eq!(of(Patch::Keep), Fields::default());
        assert_eq!(of(Patch::Clear), Fields { text: Patch::Clear, number: Patch::Clear });
        let set = || Fields { text: Patch::Set("x".into()), number: Patch::Keep };
        assert_eq!(of(Patch::Set(Object(set()))), set());
    }
}
