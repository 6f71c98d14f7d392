//! Tests that the API description and the code accept the same values in each field of a request body.

use std::collections::BTreeMap;

use jsonschema::Validator;
use padron_domain::trim;
use padron_local::{demo, description};
use padron_testkit::TestApp;
use serde_json::{Map, Value, json};

use crate::support::{ACME, app, owner, root};

/// Returns texts on both sides of the limits of fields.
fn texts() -> Vec<String> {
    let lengths = [0, 1, 2, 3, 24, 39, 40, 41, 79, 80, 81, 299, 300, 301, 500];
    let odd = [
        "a|b",
        "a\0b",
        "a\tb",
        "a\nb",
        "a\u{1b}b",
        "a\u{85}b",
        "a\u{202e}b",
        "a\u{2066}b",
        "a\u{200b}b",
        "a\u{a0}b",
        ".",
        "..",
        "...",
        "a/b",
        "a?b",
        "%41",
        "ñ",
        "名",
        "💥",
        "MEX",
        "mex",
        "MX",
        "mx",
        "Mexico",
        "private",
        "Person",
        "category1",
        "{}",
    ];
    let long = lengths.iter().map(|length| "x".repeat(*length));
    long.chain(odd.map(ToOwned::to_owned)).chain(["ñ".repeat(300), "ñ".repeat(301)]).collect()
}

/// A string field of a request body and its schema in the API description.
struct Field {
    pointer: String,
    validator: Validator,
    /// Whether the field accepts only an enumerated set of values.
    is_enumerated: bool,
}

/// Collects the string fields of a body at every depth.
fn text_fields(schema: &Value, document: &Value, pointer: &str, fields: &mut Vec<Field>) {
    let described = json!({ "allOf": [schema], "components": document["components"] });
    let schema = resolve(schema, document);
    let is_text = match &schema["type"] {
        Value::String(name) => name == "string",
        Value::Array(names) => names.iter().any(|name| name == "string"),
        _ => false,
    };
    if is_text {
        let is_enumerated = schema.get("enum").is_some();
        let validator = jsonschema::draft202012::options().build(&described).unwrap();
        fields.push(Field { pointer: pointer.to_owned(), validator, is_enumerated });
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        // `customer` is the same customer again, and read-only fields cannot be set.
        if name != "customer" && field["readOnly"] != true {
            text_fields(field, document, &format!("{pointer}/{name}"), fields);
        }
    }
}

/// Follows a `$ref`, including that of a nullable field, to the schema it refers to.
fn resolve<'d>(schema: &'d Value, document: &'d Value) -> &'d Value {
    if let Some(name) = schema["$ref"].as_str() {
        return resolve(document.pointer(&name[1..]).unwrap(), document);
    }
    match schema["anyOf"].as_array() {
        Some(alternatives) => match alternatives.iter().find(|one| one["type"] != "null") {
            Some(one) if one.get("$ref").is_some() => resolve(one, document),
            _ => schema,
        },
        None => schema,
    }
}

/// Returns a body with this value in each of the fields.
fn body_of<'f>(fields: impl IntoIterator<Item = &'f Field>, value: &Value) -> Value {
    let mut body = json!({});
    for Field { pointer, .. } in fields {
        let mut place = &mut body;
        for name in pointer.split('/').skip(1) {
            place = place.as_object_mut().unwrap().entry(name).or_insert(Value::Object(Map::new()));
        }
        *place = value.clone();
    }
    body
}

/// Returns the codes of the violations of a body, by pointer. The body is always invalid, so nothing is written.
async fn violation_codes(app: &TestApp, path: &str, mut body: Value) -> BTreeMap<String, String> {
    body["nobody knows this field"] = json!(1);
    let token = app.token(owner());
    let call = app.call("POST", path).bearer(&token).header("token", &token).header("tenantid", demo::ACME);
    let response = call.json(&body).send().await;
    assert_eq!(response.status, 400, "{response:?}");
    let errors = response.json()["errors"].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    errors.iter().map(|error| (text(&error["pointer"]), text(&error["code"]))).collect()
}

/// Returns the path and the fields of each route that creates customers.
fn routes() -> [(String, Vec<Field>); 3] {
    let document = padron_http::openapi::document(padron_api::endpoints());
    let acme = ("/organizations/{organizationId}/customers", format!("{ACME}/customers"));
    let others = ["/v2/customers", "/customer/create"].map(|path| (path, path.to_owned()));
    let [spirii, cyrexa] = others;
    [acme, spirii, cyrexa].map(|(route, path)| {
        let content = &document["paths"][route]["post"]["requestBody"]["content"];
        let mut fields = Vec::new();
        text_fields(&content["application/json"]["schema"], &document, "", &mut fields);
        assert!(fields.len() > 15, "{route} has {} fields", fields.len());
        (path, fields)
    })
}

/// Returns whether a field belongs to Timbrix's flat address, which excludes the nested one.
fn is_flat(pointer: &str) -> bool {
    pointer.starts_with("/address") && !pointer.starts_with("/address/")
}

/// The fields that business rules restrict beyond their schema.
const FIELDS_WITH_RULES: [&str; 16] = [
    "/addressCountry",
    "/addressZip",
    "/address/country",
    "/address/zip",
    "/billingDetails/invoiceEmail",
    "/billingDetails/vatNumber",
    "/billingDetails/zipCode",
    "/contactDetails/email",
    "/country",
    "/customerName",
    "/defaultInvoiceUse",
    "/email",
    "/person/email",
    "/taxId",
    "/taxSystem",
    "/type",
];

