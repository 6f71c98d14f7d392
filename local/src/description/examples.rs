//! Examples of parameters, bodies and schemas.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Sample, content};

/// The response to a sample request, without what is different each time.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The header `Location`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The media type of the body; `None` if there is no body, or one that people do not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The body: what JSON represents, or a text.
    #[serde(skip_serializing_if = "Value::is_null", default)]
    pub body: Value,
}

/// Adds the values of a sample to the description of its operation.
pub(super) fn add(operation: &mut Value, sample: &Sample) {
    let request = &sample.request;
    for parameter in operation["parameters"].as_array_mut().into_iter().flatten() {
        if let Some(example) = parameter_example(parameter, request) {
            parameter["example"] = example;
        }
    }
    let sent_type = request["headers"]["content-type"].as_str().unwrap_or_default();
    let sent_type = sent_type.split(';').next().unwrap_or_default();
    if let Some(content) = content(operation.get_mut("requestBody"), sent_type)
        && let Some(body) = sent_body(sent_type, request)
    {
        content["example"] = body;
    }
    let Answer { status, media_type, body, .. } = &sample.answer;
    let response = operation["responses"].get_mut(status.to_string());
    if let Some(media_type) = media_type
        && let Some(content) = content(response, media_type)
    {
        content["example"] = body.clone();
    }
}

/// Returns the value that a parameter has in a request; `None` if it has none, or one that stands for a credential.
fn parameter_example(parameter: &Value, request: &Value) -> Option<Value> {
    let name = parameter["name"].as_str()?;
    let text = match parameter["in"].as_str()? {
        "path" => request["pathParameters"][name].as_str()?.to_owned(),
        "header" => request["headers"][name.to_ascii_lowercase()].as_str()?.to_owned(),
        _ => {
            let query = request["rawQueryString"].as_str()?;
            let mut parameters = form_urlencoded::parse(query.as_bytes());
            parameters.find(|(known, _)| known == name)?.1.into_owned()
        }
    };
    if text.contains("<your_") {
        return None;
    }
    let schema = &parameter["schema"];
    Some(match schema["type"].as_str() {
        Some("integer") => json!(text.parse::<i64>().ok()?),
        Some("boolean") => json!(text.parse::<bool>().ok()?),
        Some("array") => text.split(',').collect(),
        _ => json!(text),
    })
}

/// Returns the body of a request as the description has it; `None` if people do not read it.
fn sent_body(media_type: &str, request: &Value) -> Option<Value> {
    let body = request["body"].as_str().filter(|_| request["isBase64Encoded"] != true)?;
    match media_type {
        "application/json" => serde_json::from_str(body).ok(),
        "application/x-www-form-urlencoded" => {
            let form = form_urlencoded::parse(body.as_bytes()).into_owned();
            let form: Map<String, Value> = form.map(|(name, value)| (name, value.into())).collect();
            Some(Value::Object(form))
        }
        _ => Some(body.into()),
    }
}

/// Adds to each schema that operations share the first of its values in the examples of operations.
pub(super) fn add_to_schemas(document: &mut Value) {
    let mut found = BTreeMap::new();
    let schemas = document["components"]["schemas"].clone();
    for operation in document["paths"].as_object().into_iter().flat_map(Map::values).flat_map(operations) {
        let bodies = operation["responses"].as_object().into_iter().flat_map(Map::values);
        for body in std::iter::once(&operation["requestBody"]).chain(bodies) {
            for content in body["content"].as_object().into_iter().flat_map(Map::values) {
                let values = content["examples"].as_object().into_iter().flat_map(Map::values);
                let values = values.filter_map(|example| value_of(document, example));
                for value in content.get("example").into_iter().chain(values) {
                    collect(&schemas, &content["schema"], value, &mut found);
                }
            }
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object_mut().into_iter().flatten() {
        let example = found.remove(name).or_else(|| first_choice(schema));
        if let Some(example) = example.filter(|_| schema.get("examples").is_none()) {
            schema["examples"] = json!([example]);
        }
    }
}

/// Returns the first value of an enumeration.
fn first_choice(schema: &Value) -> Option<Value> {
    let choices = ["oneOf", "anyOf"].into_iter().filter_map(|kind| schema[kind].as_array()).flatten();
    let constants = choices.filter_map(|choice| choice.get("const"));
    schema["enum"].as_array().and_then(|values| values.first()).into_iter().chain(constants).next().cloned()
}

/// Returns the operations of a path.
fn operations(path: &Value) -> impl Iterator<Item = &Value> {
    path.as_object().into_iter().flat_map(Map::values)
}

/// Returns the value of an example, which may be a reference.
fn value_of<'d>(document: &'d Value, example: &'d Value) -> Option<&'d Value> {
    match example["$ref"].as_str() {
        Some(reference) => document.pointer(reference.strip_prefix('#')?)?.get("value"),
        None => example.get("value"),
    }
}

/// Collects the values of the schemas that a schema refers to, at every depth.
fn collect(schemas: &Value, schema: &Value, value: &Value, found: &mut BTreeMap<String, Value>) {
    if value.is_null() {
        return;
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        let more = |known: &Value| size(known) < size(value);
        if found.get(name).is_none_or(more) {
            found.insert(name.to_owned(), value.clone());
        }
        collect(schemas, &schemas[name], value, found);
    }
    for kind in ["allOf", "anyOf", "oneOf"] {
        for alternative in schema[kind].as_array().into_iter().flatten() {
            if kind == "allOf" || is_of(schemas, alternative, value) {
                collect(schemas, alternative, value, found);
            }
        }
    }
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        collect(schemas, schema, &value[name], found);
    }
    for value in value.as_array().into_iter().flatten() {
        collect(schemas, &schema["items"], value, found);
    }
}

/// Returns the number of members that a value has, by which the fullest example is chosen.
fn size(value: &Value) -> usize {
    match value {
        Value::Object(members) => members.values().filter(|member| !member.is_null()).count(),
        Value::Array(items) => items.len(),
        _ => 0,
    }
}

/// Returns whether a value is one of a schema among alternatives, which differ in their types or in the names of their members.
fn is_of(schemas: &Value, schema: &Value, value: &Value) -> bool {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return is_of(schemas, &schemas[name], value);
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let has = |name: &Value| name.as_str().is_some_and(|name| value.get(name).is_some());
    schema["type"] == kind && schema["required"].as_array().into_iter().flatten().all(has)
}
