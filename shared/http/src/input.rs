//! The input of endpoints: body, query and path parameters.

use std::{borrow::Cow, sync::OnceLock};

use padron_domain::{Error, Failure, FailureClass, Violation};
use padron_dto::Object;
use percent_encoding::percent_decode_str;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Value, error::Category};
use serde_path_to_error::Segment;

use crate::{
    describe::{Operation, Schemas},
    event::{PAYLOAD_TOO_LARGE, Request},
    json::{self, member_pointer},
    parameter::{PathParameter, PathParameterDescription},
};

/// The failure of a request whose body has a media type that the route does not accept.
pub const UNSUPPORTED_MEDIA_TYPE: Failure = Failure::new(
    FailureClass::UnsupportedType,
    "unsupported_media_type",
    "This route takes another media type, or the Content-Type is missing",
);

/// The input of an endpoint: a body, a query, or path parameters that its access check does not read.
pub trait Input: Sized + Send + Sync {
    /// The failures of decoding.
    const FAILURES: &'static [Failure];
    /// The path parameters that are part of the input.
    const PATH: &'static [PathParameterDescription] = &[];

    /// Decodes the input of a request.
    fn decode(request: &Request<'_>) -> Result<Self, Error>;

    /// Adds the input to the description of an operation.
    fn describe(operation: &mut Operation, schemas: &mut Schemas);

    /// Returns the bytes that are hashed to compare two requests with the same idempotency key.
    ///
    /// These are the whole body, unless it contains secrets that must not even be hashed.
    fn fingerprint_input<'r>(request: &'r Request<'_>) -> Cow<'r, [u8]> {
        request.body_without_limit()
    }
}

/// The input of a request, decoded when it is first needed.
#[derive(Debug)]
pub struct LazyInput<'r, I> {
    request: &'r Request<'r>,
    decode: fn(&Request<'_>) -> Result<I, Error>,
    decoded: OnceLock<Result<I, Error>>,
}

impl<'r, I> LazyInput<'r, I> {
    pub(crate) fn new(request: &'r Request<'r>) -> Self
    where
        I: Input,
    {
        Self { request, decode: I::decode, decoded: OnceLock::new() }
    }

    /// Returns the input; `None` if it is invalid, which is reported once the caller is admitted.
    pub fn get(&self) -> Option<&I> {
        self.decoded.get_or_init(|| (self.decode)(self.request)).as_ref().ok()
    }

    /// Returns the input by value. Fails if it is invalid.
    pub(crate) fn into_result(self) -> Result<I, Error> {
        let Self { request, decode, decoded } = self;
        decoded.into_inner().unwrap_or_else(|| decode(request))
    }
}

impl LazyInput<'_, ()> {
    /// Returns an input that there is not, for access checks that need none.
    pub fn none<'a>(request: &'a Request<'a>) -> LazyInput<'a, ()> {
        LazyInput { request, decode: |_| Ok(()), decoded: OnceLock::from(Ok(())) }
    }
}

/// No input. A query parameter is rejected, so that a misspelt one is noticed. A body has no meaning and is ignored (RFC 9110 §9.3.1).
#[derive(Debug)]
pub struct NoInput;

impl Input for NoInput {
    const FAILURES: &'static [Failure] = &[Failure::INVALID_REQUEST];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        no_query(request)?;
        Ok(Self)
    }

    fn describe(_: &mut Operation, _: &mut Schemas) {}
}

/// A path parameter, and no other input.
#[derive(Debug)]
pub struct InPath<P>(pub P);

impl<P: PathParameter + Send + Sync> Input for InPath<P> {
    const FAILURES: &'static [Failure] = NoInput::FAILURES;
    const PATH: &'static [PathParameterDescription] = &[PathParameterDescription::of::<P>()];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        no_query(request)?;
        request.parameter().map(Self)
    }

    fn describe(_: &mut Operation, _: &mut Schemas) {}
}

/// Two path parameters, and no other input.
#[derive(Debug)]
pub struct TwoInPath<A, B>(pub A, pub B);

impl<A: PathParameter + Send + Sync, B: PathParameter + Send + Sync> Input for TwoInPath<A, B> {
    const FAILURES: &'static [Failure] = NoInput::FAILURES;
    const PATH: &'static [PathParameterDescription] =
        &[PathParameterDescription::of::<A>(), PathParameterDescription::of::<B>()];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        no_query(request)?;
        Ok(Self(request.parameter()?, request.parameter()?))
    }

    fn describe(_: &mut Operation, _: &mut Schemas) {}
}

/// Any input, which is not read, for the fallback route.
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

/// The maximum size of a JSON body, in bytes.
const MAX_JSON_SIZE: usize = 64 * 1024;

impl<T: DeserializeOwned + JsonSchema + Send + Sync> Input for Json<T> {
    const FAILURES: &'static [Failure] =
        &[UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE, Failure::INVALID_REQUEST];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        decode_json(&json_bytes(request, MAX_JSON_SIZE)?).map(Self)
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.body(&schemas.request::<T>());
    }
}

/// A JSON body that may be left out, and no query.
#[derive(Debug)]
pub struct OptionalJson<T>(pub T);

