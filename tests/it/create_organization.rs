//! Tests of `POST /organizations`.

use std::collections::BTreeMap;

use padron_testkit::{TestApp, TestResponse};
use serde_json::{Value, json};

use crate::support::{app, cost, event_types, member, owner, stranger};

async fn create(app: &TestApp, body: &Value) -> TestResponse {
    app.call("POST", "/organizations").user(stranger()).json(body).send().await
}

/// Returns the pointers and codes of the violations in a 400 response.
fn violations(response: &TestResponse) -> Vec<(String, String)> {
    assert_eq!(response.problem(), "400 invalid_request", "{}", response.text);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let errors = response.json()["errors"].as_array().unwrap().clone();
    errors.iter().map(|error| (text(&error["pointer"]), text(&error["code"]))).collect()
}

// 201

#[tokio::test]
async fn the_caller_owns_what_they_create_and_finds_it_where_location_says() {
    let app = app().await;
    let body = json!({
        "name": " Compañía Ñandú ", "slug": "nandu", "logo": "https://example.com/logo.png",
        "timezone": "Europe/Madrid", "metadata": { "crm": "4711" },
    });
    let response = create(&app, &body).await;
    assert_eq!(response.status, 201, "{}", response.text);
    let created = response.json();
    let path = format!("/organizations/{}", created["id"].as_str().unwrap());
    assert_eq!(response.location(), path);
    assert_eq!(created["name"], "Compañía Ñandú", "without the spaces around it");
    assert_eq!(created["slug"], "nandu");
    assert_eq!(created["logo"], "https://example.com/logo.png");
    assert_eq!(created["timezone"], "Europe/Madrid");
    assert_eq!(created["metadata"], json!({ "crm": "4711" }));
    assert_eq!(created["plan"], "free");
    assert_eq!(created["ownerId"], stranger().to_string());
    assert_eq!(created["subscriptionStatus"], "none");
    assert_eq!(created["createdAt"], app.clock.now().to_string());
    let read = app.get(&path).user(stranger()).send().await;
    assert_eq!((read.json(), read.header("etag")), (created.clone(), response.header("etag")));
    assert_eq!(app.get(&path).user(owner()).send().await.problem(), "403 not_a_member");

    let members = app.get(&format!("{path}/members")).user(stranger()).send().await;
    assert_eq!(members.json()[0]["role"], "owner");
    assert_eq!(members.header("x-total-count"), "1");
    let id = padron_local::demo::organization(created["id"].as_str().unwrap());
    assert_eq!(event_types(&app, id).await, ["organization.created"]);
}

#[tokio::test]
async fn what_is_left_out_has_its_default() {
    let app = app().await;
    let created = create(&app, &json!({ "name": "Abc", "slug": "abc" })).await.json();
    assert_eq!(created["timezone"], "America/Mexico_City");
    assert_eq!((created.get("logo"), created.get("metadata")), (None, None));
}

#[tokio::test]
async fn the_owner_is_listed_with_the_verified_email_and_name_of_their_token() {
    let app = app().await;
    let mut claims = app.claims(stranger());
    claims["email"] = json!("Nina@example.com");
    claims["email_verified"] = json!(true);
    claims["name"] = json!("Nina");
    let token = app.tokens.issuer.token(&claims);
    let body = json!({ "name": "Abc", "slug": "abc" });
    let created = app.call("POST", "/organizations").bearer(&token).json(&body).send().await.json();
    let members = format!("/organizations/{}/members", created["id"].as_str().unwrap());
    let user = app.get(&members).user(stranger()).send().await.json()[0]["user"].clone();
    assert_eq!(user, json!({ "id": stranger().to_string(), "email": "Nina@example.com", "name": "Nina" }));
}

#[tokio::test]
async fn limits_are_included() {
    let app = app().await;
    let entries: BTreeMap<String, String> = (0..50).map(|n| (format!("{n:0>40}"), "ñ".repeat(500))).collect();
    let body = json!({ "name": "ñ".repeat(100), "slug": "a".repeat(50), "metadata": entries });
    assert_eq!(create(&app, &body).await.status, 201);
    let body = json!({ "name": "abc", "slug": "a-1" });
    assert_eq!(create(&app, &body).await.status, 201);
}

