//! What an endpoint takes, decoded and refused in one place.

use std::borrow::Cow;

use padron_domain::{Error, Failure, Timestamp, Violation, trim};
use padron_dto::{Body, Object};
use percent_encoding::percent_decode_str;
use schemars::{JsonSchema, Schema, transform::transform_subschemas};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, error::Category};
use serde_path_to_error::Segment;

use crate::{
    event::Request,
    json::{self, is_metadata, member_pointer},
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

    /// What of the body tells one request from another: all of it, unless there is something in it that must not even be hashed.
    fn fingerprint_input<'r>(request: &'r Request<'_>) -> Cow<'r, [u8]> {
        request.whole_body()
    }
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

/// The largest body of JSON, in bytes.
const LARGEST_JSON: usize = 64 * 1024;

impl<T: DeserializeOwned + JsonSchema + Send> Input for Json<T> {
    const FAILURES: &'static [Failure] =
        &[Failure::UnsupportedMediaType, Failure::PayloadTooLarge, Failure::InvalidRequest];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        from_value(json_body(request)?).map(Self)
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.body(&schemas.sent::<T>());
    }
}

/// A JSON body whose texts and lists are held to a size, wherever they stand in it. What is too large is not refused at once but
/// told with whatever else is wrong.
#[derive(Debug)]
pub struct Bounded<T> {
    /// What the body says.
    pub value: T,
    /// What is too large in it.
    pub violations: Vec<Violation>,
}

/// The longest text of a [`Bounded`] body, in characters.
const LONGEST_TEXT: usize = 300;
/// The longest list of a [`Bounded`] body.
const MOST_ITEMS: usize = 20;
/// So many findings are enough to say that a body is not what it should be.
const MOST_VIOLATIONS: usize = 100;
/// The longest name of a member that is looked at.
const LONGEST_NAME: usize = 64;

impl<T: Body + DeserializeOwned + JsonSchema + Send> Input for Bounded<T> {
    const FAILURES: &'static [Failure] = Json::<T>::FAILURES;

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        let body = json_body(request)?;
        let mut violations = Vec::new();
        check_size(&body, "", &mut violations);
        Ok(Self { value: from_value(body)?, violations })
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.body(&schemas.bounded::<T>());
    }

    fn fingerprint_input<'r>(request: &'r Request<'_>) -> Cow<'r, [u8]> {
        let body = request.whole_body();
        if T::SECRETS.is_empty() {
            return body;
        }
        // Of a body that is refused no answer is kept, so there is nothing to compare.
        let mut body = json::read(&body).unwrap_or_default();
        drop_members(&mut body, T::SECRETS);
        body.to_string().into_bytes().into()
    }
}

/// Takes the members of these names out of a value, wherever they stand.
fn drop_members(value: &mut Value, names: &[&str]) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !names.contains(&name.as_str()));
            members.values_mut().for_each(|member| drop_members(member, names));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| drop_members(item, names)),
        _ => {}
    }
}

/// The texts of a [`Bounded`] body, as a regular expression of ECMA-262.
const TEXT_PATTERN: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";

/// Describes what [`check_size`] holds to, wherever a schema does not say less.
pub(crate) fn describe_size(schema: &mut Schema) {
    // What callers keep with a record has bounds of its own.
    if schema.get("propertyNames").is_some() {
        return;
    }
    let is = |kind: &str| match schema.get("type") {
        Some(Value::String(name)) => name == kind,
        Some(Value::Array(names)) => names.iter().any(|name| name == kind),
        _ => false,
    };
    let limits: &[(&str, Value)] = match (is("string") && schema.get("enum").is_none(), is("array")) {
        (true, _) => &[("maxLength", LONGEST_TEXT.into()), ("pattern", TEXT_PATTERN.into())],
        (_, true) => &[("maxItems", MOST_ITEMS.into())],
        _ => &[],
    };
    for (name, limit) in limits {
        if schema.get(*name).is_none() {
            schema.insert((*name).into(), limit.clone());
        }
    }
    transform_subschemas(&mut describe_size, schema);
}

/// Adds what is too large in a value, and texts that are none.
fn check_size(value: &Value, pointer: &str, violations: &mut Vec<Violation>) {
    if violations.len() >= MOST_VIOLATIONS {
        return;
    }
    let mut refuse = |code, detail: &str| {
        violations.push(Violation { pointer: pointer.to_owned(), code, detail: detail.into() });
    };
    match value {
        Value::String(text) => {
            if text.chars().count() > LONGEST_TEXT {
                refuse("too_long", "At most 300 characters.");
            }
            if text.chars().any(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')) {
                refuse("invalid_character", "No control characters but tabs and line breaks.");
            }
        }
        Value::Array(items) => {
            if items.len() > MOST_ITEMS {
                return refuse("too_many", "At most 20 elements.");
            }
            for (index, item) in items.iter().enumerate() {
                check_size(item, &format!("{pointer}/{index}"), violations);
            }
        }
        Value::Object(members) if !is_metadata(pointer) => {
            // No field has so long a name: whoever takes the body says that it is unknown.
            for (name, member) in members.iter().filter(|(name, _)| name.len() <= LONGEST_NAME) {
                check_size(member, &member_pointer(pointer, name), violations);
            }
        }
        _ => {}
    }
}

