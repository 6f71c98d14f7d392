//! Tests of how the HTTP layer handles unusual and hostile events, and endpoints that panic or hang.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use padron_testkit::{TestApp, TestResponse};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    probes::PROBES,
    support::{ACME, app, owner},
};

async fn response(app: &TestApp, function: &str, event: &str) -> TestResponse {
    app.response(app.endpoint(function), event).await
}

#[tokio::test]
async fn whatever_an_event_holds_it_is_answered() {
    let app = app().await;
    let (_, good) = app.get(ACME).user(owner()).event();
    for event in [
        "",
        "{",
        "null",
        "[]",
        "7",
        "\"\"",
        "true",
        "{}",
        r#"{"headers":null,"pathParameters":null,"requestContext":null,"body":null,"rawPath":null}"#,
        r#"{"headers":{"authorization":null}}"#,
        r#"{"headers":{"authorization":7}}"#,
        r#"{"headers":{"authorization":["Bearer a.b.c"]}}"#,
        r#"{"headers":[]}"#,
        r#"{"requestContext":{"http":{"method":7}}}"#,
        r#"{"rawPath":"\u0000\ud800"}"#,
    ] {
        for endpoint in padron_api::endpoints() {
            let response = app.response(endpoint, event).await;
            assert!(response.status < 500, "{} {event}: {response:?}", endpoint.route.function);
            assert!(!response.header("x-request-id").is_empty());
        }
    }
    // Replaces each value of a valid event by a value of every JSON type.
    let mut pointers = Vec::new();
    collect("", &good, &mut pointers);
    assert!(pointers.len() > 15);
    for pointer in pointers {
        for odd in [
            json!(null),
            json!(0),
            json!(-1.5e300),
            json!(true),
            json!("\u{0}\u{202e}é"),
            json!([]),
            json!({}),
            json!([[{}]]),
        ] {
            let mut event = good.clone();
            *event.pointer_mut(&pointer).unwrap() = odd.clone();
            let response = response(&app, "get-organization", &event.to_string()).await;
            assert!(response.status < 500, "{pointer} = {odd}: {response:?}");
        }
    }
}

fn collect(pointer: &str, value: &Value, pointers: &mut Vec<String>) {
    if let Some(members) = value.as_object() {
        for (name, member) in members {
            let below = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
            pointers.push(below.clone());
            collect(&below, member, pointers);
        }
    }
}

#[tokio::test]
async fn hosts_and_uris_that_break_a_url_do_not_break_us() {
    let app = app().await;
    let (_, good) = app.get(ACME).user(owner()).event();
    let no_stage = json!({ "http": { "method": "GET" }, "requestId": "id" });
    for (pointer, value) in [
        ("/headers/host", json!("")),
        ("/headers/host", json!("a b")),
        ("/headers/host", json!("[::1")),
        ("/headers/host", json!("localhost:99999")),
        ("/headers/host", json!("exa\u{6d}ple.ñ:80\\evil")),
        ("/headers/x-forwarded-proto", json!("://")),
        ("/rawPath", json!("//evil.test/api")),
        ("/rawPath", json!("")),
        ("/rawPath", json!("no/slash and spaces")),
        ("/rawPath", json!("http://[::1/")),
        ("/requestContext/domainName", json!("\u{0}")),
        ("/requestContext", no_stage),
    ] {
        let mut event = good.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        event.pointer_mut(parent).unwrap()[name] = value.clone();
        let response = response(&app, "get-organization", &event.to_string()).await;
        assert_eq!(response.status, 200, "{pointer} = {value}: {}", response.text);
    }
}

#[tokio::test]
async fn header_names_have_no_case_and_several_values_are_one_list() {
    let app = app().await;
    let (_, mut event) = app.get(ACME).event();
    let token = format!("Bearer {}", app.token(owner()));
    for headers in [
        json!({ "Authorization": token }),
        json!({ "AUTHORIZATION": token }),
        json!({ "authorization": [token] }),
    ] {
        event["headers"] = headers.clone();
        assert_eq!(response(&app, "get-organization", &event.to_string()).await.status, 200, "{headers}");
    }
    for headers in [
        json!({ "authorization": [token, token] }),
        json!({ "authorization": token, "Authorization": "Bearer a.b.c" }),
        json!({ "authorization": format!("{token},{token}") }),
    ] {
        event["headers"] = headers.clone();
        let response = response(&app, "get-organization", &event.to_string()).await;
        assert_eq!(response.problem(), "401 invalid_token", "{headers}");
    }
    let tag = app.get(ACME).user(owner()).send().await.header("etag").to_owned();
    let unchanged =
        app.get(ACME).user(owner()).header("if-none-match", "\"a\"").header("if-none-match", &tag);
    assert_eq!(unchanged.send().await.status, 304);
}

#[tokio::test]
async fn cookies_are_none_of_our_business() {
    let app = app().await;
    let response = app.get(ACME).user(owner()).header("cookie", "a=b; c=\"d,e\"").send().await;
    assert_eq!(response.status, 200);
}

#[tokio::test]
async fn a_request_id_is_the_gateways_or_the_invocations() {
    let app = app().await;
    let (_, mut event) = app.get("/health").event();
    for (id, expected) in [
        (json!("JKJaXmPLvHcESHA="), "JKJaXmPLvHcESHA="),
        (json!(""), "invocation-id"),
        (json!("a\r\nset-cookie: b"), "invocation-id"),
        (json!("x".repeat(200)), "invocation-id"),
        (json!(null), "invocation-id"),
    ] {
        event["requestContext"]["requestId"] = id;
        assert_eq!(response(&app, "health", &event.to_string()).await.header("x-request-id"), expected);
    }
}