#[tokio::test]
async fn one_transaction_of_nineteen_units_writes_it_and_nothing_is_read() {
    let app = app().await;
    let mut claims = app.claims(stranger());
    claims["email"] = json!("nina@example.com");
    claims["email_verified"] = json!(true);
    let token = app.tokens.issuer.token(&claims);
    let body = json!({ "name": "Abc", "slug": "abc" });
    let call = app.call("POST", "/organizations").bearer(&token).json(&body);
    // A new organization is below 1 KB and takes 4 units less than the published 19, which are for one of 3 KB.
    assert_eq!(cost(&app, call).await, [("TransactWriteItems".to_owned(), 15.0)]);

    let call = app.call("POST", "/organizations").bearer(&token).header("idempotency-key", "a");
    let call = call.json(&json!({ "name": "Abc", "slug": "abcd" }));
    let with_key = cost(&app, call).await;
    assert_eq!(
        with_key,
        [("BatchGetItem".to_owned(), 1.0), ("TransactWriteItems".to_owned(), 19.0)],
        "a key adds one unit to read and four to write"
    );
}

// 400

#[tokio::test]
async fn all_that_is_wrong_is_said_at_once() {
    let app = app().await;
    let body = json!({
        "name": "  ab  ", "slug": "Not A Slug", "logo": "http://example.com/logo.png",
        "timezone": "Mars/Olympus", "metadata": { "": "" },
    });
    let found = violations(&create(&app, &body).await);
    let pointers: Vec<_> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(pointers, ["/name", "/logo", "/timezone", "/metadata", "/slug"]);
    assert_eq!(app.recorded().len(), 0, "nothing is asked of the table");
}

#[tokio::test]
async fn each_rule_refuses_what_breaks_it() {
    let app = app().await;
    let good = json!({ "name": "Abc", "slug": "abc" });
    for (field, value, code) in [
        ("name", json!("ab"), "invalid_length"),
        ("name", json!("a".repeat(101)), "invalid_length"),
        ("name", json!("a\u{0}bc"), "invalid_character"),
        ("name", json!(null), "invalid_type"),
        ("name", json!(["Abc"]), "invalid_type"),
        ("slug", json!("ab"), "invalid_format"),
        ("slug", json!("a".repeat(51)), "invalid_format"),
        ("slug", json!("-abc"), "invalid_format"),
        ("slug", json!("ABC"), "invalid_format"),
        ("slug", json!("admin"), "reserved"),
        ("slug", json!("slug-check"), "reserved"),
        ("logo", json!("javascript:alert(1)"), "invalid_format"),
        ("logo", json!("https://"), "invalid_format"),
        ("logo", json!("https://user:pass@example.com/"), "invalid_format"),
        ("logo", json!("https://exa mple.com/"), "invalid_format"),
        ("logo", json!(format!("https://example.com/{}", "a".repeat(2048))), "invalid_format"),
        ("timezone", json!("america/mexico_city"), "unknown_value"),
        ("timezone", json!(""), "unknown_value"),
        ("metadata", json!({ "a".repeat(41): "" }), "invalid_key"),
        ("metadata", json!({ format!("{}a", " ".repeat(60)): "" }), "invalid_key"),
        ("metadata", json!({ "a": "a".repeat(501) }), "invalid_length"),
        ("metadata", json!((0..51).map(|n| (n.to_string(), "")).collect::<BTreeMap<_, _>>()), "too_many"),
        ("metadata", json!({ "a": 1 }), "invalid_type"),
        ("metadata", json!(["a"]), "invalid_type"),
        ("plan", json!("enterprise"), "unknown_field"),
        ("ownerId", json!(member().to_string()), "unknown_field"),
        ("stripeCustomerId", json!("cus_1"), "unknown_field"),
        ("subscriptionStatus", json!("active"), "unknown_field"),
        ("id", json!("00000000-0000-4000-8000-000000000000"), "unknown_field"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let found = violations(&create(&app, &body).await);
        assert_eq!(found.len(), 1, "{field}: {found:?}");
        assert!(found[0].0.starts_with(&format!("/{field}")) && found[0].1 == code, "{field}: {found:?}");
    }
    for missing in ["name", "slug"] {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(missing);
        assert_eq!(violations(&create(&app, &body).await)[0].1, "missing_field", "{missing}");
    }
    assert_eq!(create(&app, &good).await.status, 201, "nothing of all that took the slug");
}

// 409

#[tokio::test]
async fn a_slug_is_given_once() {
    let app = app().await;
    let body = json!({ "name": "Another Acme", "slug": "acme-corp" });
    assert_eq!(create(&app, &body).await.problem(), "409 slug_taken");
    let organizations = app.get("/organizations").user(stranger()).send().await;
    assert_eq!(organizations.json(), json!([]), "nothing was written");
}
