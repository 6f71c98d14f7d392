//! Tests of `GET /health`.

use padron_testkit::TestApp;
use serde_json::{Value, json};

use crate::support::app;

#[tokio::test]
async fn it_answers_everyone_without_asking_the_database() {
    let app = app().await;
    app.recorded();
    let response = app.get("/health").send().await;
    assert_eq!(response.status, 200);
    assert_eq!(response.json()["status"], "ok");
    assert_eq!(response.header("cache-control"), "no-store");
    assert!(app.recorded().is_empty());
}

#[tokio::test]
async fn it_answers_whatever_token_comes_with_it() {
    let app = TestApp::start(padron_api::endpoints()).await;
    assert_eq!(app.get("/health").bearer("not-a-token").send().await.status, 200);
}

#[tokio::test]
async fn a_line_of_the_log_is_also_metrics() {
    for (variable, dimensions) in
        [("off", json!([["table"]])), ("on", json!([["table"], ["table", "function"]]))]
    {
        let app = TestApp::of(padron_api::endpoints()).variable("FUNCTION_METRICS", variable).build().await;
        assert_eq!(app.get("/health").send().await.status, 200);
        let line: Value = serde_json::from_str(&app.logged()[0]).unwrap();
        assert_eq!(line["_aws"]["Timestamp"], app.clock.now().millis());
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!((&directive["Namespace"], &directive["Dimensions"]), (&json!("Padron"), &dimensions));
        // What a metric or a dimension names is a member of the line.
        for metric in directive["Metrics"].as_array().unwrap() {
            assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{metric}");
        }
        for name in dimensions.as_array().unwrap().iter().flat_map(|names| names.as_array().unwrap()) {
            assert!(line[name.as_str().unwrap()].is_string(), "{name}");
        }
    }
}
