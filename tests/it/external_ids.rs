//! Tests that every stored external id can be requested in the path or in the query.

use padron_http::Registration;
use padron_local::demo;
use padron_testkit::{TestApp, TestResponse};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::support::{ACME, app, cost, member, owner, pairs, with_demo_data, wrong};

/// External ids, each with whether a path can contain it. Behind API Gateway an escaped slash starts another segment, and an escaped
/// question mark ends the path.
const IDS: [(&str, bool); 24] = [
    ("plain", true),
    ("a b", true),
    ("a+b", true),
    ("a#b", true),
    ("100%", true),
    ("100%25", true),
    ("a%2Fb", true),
    ("ñ", true),
    ("n\u{303}", true),
    ("名前", true),
    ("💥", true),
    ("a;b=c", true),
    ("a&b=c", true),
    ("\"q\"", true),
    ("'q'", true),
    ("<b>", true),
    ("a\\b", true),
    ("a,b", true),
    ("[x]", true),
    ("...", true),
    (".a", true),
    ("a/b", false),
    ("a?b", false),
    ("//", false),
];

fn encoded(id: &str) -> String {
    utf8_percent_encode(id, NON_ALPHANUMERIC).to_string()
}

async fn create(app: &TestApp, id: &str) -> TestResponse {
    let body = json!({ "legalName": "Named", "address": { "country": "USA" }, "externalId": id });
    app.call("POST", &format!("{ACME}/customers")).user(member()).json(&body).send().await
}

async fn created(app: &TestApp, id: &str) -> Value {
    let response = create(app, id).await;
    assert_eq!(response.status, 201, "{id}: {}", response.text);
    response.json()
}

#[tokio::test]
async fn what_is_stored_can_be_asked_for() {
    let app = app().await;
    let token = app.token(owner());
    for (id, is_of_path) in IDS {
        let customer = created(&app, id).await;
        assert_eq!(customer["externalId"], id);
        let path = format!("{ACME}/customers/external/{}", encoded(id));
        let found = app.get(&path).user(member()).send().await;
        let status = found.status;
        if is_of_path {
            assert_eq!((status, &found.json()["id"]), (200, &customer["id"]), "{id}");
        } else {
            assert_eq!(status, 404, "{id}");
        }
        let query = format!("externalId={}", encoded(id));
        let timbrix = app.get(&format!("{ACME}/customers?{query}")).user(member()).send().await.json();
        let spirii = app.get(&format!("/v2/customers?{query}")).user(member()).send().await.json();
        let path = format!("/organization/getCustomers/{}?{query}", demo::ACME);
        let cyrexa = app.get(&path).bearer(&token).header("token", &token).header("tenantid", demo::ACME);
        let cyrexa = cyrexa.send().await.json();
        assert_eq!((timbrix.as_array().unwrap().len(), &timbrix[0]["id"]), (1, &customer["id"]), "{id}");
        assert_eq!((&spirii["count"], &spirii["data"][0]["id"]), (&json!(1), &customer["number"]), "{id}");
        assert_eq!(cyrexa.as_array().unwrap().len(), 1, "{id}");
        assert_eq!(cyrexa[0]["customer"]["id"], customer["id"], "{id}");
    }
}

/// `cargo lambda watch` passes path parameters in their percent-encoded form.
#[tokio::test]
async fn a_path_is_decoded_once_whoever_hands_it_over() {
    let app = TestApp::of(padron_api::endpoints()).variable("PATH_PARAMETERS", "encoded").build().await;
    let app = with_demo_data(app).await;
    let endpoint: &Registration = app.endpoint("get-customer-by-external-id");
    let ask = async |sent: &str| {
        let (_, mut event) = app.get(&format!("{ACME}/customers/external/x")).user(member()).event();
        event["rawPath"] = json!(format!("/api{ACME}/customers/external/{sent}"));
        event["pathParameters"]["externalId"] = json!(sent);
        app.response(endpoint, &event.to_string()).await
    };
    for (id, is_of_path) in IDS {
        let customer = created(&app, id).await;
        let found = ask(&encoded(id)).await;
        if is_of_path {
            assert_eq!((found.status, &found.json()["id"]), (200, &customer["id"]), "{id}");
        } else {
            assert_eq!(found.status, 404, "{id}");
        }
    }
    // Values that are not escaped, and values that are escaped twice.
    assert_eq!(ask("a+b").await.json()["externalId"], "a+b");
    assert_eq!(ask("a%252Fb").await.json()["externalId"], "a%2Fb");
    assert_eq!(ask("plain%3Fx=y").await.json()["externalId"], "plain", "the path ends there");
    assert_eq!(ask("a%2Fb").await.problem(), "404 route_not_found", "another segment");
    assert_eq!(wrong(&ask("%FF").await), pairs(&[("/path/externalId", "invalid_encoding")]));
    assert_eq!(ask("%C3").await.status, 400);
}