impl<T: DeserializeOwned + Default + JsonSchema + Send + Sync> Input for OptionalJson<T> {
    const FAILURES: &'static [Failure] = Json::<T>::FAILURES;

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        if request.body(MAX_JSON_SIZE)?.trim_ascii().is_empty() {
            no_query(request)?;
            return Ok(Self(T::default()));
        }
        Json::decode(request).map(|Json(body)| Self(body))
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.body(&schemas.request::<T>());
        operation.body_is_optional();
    }
}

/// Reads the body as JSON of at most 64 KB. This part does not depend on the body's type, so that it is compiled once.
///
/// Fails if the media type is not JSON, the body is compressed, too large or malformed, or the request has a query.
pub(crate) fn json_body(request: &Request<'_>) -> Result<Value, Error> {
    json::read(&json_bytes(request, MAX_JSON_SIZE)?)
}

/// Deserializes a JSON body. Fails with a violation that points to the invalid value.
pub fn decode_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    from_value(json::read(body)?)
}

/// Returns the bytes of a JSON body, which is not yet read.
///
/// Fails if the media type is not JSON, the body is compressed or longer than `limit` bytes, or the request has a query.
pub fn json_bytes<'r>(request: &'r Request<'_>, limit: usize) -> Result<Cow<'r, [u8]>, Error> {
    if !request.has_json() {
        let detail = "Send the body as application/json, and say so in Content-Type.";
        return Err(unsupported(detail));
    }
    no_encoding(request)?;
    let body = request.body(limit)?;
    no_query(request)?;
    Ok(body)
}

/// Returns the error of a body whose media type the route does not take. `detail` names those that it takes.
pub fn unsupported(detail: &str) -> Error {
    Error::from(UNSUPPORTED_MEDIA_TYPE).with_violation(
        "/headers/Content-Type",
        "unsupported_media_type",
        detail,
    )
}

/// Fails if the body is compressed.
pub fn no_encoding(request: &Request<'_>) -> Result<(), Error> {
    let encoding = request.header("content-encoding").unwrap_or_default();
    if !matches!(encoding.trim().to_ascii_lowercase().as_str(), "" | "identity") {
        let detail = "Send the body as it is, without compression.";
        return Err(Error::from(UNSUPPORTED_MEDIA_TYPE).with_violation(
            "/headers/Content-Encoding",
            "unsupported_encoding",
            detail,
        ));
    }
    Ok(())
}

/// Deserializes a JSON value. Fails with a violation that points to the invalid value.
pub fn from_value<T: DeserializeOwned>(body: Value) -> Result<T, Error> {
    let Object(value) = shaped(body)?;
    Ok(value)
}

/// Deserializes a JSON array. Fails with a violation that points to the invalid value.
pub fn decode_json_array<T: DeserializeOwned>(body: &[u8]) -> Result<Vec<T>, Error> {
    let items: Vec<Object<T>> = shaped(json::read(body)?)?;
    Ok(items.into_iter().map(|Object(item)| item).collect())
}

fn shaped<T: DeserializeOwned>(body: Value) -> Result<T, Error> {
    serde_path_to_error::deserialize(body)
        .map_err(|error| shape_violation(pointer(error.path()), error.inner()))
}

/// Fails if the request has a query parameter.
pub(crate) fn no_query(request: &Request<'_>) -> Result<(), Error> {
    let Some(first) = request.raw_query().split('&').find(|part| !part.is_empty()) else { return Ok(()) };
    let name = first.split('=').next().unwrap_or_default();
    Err(unknown_parameter(&percent_decode_str(name).decode_utf8().unwrap_or_default()))
}

/// The maximum length of a query parameter's name that is repeated in an error, in bytes.
const MAX_PARAMETER_LENGTH: usize = 40;

/// Returns the error of a query parameter that a route does not accept.
///
/// The error repeats the name as it was sent if it looks like a name, so that a value in the place of a name is never repeated.
pub fn unknown_parameter(name: &str) -> Error {
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || "_-.[]$~/".contains(letter);
    let is_name = !name.is_empty() && name.len() <= MAX_PARAMETER_LENGTH && name.chars().all(is_of_name);
    let pointer = if is_name { member_pointer("/query", name) } else { "/query".into() };
    Error::invalid(pointer, "unknown_parameter", "This route takes no such query parameter.")
}

/// Returns the JSON pointer to the location of an error (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            // An enum's variant is a member's name in JSON.
            Segment::Map { key: name } | Segment::Enum { variant: name } => {
                pointer = member_pointer(&pointer, name);
            }
            Segment::Unknown => {}
        }
    }
    pointer
}

/// Returns the error of a body with the wrong shape. It does not contain serde's messages, because they can quote the body.
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
        Category::Data if message.starts_with("unknown variant") => {
            ("unknown_value", "The value is not one of those allowed.")
        }
        Category::Data if message.starts_with("invalid type") => {
            ("invalid_type", "The value is of the wrong type.")
        }
        Category::Data => ("invalid_value", "The value is not allowed here."),
    };
    Error::from_violations(vec![Violation { pointer, code, detail: detail.into() }])
}
