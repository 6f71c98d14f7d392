//! JSON bodies whose strings and arrays have size limits.

use std::borrow::Cow;

use padron_domain::{Error, Failure, Violation};
use padron_dto::Body;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    describe::{Operation, Schemas},
    event::Request,
    input::{Input, Json, from_value, json_body},
    json,
    size::check_size,
};

/// A JSON body whose strings and arrays have size limits, at any depth.
///
/// A body that exceeds them is not rejected at once. Its violations are reported together with those that the endpoint finds.
#[derive(Debug)]
pub struct SizeLimited<T> {
    /// The deserialized body.
    pub value: T,
    /// The violations of the size limits.
    pub violations: Vec<Violation>,
}

impl<T: Body + DeserializeOwned + JsonSchema + Send + Sync> Input for SizeLimited<T> {
    const FAILURES: &'static [Failure] = Json::<T>::FAILURES;

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        let body = json_body(request)?;
        let mut violations = Vec::new();
        check_size(&body, "", &mut violations);
        Ok(Self { value: from_value(body)?, violations })
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.body(&schemas.bounded_request::<T>());
    }

    fn fingerprint_input<'r>(request: &'r Request<'_>) -> Cow<'r, [u8]> {
        let body = request.body_without_limit();
        if T::SECRETS.is_empty() {
            return body;
        }
        // The response to an invalid body is not recorded, so there is nothing to compare.
        let mut body = json::read(&body).unwrap_or_default();
        remove_members(&mut body, T::SECRETS);
        body.to_string().into_bytes().into()
    }
}

/// Returns a body without the members that are neither stored nor hashed.
pub fn without_secrets<T: Body>(body: &Value) -> Value {
    let mut body = body.clone();
    remove_members(&mut body, T::SECRETS);
    body
}

/// Removes the members with these names from a value, at any depth.
fn remove_members(value: &mut Value, names: &[&str]) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !names.contains(&name.as_str()));
            members.values_mut().for_each(|member| remove_members(member, names));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| remove_members(item, names)),
        _ => {}
    }
}
