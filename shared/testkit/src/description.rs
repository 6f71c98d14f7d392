//! Checks of endpoints against the API's OpenAPI description.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jsonschema::Validator;
use padron_domain::trim;
use padron_http::{Registration, openapi};
use serde_json::{Value, json};

use crate::app::failure_code;

/// The OpenAPI description of one endpoint.
pub(crate) struct Description {
    /// The codes of the failures, by status; none for a success.
    codes: HashMap<String, Vec<Value>>,
    /// The schemas of the bodies of successful responses, by status.
    answers: HashMap<String, Validator>,
    /// The schema of the request body; `None` if the endpoint has no JSON body.
    body: Option<Validator>,
    /// Whether the body may be left out.
    body_is_optional: bool,
    /// The names and schemas of the query parameters.
    parameters: Vec<(String, Value)>,
}

/// The descriptions that were created so far. Creating one takes some milliseconds.
static KNOWN: Mutex<Option<HashMap<&'static str, Arc<Description>>>> = Mutex::new(None);

impl Description {
    /// Returns the description of an endpoint; `None` for the fallback endpoint.
    pub(crate) fn of(endpoint: &Registration) -> Option<Arc<Self>> {
        let method = endpoint.route.method?;
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_or_insert_default();
        let description = known.entry(endpoint.route.function).or_insert_with(|| {
            let document = openapi::document([endpoint]);
            let operation = &document["paths"][endpoint.route.path][method.name().to_lowercase()];
            Arc::new(Self::new(operation, &document["components"]))
        });
        Some(description.clone())
    }

    fn new(operation: &Value, components: &Value) -> Self {
        let responses = operation["responses"].as_object().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        let validator = |schema: &Value| {
            let schema = json!({ "allOf": [schema], "components": components });
            jsonschema::draft202012::options().build(&schema).expect("a schema")
        };
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let answers =
            operation["responses"].as_object().into_iter().flatten().filter_map(|(status, response)| {
                let schema = &response["content"]["application/json"]["schema"];
                (!schema.is_null()).then(|| (status.clone(), validator(schema)))
            });
        Self {
            answers: answers.collect(),
            codes: responses.map(|(status, response)| (status.clone(), codes(response))).collect(),
            body: (!body.is_null()).then(|| validator(body)),
            body_is_optional: operation["requestBody"]["required"] == false,
            parameters: parameters
                .filter(|parameter| parameter["in"] == "query")
                .map(|parameter| (text(&parameter["name"]), parameter["schema"].clone()))
                .collect(),
        }
    }

    /// Checks a response, and the request if the response is a success, against the description.
    ///
    /// # Panics
    ///
    /// Panics if the description does not allow the response, or does not allow the request.
    pub(crate) fn check(&self, endpoint: &Registration, event: &Value, response: &Value) {
        let function = endpoint.route.function;
        let status = response["statusCode"].to_string();
        let problem: Option<Value> =
            response["body"].as_str().and_then(|body| serde_json::from_str(body).ok());
        // API Gateway would not route this path here, so the response is not the endpoint's.
        if failure_code(response).as_deref() == Some("route_not_found") {
            return;
        }
        let codes = self.codes.get(&status);
        assert!(
            codes.is_some(),
            "{function} answers {status}, which its description does not have: {response}"
        );
        let written =
            problem.as_ref().and_then(|problem| problem["code"].as_str().or(problem["error"].as_str()));
        if let Some(code) = written.filter(|_| status.as_str() >= "400") {
            let described = codes.is_some_and(|codes| codes.iter().any(|known| known == code));
            assert!(described, "{function} answers {status} {code}, which its description does not have");
        }
        if !status.starts_with('2') {
            return;
        }
        if let (Some(validator), Some(response)) = (self.answers.get(&status), &problem)
            && let Err(error) = validator.validate(response)
        {
            panic!("{function} answers what its description calls wrong: {error} in {response}");
        }
        // The parts of a request can be wrong, each for itself.
        if status == "207" {
            return;
        }
        // A form is described by its parameters alone.
        let is_form = event["headers"]["content-type"] == "application/x-www-form-urlencoded";
        if let Some(validator) = self.body.as_ref().filter(|_| !is_form) {
            let body = sent_body(event);
            let is_left_out = self.body_is_optional && body.is_null();
            if let (false, Err(error)) = (is_left_out, validator.validate(&body)) {
                panic!("{function} takes a body that its description calls wrong: {error} in {body}");
            }
        }
        for (name, value) in sent_query(event) {
            let known = self.parameters.iter().find(|(known, _)| *known == name);
            let (_, schema) =
                known.unwrap_or_else(|| panic!("{function} takes {name}, which is not described"));
            let schema = if schema["type"] == "array" { &schema["items"] } else { schema };
            // Several values of one parameter may be separated by commas.
            let values: Vec<&str> = if matches!(&*name, "customerIds" | "types") {
                value.split(',').collect()
            } else {
                vec![&value]
            };
            for value in values {
                let value = if schema["type"] == "integer" {
                    trim(value).parse::<u64>().map_or_else(|_| json!(value), Into::into)
                } else {
                    json!(trim(value))
                };
                let validator = jsonschema::draft202012::new(schema).expect("a schema");
                assert!(
                    validator.is_valid(&value),
                    "{function} takes {name}={value}, which is described as {schema}"
                );
            }
        }
    }
}

/// Returns the codes of failures that the schemas of a response enumerate.
fn codes(response: &Value) -> Vec<Value> {
    let content = response["content"].as_object().into_iter().flatten();
    let narrowed = content.map(|(_, content)| &content["schema"]["allOf"][1]["properties"]);
    let lists = narrowed.flat_map(|fields| [&fields["code"]["enum"], &fields["error"]["enum"]]);
    lists.filter_map(Value::as_array).flatten().cloned().collect()
}

/// Returns the body of an event, with strings trimmed as the API trims them.
fn sent_body(event: &Value) -> Value {
    let body = event["body"].as_str().unwrap_or_default();
    let body = match event["isBase64Encoded"].as_bool() {
        Some(true) => BASE64_STANDARD.decode(body).unwrap_or_default(),
        _ => body.into(),
    };
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&body);
    let mut body: Value = serde_json::from_slice(body).unwrap_or_default();
    for (name, member) in body.as_object_mut().into_iter().flatten() {
        if name != "metadata" {
            trim_texts(member);
        }
    }
    body
}

fn trim_texts(value: &mut Value) {
    match value {
        Value::String(text) => *text = trim(text).to_owned(),
        Value::Array(items) => items.iter_mut().for_each(trim_texts),
        Value::Object(members) => members.values_mut().for_each(trim_texts),
        _ => {}
    }
}

/// Returns the query parameters of an event.
fn sent_query(event: &Value) -> Vec<(String, String)> {
    let query = event["rawQueryString"].as_str().unwrap_or_default();
    let parts = query.split('&').filter(|part| !part.is_empty());
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
    };
    parts
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}
