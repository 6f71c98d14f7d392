//! The size limits of a [`SizeLimited`](crate::Bounded) body, for checking requests and for the API description.

use padron_domain::Violation;
use schemars::{Schema, transform::transform_subschemas};
use serde_json::Value;

use crate::json::{is_metadata, member_pointer};

/// The maximum length of a string in a [`SizeLimited`](crate::Bounded) body, in characters.
const MAX_TEXT_LENGTH: usize = 300;
/// The maximum length of an array in a [`SizeLimited`](crate::Bounded) body.
const MAX_ITEMS: usize = 20;
/// The maximum number of violations that are reported before checking stops.
const MAX_VIOLATIONS: usize = 100;
/// The maximum length of the name of a member whose value is checked, in bytes.
const MAX_NAME_LENGTH: usize = 64;

/// The pattern of a string in a [`SizeLimited`](crate::Bounded) body, as a regular expression of ECMA-262.
const TEXT_PATTERN: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";

/// Adds the limits that [`check_size`] enforces to a schema, unless the schema has its own.
pub(crate) fn add_size_limits(schema: &mut Schema) {
    // A schema with `propertyNames` is that of metadata, which has limits of its own.
    if schema.get("propertyNames").is_some() {
        return;
    }
    let is = |kind: &str| match schema.get("type") {
        Some(Value::String(name)) => name == kind,
        Some(Value::Array(names)) => names.iter().any(|name| name == kind),
        _ => false,
    };
    let limits: &[(&str, Value)] = match (is("string") && schema.get("enum").is_none(), is("array")) {
        (true, _) => &[("maxLength", MAX_TEXT_LENGTH.into()), ("pattern", TEXT_PATTERN.into())],
        (_, true) => &[("maxItems", MAX_ITEMS.into())],
        _ => &[],
    };
    for (name, limit) in limits {
        if schema.get(*name).is_none() {
            schema.insert((*name).into(), limit.clone());
        }
    }
    transform_subschemas(&mut add_size_limits, schema);
}

/// Returns a violation for each string and array of a value that exceeds its limit, as [`SizeLimited`](crate::SizeLimited) has them.
pub fn size_violations(value: &Value) -> Vec<Violation> {
    let mut violations = Vec::new();
    check_size(value, "", &mut violations);
    violations
}

/// Adds a violation for each string and array of a value that exceeds its limit, and for each string with control characters.
pub(crate) fn check_size(value: &Value, pointer: &str, violations: &mut Vec<Violation>) {
    if violations.len() >= MAX_VIOLATIONS {
        return;
    }
    let mut refuse = |code, detail: &str| {
        violations.push(Violation { pointer: pointer.to_owned(), code, detail: detail.into() });
    };
    match value {
        Value::String(text) => {
            if text.chars().count() > MAX_TEXT_LENGTH {
                refuse("too_long", "At most 300 characters.");
            }
            if text.chars().any(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')) {
                refuse("invalid_character", "No control characters but tabs and line breaks.");
            }
        }
        Value::Array(items) => {
            if items.len() > MAX_ITEMS {
                return refuse("too_many", "At most 20 elements.");
            }
            for (index, item) in items.iter().enumerate() {
                check_size(item, &format!("{pointer}/{index}"), violations);
            }
        }
        Value::Object(members) if !is_metadata(pointer) => {
            // No field has such a long name. Deserialization reports the member as unknown.
            for (name, member) in members.iter().filter(|(name, _)| name.len() <= MAX_NAME_LENGTH) {
                check_size(member, &member_pointer(pointer, name), violations);
            }
        }
        _ => {}
    }
}