#[tokio::test]
async fn a_panic_is_answered_in_json_and_keeps_its_message_to_itself() {
    let app = TestApp::start(PROBES).await;
    let response = app.get("/panics").header("x-secret", "hunter2").send().await;
    assert_eq!(response.problem(), "500 internal_error");
    assert!(!response.text.contains("hunter2"));
    let logged = app.logged().join("");
    assert!(logged.contains("panicked") && !logged.contains("hunter2"), "{logged}");
    assert_eq!(app.get("/panics").send().await.status, 500, "and the next request is served");
}

#[tokio::test]
async fn what_never_ends_is_ended_at_the_deadline() {
    let mut app = TestApp::start(PROBES).await;
    app.time_limit = Duration::from_millis(300);
    let started = Instant::now();
    let response = app.get("/hangs").send().await;
    assert_eq!(response.problem(), "503 service_unavailable");
    assert!(started.elapsed() >= Duration::from_millis(300));
}

// Bodies

#[tokio::test]
async fn a_body_may_be_base64() {
    let app = TestApp::start(PROBES).await;
    let text = r#"{"text":"Ñandú"}"#;
    let (_, mut event) = app.call("POST", "/echo").json(&json!({})).event();
    event["body"] = json!(BASE64_STANDARD.encode(text));
    event["isBase64Encoded"] = json!(true);
    assert_eq!(response(&app, "echo", &event.to_string()).await.json()["text"], "Ñandú");
    for broken in ["%%%", "a", "eyJ0ZXh0Ijoi\n"] {
        event["body"] = json!(broken);
        assert_eq!(
            response(&app, "echo", &event.to_string()).await.problem(),
            "400 invalid_request",
            "{broken}"
        );
    }
    event["body"] = json!(BASE64_STANDARD.encode(b"\xff\xfe{}"));
    assert_eq!(response(&app, "echo", &event.to_string()).await.problem(), "400 invalid_request");
}

#[tokio::test]
async fn a_body_says_that_it_is_json() {
    let app = TestApp::start(PROBES).await;
    let send = |content_type: &'static str| {
        app.call("POST", "/echo").header("content-type", content_type).body(r#"{"text":"a"}"#).send()
    };
    for accepted in ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"] {
        assert_eq!(send(accepted).await.status, 200, "{accepted}");
    }
    for refused in
        ["", "text/plain", "application/x-www-form-urlencoded", "json", "application/jsonp", "text/json+json"]
    {
        assert_eq!(send(refused).await.problem(), "415 unsupported_media_type", "{refused}");
    }
    let unsaid = app.call("POST", "/echo").body(r#"{"text":"a"}"#).send().await;
    assert_eq!(unsaid.problem(), "415 unsupported_media_type");
}

#[tokio::test]
async fn a_body_has_a_largest_size_however_it_is_encoded() {
    let app = TestApp::start(PROBES).await;
    let of = |length: usize| format!(r#"{{"text":"{}"}}"#, "a".repeat(length - 11));
    let limit = 64 * 1024;
    let send = async |body: String, base64: bool| {
        let (_, mut event) = app.call("POST", "/echo").json(&json!({})).event();
        event["body"] = if base64 { json!(BASE64_STANDARD.encode(&body)) } else { json!(body) };
        event["isBase64Encoded"] = json!(base64);
        response(&app, "echo", &event.to_string()).await.status
    };
    for base64 in [false, true] {
        for length in [limit - 1, limit] {
            assert_eq!(send(of(length), base64).await, 200, "{length} {base64}");
        }
        for length in [limit + 1, limit + 2, limit + 3, 1024 * 1024] {
            assert_eq!(send(of(length), base64).await, 413, "{length} {base64}");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_body_is_said_with_its_place_and_without_its_values() {
    let app = TestApp::start(PROBES).await;
    let wrong = async |body: &str| {
        let send = app.call("POST", "/echo").header("content-type", "application/json").body(body);
        let response = send.send().await;
        assert_eq!(response.problem(), "400 invalid_request", "{body}");
        assert!(!response.text.contains("hunter2"), "{}", response.text);
        let error = &response.json()["errors"][0];
        format!("{} {}", error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap())
    };
    for (body, expected) in [
        ("", " malformed_json"),
        ("{", " malformed_json"),
        (r#"{"text":"hunter2"} x"#, " malformed_json"),
        (r#"{"text":"hunter2""#, " malformed_json"),
        ("[]", " invalid_type"),
        (r#" ["hunter2", []]"#, " invalid_type"),
        ("{}", " missing_field"),
        (r#"{"text":7}"#, "/text invalid_type"),
        (r#"{"text":null}"#, "/text invalid_type"),
        (r#"{"text":"a","extra":"hunter2"}"#, "/extra unknown_field"),
        (r#"{"text":"a","text":"b"}"#, "/text duplicate_field"),
        (
            r#"{"text":"a","tags":[{"named":{"name":"a","name":"hunter2"}}]}"#,
            "/tags/0/named/name duplicate_field",
        ),
        (r#"{"text":"a","tags":[1e400]}"#, "/tags/0 out_of_range"),
        (r#"{"text":"a","tags":["red","hunter2"]}"#, "/tags/1 unknown_value"),
        (r#"{"text":"a","tags":[{"named":{"name":{"hunter2":1}}}]}"#, "/tags/0/named/name invalid_type"),
        (r#"{"text":"a","a/b~c":1}"#, "/a~1b~0c unknown_field"),
    ] {
        assert_eq!(wrong(body).await, expected, "{body}");
    }
    let deep = format!(r#"{{"text":{}}}"#, "[".repeat(10_000));
    wrong(&deep).await;
    let query = app.call("POST", "/echo?x=1").json(&json!({ "text": "a" })).send().await;
    assert_eq!(query.problem(), "400 invalid_request");
}