/// What a whole record sent back by its client says beside the fields that can be changed: all of it is welcome as long as it says
/// what is so.
#[derive(Debug)]
pub struct ReadBack<'b> {
    /// The fields that were sent.
    pub sent: &'b Map<String, Value>,
    /// The pointer of the object that has them.
    pub within: &'b str,
    /// The record as it is answered.
    pub now: &'b Value,
    /// Names of fields that are left out of an answer where there is nothing to say.
    pub optional: &'b [&'b str],
}

impl ReadBack<'_> {
    /// Fields that the record does not have.
    pub fn unknown(&self) -> impl Iterator<Item = Violation> + '_ {
        let unknown = self.sent.keys().filter(|name| !self.is_known(name));
        unknown.map(|name| self.violation(name, "unknown_field", "This field is not known."))
    }

    /// Fields that are not as they were sent.
    pub fn changed(&self) -> impl Iterator<Item = Violation> + '_ {
        let known = self.sent.iter().filter(|(name, _)| self.is_known(name));
        let changed =
            known.filter(|(name, value)| !is_same(self.now.get(name).unwrap_or(&Value::Null), value));
        let detail = "This field cannot be changed here. Leave it out, or send it as it is.";
        changed.map(move |(name, _)| self.violation(name, "read_only", detail))
    }

    /// Returns whether the body is of an older version of the record: its time of change, under any of its names, is earlier.
    pub fn is_of_older_version(&self) -> bool {
        let instant = |value: Option<&Value>| Timestamp::parse(value?.as_str()?).ok();
        ["updatedAt", "updated_at"].into_iter().any(|name| {
            let sent = instant(self.sent.get(name));
            sent.is_some_and(|sent| instant(self.now.get(name)).is_some_and(|now| sent < now))
        })
    }

    fn violation(&self, name: &str, code: &'static str, detail: &str) -> Violation {
        Violation { pointer: member_pointer(self.within, name), code, detail: detail.into() }
    }

    fn is_known(&self, name: &str) -> bool {
        self.now.get(name).is_some() || self.optional.contains(&name)
    }
}

/// Whether two values say the same. Texts of a body are trimmed, and one that was stored may not be; an instant can be written in many
/// ways; and what is told of another record says which one that is, for its name may have changed meanwhile.
fn is_same(now: &Value, sent: &Value) -> bool {
    let instant = |value: &Value| value.as_str().and_then(|text| Timestamp::parse(text).ok());
    match (now.get("id"), sent.get("id"), instant(now)) {
        (Some(now), Some(sent), _) => now == sent,
        (_, _, Some(now)) => instant(sent) == Some(now),
        _ => now == sent || is_same_trimmed(now, sent),
    }
}

fn is_same_trimmed(now: &Value, sent: &Value) -> bool {
    match (now, sent) {
        (Value::String(now), Value::String(sent)) => trim(now) == sent,
        (Value::Array(now), Value::Array(sent)) => {
            now.len() == sent.len() && now.iter().zip(sent).all(|(now, sent)| is_same_trimmed(now, sent))
        }
        (Value::Object(now), Value::Object(sent)) => {
            now.len() == sent.len()
                && now.iter().all(|(name, now)| sent.get(name).is_some_and(|sent| is_same_trimmed(now, sent)))
        }
        _ => now == sent,
    }
}

/// Reads the body as JSON. What does not depend on its type is compiled once.
fn json_body(request: &Request<'_>) -> Result<Value, Error> {
    let content_type = request.header("content-type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = media_type == "application/json"
        || media_type.strip_prefix("application/").is_some_and(|subtype| subtype.ends_with("+json"));
    if !is_json {
        return Err(Failure::UnsupportedMediaType.into());
    }
    let encoding = request.header("content-encoding").unwrap_or_default();
    if !matches!(encoding.trim().to_ascii_lowercase().as_str(), "" | "identity") {
        let detail = "Send the body as it is, without compression.";
        return Err(Error::from(Failure::UnsupportedMediaType).at(
            "/headers/Content-Encoding",
            "unsupported_encoding",
            detail,
        ));
    }
    let body = request.body(LARGEST_JSON)?;
    no_query(request)?;
    json::read(&body)
}

/// Makes what an endpoint takes of a body.
fn from_value<T: DeserializeOwned>(body: Value) -> Result<T, Error> {
    let Object(value) = serde_path_to_error::deserialize(body)
        .map_err(|error| shape_violation(pointer(error.path()), error.inner()))?;
    Ok(value)
}

/// Refuses every query parameter.
fn no_query(request: &Request<'_>) -> Result<(), Error> {
    let Some(first) = request.raw_query().split('&').find(|part| !part.is_empty()) else { return Ok(()) };
    let name = first.split('=').next().unwrap_or_default();
    Err(unknown_parameter(&percent_decode_str(name).decode_utf8().unwrap_or_default()))
}

/// The longest name of a query parameter that is shown back.
const LONGEST_PARAMETER: usize = 40;

/// A query parameter that a route does not take. Its name is shown back where it looks like one, as it was sent: never a value
/// that was put in its place.
pub fn unknown_parameter(name: &str) -> Error {
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || "_-.[]$~/".contains(letter);
    let is_name = !name.is_empty() && name.len() <= LONGEST_PARAMETER && name.chars().all(is_of_name);
    let pointer = if is_name { member_pointer("/query", name) } else { "/query".into() };
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
                pointer = member_pointer(&pointer, name);
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
