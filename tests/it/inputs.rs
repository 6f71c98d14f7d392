//! Property tests of everything that reads what others send: each input is taken or refused, and never a failure of the server.
//!
//! Inputs that once failed are kept in `proptest-regressions/`, and sent again first. CSV and NDJSON are in `import_customers`, pictures in
//! `logos`, and DER in `certificate_documents`. `fuzz/` has targets for the same, to be run for longer.

use std::sync::OnceLock;

use padron_outbound::{Target, Targets};
use padron_testkit::{TestApp, TestResponse};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::{
    support::{ACME, app, owner, sample_request},
    wiring::sample_event,
};

/// Runs an asynchronous test on the app that all cases share.
fn on_app<T>(work: impl AsyncFnOnce(&'static TestApp) -> T) -> T {
    static SHARED: OnceLock<(Runtime, TestApp)> = OnceLock::new();
    let (runtime, app) = SHARED.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.unwrap();
        let app = runtime.block_on(app());
        (runtime, app)
    });
    runtime.block_on(work(app))
}

/// Sends a `GET` request of the owner with this query.
async fn list(app: &TestApp, path: &str, query: &str) -> TestResponse {
    app.call("GET", &format!("{ACME}/{path}?{query}")).user(owner()).send().await
}

/// Returns any JSON.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(".{0,8}", inner, 0..4)
                .prop_map(|members| members.into_iter().collect::<Value>()),
        ]
    })
}