#[tokio::test]
async fn what_no_path_can_name_is_not_stored() {
    let app = app().await;
    let first = created(&app, "first").await;
    for id in [".", "..", " . ", ". \u{200b}"] {
        assert_eq!(wrong(&create(&app, id).await), pairs(&[("/externalId", "invalid_value")]), "{id}");
        let path = format!("{ACME}/customers/{}", first["id"].as_str().unwrap());
        let update = app.call("PUT", &path).user(member()).json(&json!({ "externalId": id })).send().await;
        assert_eq!(wrong(&update), pairs(&[("/externalId", "invalid_value")]), "{id}");
        let path = format!("/v2/customers/{}", first["number"]);
        let update = app.call("PUT", &path).user(member()).json(&json!({ "externalId": id })).send().await;
        assert_eq!(wrong(&update), pairs(&[("/externalId", "invalid_value")]), "{id}");
    }
    for id in ["a\0b", "a\nb", "a\u{202e}b"] {
        assert_eq!(wrong(&create(&app, id).await), pairs(&[("/externalId", "invalid_character")]), "{id:?}");
    }
    for empty in ["", " ", "\u{a0}"] {
        assert_eq!(created(&app, empty).await["externalId"], Value::Null, "{empty:?}");
    }
}

#[tokio::test]
async fn a_list_by_external_ids_is_a_list_like_others() {
    let app = app().await;
    let mut numbers: Vec<u64> = Vec::new();
    for index in 0..6 {
        app.clock.advance(std::time::Duration::from_secs(1));
        numbers.push(created(&app, &format!("n-{index}")).await["number"].as_u64().unwrap());
    }
    let list = async |query: &str| {
        let response = app.get(&format!("/v2/customers?{query}")).user(member()).send().await;
        assert_eq!(response.status, 200, "{query}: {}", response.text);
        let body = response.json();
        let numbers = body["data"].as_array().unwrap().iter().map(|one| one["id"].as_u64().unwrap());
        (body["count"].as_u64().unwrap(), numbers.collect::<Vec<u64>>())
    };
    let [n0, n1, n2, ..] = numbers[..] else { panic!() };
    for (query, expected) in [
        ("externalId=n-0&externalId=n-2&externalId=n-0".to_owned(), vec![n2, n0]),
        ("externalId=n-0&externalId=n-2&sortDirection=asc".to_owned(), vec![n0, n2]),
        ("externalId=n-0&externalId=nobody".to_owned(), vec![n0]),
        ("externalId=N-0".to_owned(), vec![]),
        ("externalId=n".to_owned(), vec![]),
        ("externalId=%20n-1%20".to_owned(), vec![n1]),
        (format!("externalId=n-0&customerIds={n0},{n1}"), vec![n0]),
        (format!("externalId=n-0&customerIds={n1}"), vec![]),
        ("externalId=n-0&types=Private".to_owned(), vec![]),
        ("externalId=n-0&externalId=n-1&search=named&types=Business".to_owned(), vec![n1, n0]),
        ("externalId=n-0,n-1".to_owned(), vec![]),
    ] {
        assert_eq!(list(&query).await, (expected.len() as u64, expected), "{query}");
    }
    // Pages of one customer each.
    let mut next =
        format!("{ACME}/customers?externalId=n-0&externalId=n-1&externalId=n-2&limit=1&sortDirection=asc");
    let mut walked = Vec::new();
    while !next.is_empty() {
        let page = app.get(&next).user(member()).send().await;
        walked.extend(page.json().as_array().unwrap().iter().map(|one| one["number"].as_u64().unwrap()));
        next = page.next_page().unwrap_or_default();
    }
    assert_eq!(walked, [n0, n1, n2]);
    let many =
        |count: usize| (0..count).map(|index| format!("externalId=x{index}")).collect::<Vec<_>>().join("&");
    assert_eq!(list(&many(100)).await, (0, vec![]));
    for (query, code) in [
        (many(101), "too_many"),
        ("externalId=".to_owned(), "invalid_value"),
        (format!("externalId={}", "x".repeat(41)), "invalid_value"),
    ] {
        let response = app.get(&format!("/v2/customers?{query}")).user(member()).send().await;
        assert_eq!(wrong(&response), pairs(&[("/query/externalId", code)]));
    }
    let one = cost(&app, app.get(&format!("{ACME}/customers?externalId=n-0")).user(member())).await;
    let units: f64 = one.iter().map(|(_, units)| units).sum();
    assert!(units <= 4.0 + 0.5, "access, count, the pointer and the customer: {one:?}");
}