#[test]
fn every_ruled_field_is_one_of_the_fields() {
    let known: Vec<String> =
        routes().into_iter().flat_map(|(_, fields)| fields).map(|field| field.pointer).collect();
    for pointer in FIELDS_WITH_RULES {
        assert!(known.iter().any(|known| known == pointer), "{pointer} is no field any more: take it out");
    }
}

#[tokio::test]
async fn a_text_is_refused_exactly_where_the_description_calls_it_wrong() {
    let app = app().await;
    for (path, fields) in routes() {
        // If a body has two names of a field, the second one is not checked.
        let fields = fields.into_iter().filter(|field| field.pointer != "/person/fullName");
        let (flat, nested): (Vec<Field>, Vec<Field>) = fields.partition(|field| is_flat(&field.pointer));
        for fields in [nested, flat] {
            for text in texts() {
                let value = json!(text);
                // A value outside an enumeration is refused before the other fields are checked, so each enumerated field is sent alone.
                let free = fields.iter().filter(|field| !field.is_enumerated);
                let mut wrong = violation_codes(&app, &path, body_of(free, &value)).await;
                for field in fields.iter().filter(|field| field.is_enumerated) {
                    let alone = violation_codes(&app, &path, body_of([field], &value))
                        .await
                        .remove_entry(&field.pointer);
                    wrong.extend(alone);
                }
                for Field { pointer, validator, .. } in &fields {
                    let is_described = validator.is_valid(&json!(trim(&text)));
                    let refusal = wrong.get(pointer);
                    // A business rule may refuse a value that the description allows.
                    if !is_described || !FIELDS_WITH_RULES.contains(&pointer.as_str()) {
                        assert_eq!(refusal.is_none(), is_described, "{path} {pointer} {text:?}: {refusal:?}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_value_of_another_kind_is_refused_exactly_where_the_description_calls_it_wrong() {
    let app = app().await;
    for (path, fields) in routes() {
        for field in &fields {
            for value in [json!(null), json!(7), json!(true), json!([]), json!({}), json!(["x"])] {
                let wrong = violation_codes(&app, &path, body_of([field], &value)).await;
                let refusal = wrong.get(&field.pointer);
                let is_described = field.validator.is_valid(&value);
                if !is_described || !FIELDS_WITH_RULES.contains(&field.pointer.as_str()) {
                    assert_eq!(
                        refusal.is_none(),
                        is_described,
                        "{path} {} {value}: {refusal:?}",
                        field.pointer
                    );
                }
            }
        }
    }
}

/// Asserts that a value is what a schema of the description allows, unless it stands for a secret.
fn assert_example(document: &Value, schema: &Value, example: &Value, place: &str) {
    if example.to_string().contains("\"<") {
        return;
    }
    let schema = json!({ "allOf": [schema], "components": document["components"] });
    let validator = jsonschema::draft202012::options().build(&schema).unwrap();
    if let Err(error) = validator.validate(example) {
        panic!("the example of {place} is not what its schema allows: {error} in {example}");
    }
}

#[test]
fn every_operation_and_every_schema_has_an_example_that_is_right() {
    let document = description::document(&root()).unwrap();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let examples = schema["examples"].as_array();
        let examples = examples.unwrap_or_else(|| {
            panic!("{name} has no example: use it in a request of events/, or add `#[schemars(extend(\"examples\" = [..]))]`")
        });
        examples.iter().for_each(|example| assert_example(&document, schema, example, name));
    }
    for endpoint in padron_api::endpoints() {
        let Some(method) = endpoint.route.method else { continue };
        let operation = &document["paths"][endpoint.route.path][method.name().to_lowercase()];
        let function = endpoint.route.function;
        let contents = |body: &Value| -> Vec<Value> {
            body["content"].as_object().into_iter().flat_map(Map::values).cloned().collect()
        };
        for content in contents(&operation["requestBody"]) {
            if let Some(example) = content.get("example") {
                assert_example(&document, &content["schema"], example, &format!("the body of {function}"));
            }
        }
        let is_json = |body: &Value| body["content"].get("application/json").is_some();
        if is_json(&operation["requestBody"]) && operation["requestBody"]["required"] == true {
            let body = &operation["requestBody"]["content"]["application/json"];
            assert!(
                body.get("example").is_some(),
                "events/{function}.json has no body, which is the example"
            );
        }
        let responses = operation["responses"].as_object().unwrap();
        let successes = responses.keys().filter(|status| status.starts_with('2')).count();
        for (status, response) in responses {
            for content in contents(response) {
                // An endpoint with several successes has an example of one of them.
                let is_success = status.starts_with('2') && is_json(response) && successes == 1;
                assert!(
                    !is_success || content.get("example").is_some(),
                    "{function} has no example: run `make examples`"
                );
                if let Some(example) = content.get("example") {
                    assert_example(
                        &document,
                        &content["schema"],
                        example,
                        &format!("{status} of {function}"),
                    );
                }
            }
        }
        for parameter in operation["parameters"].as_array().unwrap() {
            if let Some(example) = parameter.get("example") {
                let place = format!("{} of {function}", parameter["name"]);
                assert_example(&document, &parameter["schema"], example, &place);
            }
            // A credential has no example.
            let is_sent = parameter["in"] == "path" || parameter["required"] == true;
            let has_example = parameter.get("example").is_some();
            let is_credential = ["token", "request"].iter().any(|name| parameter["name"] == *name);
            assert!(
                !is_sent || has_example || is_credential || function.starts_with("oauth-"),
                "{function} {parameter}"
            );
        }
    }
}