/// The members of an event that a gateway fills in.
const MEMBERS: [&str; 9] = [
    "/headers",
    "/headers/authorization",
    "/pathParameters",
    "/pathParameters/organizationId",
    "/rawPath",
    "/rawQueryString",
    "/requestContext",
    "/requestContext/http",
    "/isBase64Encoded",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_an_event_or_refused(payload in "\\PC{0,200}", value in any_json()) {
        for payload in [payload, value.to_string()] {
            let status = on_app(async |app| app.respond(app.endpoint("health"), &payload).await["statusCode"].as_u64());
            prop_assert!(matches!(status, Some(200 | 400)), "{payload}: {status:?}");
        }
    }

    #[test]
    fn an_event_with_any_member_is_answered(at in 0..MEMBERS.len(), value in any_json(), text in ".{0,40}") {
        on_app(async |app| {
            for function in ["get-organization", "list-members"] {
                for value in [value.clone(), json!(text)] {
                    let endpoint = app.endpoint(function);
                    let mut event = sample_request(app, endpoint);
                    *event.pointer_mut(MEMBERS[at]).expect("a member") = value;
                    let response = app.respond(endpoint, &event.to_string()).await;
                    let status = response["statusCode"].as_u64();
                    assert!(status.is_some_and(|status| (200..500).contains(&status)), "{event}: {response}");
                }
            }
        });
    }

    #[test]
    fn no_text_in_authorization_is_a_credential(scheme in "(?i:bearer|basic|token|) ?", text in "[!-~ ]{0,80}") {
        let header = format!("{scheme}{text}");
        let response = on_app(async |app| app.call("GET", ACME).header("authorization", &header).send().await);
        prop_assert!(matches!(response.status, 400 | 401), "{header}: {response:?}");
    }

    #[test]
    fn a_damaged_token_is_none(at in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_-]") {
        let (token, damaged) = on_app(async |app| {
            let token = app.token(owner());
            let at = at.index(token.len());
            let damaged = format!("{}{letter}{}", &token[..at], &token[at + 1..]);
            (token, damaged)
        });
        let response = on_app(async |app| app.call("GET", ACME).bearer(&damaged).send().await);
        // The last letters of a base64 text have bits that count for nothing.
        let is_same = {
            let decoded = |token: &str| -> Vec<Vec<u8>> {
                use base64::{Engine as _, engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig}};
                let config = GeneralPurposeConfig::new()
                    .with_decode_allow_trailing_bits(true)
                    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
                let engine = GeneralPurpose::new(&base64::alphabet::URL_SAFE, config);
                token.split('.').map(|part| engine.decode(part).unwrap_or_default()).collect()
            };
            decoded(&token) == decoded(&damaged)
        };
        prop_assert!(response.status == 401 || is_same, "{damaged}: {response:?}");
    }

    #[test]
    fn no_text_is_a_cursor(cursor in "[A-Za-z0-9_-]{0,120}") {
        for path in ["members", "events", "customers", "customers/export", "export"] {
            let response = on_app(async |app| list(app, path, &format!("cursor={cursor}")).await);
            prop_assert_eq!(response.problem(), "400 invalid_request", "{} {}", path, cursor);
        }
    }

    #[test]
    fn a_cursor_of_another_list_or_a_damaged_one_is_none(at in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_-]") {
        on_app(async |app| {
            let page = list(app, "members", "limit=1").await;
            let next = page.next_page().expect("a next page");
            let cursor = next.split_once("cursor=").expect("a cursor").1.to_owned();
            assert_eq!(list(app, "members", &format!("limit=1&cursor={cursor}")).await.status, 200);
            assert_eq!(list(app, "invitations", &format!("limit=1&cursor={cursor}")).await.status, 400);
            let at = at.index(cursor.len() - 1);
            let damaged = format!("{}{letter}{}", &cursor[..at], &cursor[at + 1..]);
            if damaged != cursor {
                assert_eq!(list(app, "members", &format!("limit=1&cursor={damaged}")).await.status, 400);
            }
        });
    }

    #[test]
    fn any_query_is_read_or_refused(query in "[A-Za-z0-9=&%+._~!$'()*,;:@/?-]{0,80}", name in "(limit|offset|search|sortBy|types|customerIds|createdAtFrom)", value in ".{0,40}") {
        let encoded = percent_encoding::utf8_percent_encode(&value, percent_encoding::NON_ALPHANUMERIC);
        for query in [query, format!("{name}={encoded}")] {
            let response = on_app(async |app| list(app, "customers", &query).await);
            prop_assert!(matches!(response.status, 200 | 400), "{query}: {response:?}");
        }
    }

    #[test]
    fn any_form_is_read_or_refused(
        boundary in "[A-Za-z0-9]{1,20}",
        head in "[ -~\r\n]{0,80}",
        content in prop::collection::vec(any::<u8>(), 0..120),
        is_closed in any::<bool>(),
    ) {
        let end = if is_closed { format!("\r\n--{boundary}--\r\n") } else { String::new() };
        let begin = format!("--{boundary}\r\ncontent-disposition: form-data; name=\"file\"{head}\r\n\r\n");
        let body = [begin.as_bytes(), &content, end.as_bytes()].concat();
        for path in ["logo", "certificates"] {
            let media_type = format!("multipart/form-data; boundary={boundary}");
            let response = on_app(async |app| {
                let call = app.call("PUT", &format!("{ACME}/{path}")).user(owner());
                call.header("content-type", &media_type).body(body.clone()).send().await
            });
            prop_assert!(matches!(response.status, 400 | 413 | 415), "{response:?}");
        }
    }

    #[test]
    fn no_address_in_numbers_is_that_of_a_webhook(address: u32, form in 0..6, port in prop::option::of(any::<u16>())) {
        let [a, b, c, d] = address.to_be_bytes();
        let host = match form {
            0 => format!("{a}.{b}.{c}.{d}"),
            1 => address.to_string(),
            2 => format!("0x{address:x}"),
            3 => format!("0{a:o}.{b}.{}", u16::from_be_bytes([c, d])),
            4 => format!("[::ffff:{a}.{b}.{c}.{d}]"),
            _ => format!("[64:ff9b::{address:x}]"),
        };
        let port = port.map_or(String::new(), |port| format!(":{port}"));
        let url = format!("https://{host}{port}/hook");
        prop_assert!(Target::parse(&url, Targets::Public).is_err(), "{url}");
    }
}

#[test]
fn the_members_that_are_replaced_are_those_of_the_samples() {
    let endpoint = padron_api::endpoints().find(|endpoint| endpoint.route.function == "get-organization");
    let event = sample_event(endpoint.unwrap());
    for member in MEMBERS {
        assert!(event.pointer(member).is_some(), "{member}");
    }
}
