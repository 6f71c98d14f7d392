//! Tests of the catalogue of event types.

use std::collections::BTreeMap;

use padron_domain::EventData;
use padron_testkit::TestApp;
use serde_json::Value;

const PATH: &str = "/webhooks/event-types";

#[tokio::test]
async fn every_type_has_a_text_a_schema_and_an_example_that_matches_it() {
    let app = TestApp::start(padron_api::endpoints()).await;
    let response = app.get(PATH).send().await;
    assert_eq!(response.status, 200, "{response:?}");
    let all = response.json();
    let all = all.as_array().unwrap();
    let names: Vec<&str> = all.iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, EventData::TYPES);
    for one in all {
        let name = &one["name"];
        assert!(one["description"].as_str().unwrap().ends_with('.'), "{one}");
        assert_eq!(&one["example"]["type"], name);
        let schema = jsonschema::validator_for(&one["schema"]).unwrap();
        assert!(schema.is_valid(&one["example"]), "{name}: {:?}", schema.iter_errors(&one["example"]).next());
        let mut other = one["example"].clone();
        other["data"] = Value::Null;
        assert!(!schema.is_valid(&other), "{name}");
        // Every field is described, and the example shows every field.
        let described = &one["schema"]["properties"]["data"]["properties"];
        let fields = |value: &Value| -> Vec<String> {
            value.as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
        };
        assert_eq!(fields(described), fields(&one["example"]["data"]), "{name}");
        for (field, schema) in described.as_object().into_iter().flatten() {
            assert!(schema["description"].is_string(), "{name}: {field}");
        }
    }
    // The examples differ, so that none was copied and forgotten.
    let texts: BTreeMap<String, ()> = all.iter().map(|one| (one["example"].to_string(), ())).collect();
    assert_eq!(texts.len(), all.len());
}

#[tokio::test]
async fn the_catalogue_is_public_and_cached() {
    let app = TestApp::start(padron_api::endpoints()).await;
    let response = app.get(PATH).send().await;
    assert_eq!(response.header("cache-control"), "public, max-age=3600");
    let again = app.get(PATH).header("if-none-match", response.header("etag")).send().await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    assert_eq!(again.header("cache-control"), "public, max-age=3600");
    assert!(app.recorded().is_empty(), "the table is not read");
}
