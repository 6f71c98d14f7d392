//! What an endpoint takes, decoded and refused in one place.

use std::{borrow::Cow, fmt, marker::PhantomData};

use padron_domain::{Error, Failure, Violation};
use percent_encoding::percent_decode_str;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::error::Category;
use serde_path_to_error::Segment;

use crate::{
    event::Request,
    openapi::{Operation, Schemas},
};

/// What an endpoint takes beside its path.
pub trait Input: Sized + Send {
    /// How decoding can fail.
    const FAILURES: &'static [Failure];

    /// Decodes it.
    fn decode(request: &Request<'_>) -> Result<Self, Error>;

    /// Adds itself to the description of an operation.
    fn describe(operation: &mut Operation, schemas: &mut Schemas);
}

/// Nothing: a query parameter is refused, so that a misspelt one is noticed. A body without meaning is ignored (RFC 9110 §9.3.1).
#[derive(Debug)]
pub struct NoInput;

impl Input for NoInput {
    const FAILURES: &'static [Failure] = &[Failure::InvalidRequest];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        no_query(request)?;
        Ok(Self)
    }

    fn describe(_: &mut Operation, _: &mut Schemas) {}
}

/// Anything at all, unread: for the route that answers what no other route takes.
#[derive(Debug)]
pub struct AnyInput;

impl Input for AnyInput {
    const FAILURES: &'static [Failure] = &[];

    fn decode(_: &Request<'_>) -> Result<Self, Error> {
        Ok(Self)
    }

    fn describe(_: &mut Operation, _: &mut Schemas) {}
}

/// A JSON body, and no query.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// A JSON object. Serde would read a list as well, as the fields of a struct in their order.
#[derive(Debug)]
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

/// The largest body of JSON, in bytes.
const LARGEST_JSON: usize = 64 * 1024;

impl<T: DeserializeOwned + JsonSchema + Send> Input for Json<T> {
    const FAILURES: &'static [Failure] =
        &[Failure::UnsupportedMediaType, Failure::PayloadTooLarge, Failure::InvalidRequest];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        let body = json_body(request)?;
        let mut json = serde_json::Deserializer::from_slice(&body);
        let Object(value) = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let pointer = pointer(error.path());
            shape_violation(pointer, error.inner())
        })?;
        json.end().map_err(|error| shape_violation(String::new(), &error))?;
        Ok(Self(value))
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.body(&schemas.reference::<T>());
    }
}

/// What does not depend on the type of the body: compiled once.
fn json_body<'r>(request: &'r Request<'_>) -> Result<Cow<'r, [u8]>, Error> {
    let content_type = request.header("content-type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = media_type == "application/json"
        || media_type.strip_prefix("application/").is_some_and(|subtype| subtype.ends_with("+json"));
    if !is_json {
        return Err(Failure::UnsupportedMediaType.into());
    }
    let body = request.body(LARGEST_JSON)?;
    no_query(request)?;
    Ok(body)
}

/// Refuses every query parameter.
fn no_query(request: &Request<'_>) -> Result<(), Error> {
    let Some(first) = request.raw_query().split('&').find(|part| !part.is_empty()) else { return Ok(()) };
    let name = first.split('=').next().unwrap_or_default();
    Err(unknown_parameter(&percent_decode_str(name).decode_utf8().unwrap_or_default()))
}

/// A query parameter that a route does not take. Its name is shown back only where it looks like one: never a value put in its
/// place.
pub fn unknown_parameter(name: &str) -> Error {
    let is_name =
        !name.is_empty() && name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let pointer = if is_name { format!("/query/{name}") } else { "/query".into() };
    Error::invalid(pointer, "unknown_parameter", "This route takes no such query parameter.")
}

/// The place of an error as a JSON pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            // An enum's variant stands in JSON as a member's name.
            Segment::Map { key: name } | Segment::Enum { variant: name } => {
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Unknown => {}
        }
    }
    pointer
}

/// What is wrong with the shape of a body, without quoting it: serde's own messages can.
fn shape_violation(pointer: String, error: &serde_json::Error) -> Error {
    let message = error.to_string();
    let (code, detail) = match error.classify() {
        Category::Syntax | Category::Eof | Category::Io => ("malformed_json", "The body is not valid JSON."),
        Category::Data if message.starts_with("unknown field") => {
            ("unknown_field", "This field is not known.")
        }
        Category::Data if message.starts_with("missing field") => {
            ("missing_field", "A required field is missing.")
        }
        Category::Data if message.starts_with("duplicate field") => {
            ("duplicate_field", "This field is given twice.")
        }
        Category::Data if message.starts_with("unknown variant") => {
            ("unknown_value", "The value is not one of those allowed.")
        }
        Category::Data if message.starts_with("invalid type") => {
            ("invalid_type", "The value is of the wrong type.")
        }
        Category::Data => ("invalid_value", "The value is not allowed here."),
    };
    Error::violations_of(vec![Violation { pointer, code, detail: detail.into() }])
}
