//! Tests of `PUT /organizations/{organizationId}`.

use padron_local::demo;
use padron_testkit::{TestApp, TestResponse};
use serde_json::{Value, json};

use crate::support::{ACME, app, cost, event_types, owner, stored};

async fn put(app: &TestApp, body: &Value) -> TestResponse {
    app.call("PUT", ACME).user(owner()).json(body).send().await
}

// 200

#[tokio::test]
async fn what_is_sent_changes_and_the_rest_stays() {
    let app = app().await;
    let before = app.get(ACME).user(owner()).send().await.json();
    app.clock.advance(std::time::Duration::from_secs(1));
    let response = put(&app, &json!({ "name": "Acme", "metadata": { "a": "b" } })).await;
    assert_eq!(response.status, 200, "{}", response.text);
    let mut expected = before.clone();
    for field in ["updatedAt", "updated_at"] {
        expected[field] = json!(app.clock.now().to_string());
    }
    expected["name"] = json!("Acme");
    expected["metadata"] = json!({ "a": "b" });
    assert_eq!(response.json(), expected);
    let read = app.get(ACME).user(owner()).send().await;
    assert_eq!((read.text, read.headers["etag"].clone()), (response.text, response.headers["etag"].clone()));
    assert!(response.headers["etag"].starts_with("\"2."), "a version later");
    let events = app.get(&format!("{ACME}/events")).user(owner()).send().await.json();
    assert_eq!(events[0]["type"], "organization.updated");
    assert_eq!(events[0]["data"], json!({ "fields": ["name", "metadata"] }), "names of fields, no values");
}

#[tokio::test]
async fn null_empties_and_absence_keeps() {
    let app = app().await;
    let body = put(&app, &json!({ "logo": null, "timezone": null, "metadata": null })).await.json();
    assert_eq!(body.get("logo"), None);
    assert_eq!(body["timezone"], "America/Mexico_City");
    assert_eq!(body["pending_steps"][0]["type"], "logo");
    assert_eq!(put(&app, &json!({ "logo": "https://example.com/l.png" })).await.json()["name"], "Acme Corp");
    let refused = put(&app, &json!({ "name": null })).await;
    assert_eq!(refused.json()["errors"][0]["pointer"], "/name");
}

#[tokio::test]
async fn an_organization_can_be_read_changed_and_sent_back_whole() {
    let app = app().await;
    let mut body = app.get(ACME).user(owner()).send().await.json();
    body["name"] = json!("Acme Reborn");
    let response = put(&app, &body).await;
    assert_eq!(
        (response.status, &response.json()["name"]),
        (200, &json!("Acme Reborn")),
        "{}",
        response.text
    );
}

#[tokio::test]
async fn what_is_so_already_writes_nothing() {
    let app = app().await;
    let before = app.get(ACME).user(owner()).send().await;
    app.recorded();
    let response = put(&app, &json!({ "name": "Acme Corp" })).await;
    assert_eq!((response.status, response.header("etag")), (200, before.header("etag")));
    assert_eq!(app.recorded().len(), 1, "one read");
    assert_eq!(event_types(&app, demo::organization(demo::ACME)).await, [] as [&str; 0]);
}

#[tokio::test]
async fn an_update_is_one_read_and_one_transaction() {
    let app = app().await;
    let call = app.call("PUT", ACME).user(owner()).json(&json!({ "name": "Acme" }));
    // The demo organization has 2 KB and takes 4 units, where one of 3 KB takes 6. The event takes 2.
    assert_eq!(
        cost(&app, call).await,
        [("BatchGetItem".to_owned(), 2.0), ("TransactWriteItems".to_owned(), 6.0)]
    );
}

// 400

#[tokio::test]
async fn what_a_caller_may_not_set_is_refused_and_the_slug_by_its_own_name() {
    let app = app().await;
    for (field, value) in [
        ("id", json!("00000000-0000-4000-8000-000000000000")),
        ("plan", json!("enterprise")),
        ("ownerId", json!(demo::ADMIN)),
        ("stripeCustomerId", json!("cus_2")),
        ("stripeCustomerId", json!(null)),
        ("subscriptionStatus", json!("none")),
        ("subscriptionPeriodEnd", json!("2030-01-01T00:00:00.000Z")),
        ("is_production_ready", json!(false)),
        ("createdAt", json!("2020-01-01T00:00:00.000Z")),
        ("legal", json!({})),
        ("certificate", json!({ "has_certificate": false })),
        ("pending_steps", json!([1])),
    ] {
        let response = put(&app, &json!({ field: value })).await;
        assert_eq!(response.problem(), "400 invalid_request", "{field}");
        let error = &response.json()["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(format!("/{field}")), &json!("read_only")));
    }
    let null = put(&app, &json!({ "nmae": null })).await;
    assert_eq!(null.json()["errors"][0]["code"], "unknown_field", "though it says nothing");
    for field in ["deletedAt", "version", "deleted_at", "owner", "__proto__", "PK"] {
        let response = put(&app, &json!({ field: "x" })).await;
        assert_eq!(response.json()["errors"][0]["code"], "unknown_field", "{field}");
    }
    let response = put(&app, &json!({ "slug": "acme" })).await;
    assert_eq!(response.problem(), "400 slug_immutable");
    assert_eq!(
        put(&app, &json!({ "slug": "acme-corp" })).await.status,
        200,
        "as long as it is the one it has"
    );
    assert_eq!(stored(&app, demo::ACME).await.version, 1, "nothing was written");
}

#[tokio::test]
async fn all_that_is_wrong_is_said_at_once() {
    let app = app().await;
    let response =
        put(&app, &json!({ "name": "a", "logo": "x", "timezone": "x", "metadata": { "": "" } })).await;
    assert_eq!(response.json()["errors"].as_array().unwrap().len(), 4);
    let response = put(&app, &json!({ "plan": "pro", "ownerId": "x", "colour": "x" })).await;
    assert_eq!(response.json()["errors"].as_array().unwrap().len(), 2, "the plan is as it says");
}

// 412

#[tokio::test]
async fn if_match_names_the_version_that_is_changed() {
    let app = app().await;
    let first = app.get(ACME).user(owner()).send().await;
    let tag = first.header("etag");
    let send = async |tag: &str, name: &str| {
        let call = app.call("PUT", ACME).user(owner()).header("if-match", tag);
        call.json(&json!({ "name": name })).send().await
    };
    assert_eq!(send(tag, "Acme 2").await.status, 200);
    for stale in [tag, "\"1\"", "\"x\"", "x", "", "2", "W/\"2.0\""] {
        assert_eq!(send(stale, "Acme 3").await.problem(), "412 precondition_failed", "{stale}");
    }
    assert_eq!(send("\"2.other-variant\"", "Acme 3").await.status, 200, "the version counts");
    assert_eq!(send("\"1.x\", \"3.x\"", "Acme 4").await.status, 200, "one of several");
    assert_eq!(send("*", "Acme 5").await.status, 200);

    let mut whole = first.json();
    whole["name"] = json!("Acme 6");
    let call = app.call("PUT", ACME).user(owner()).header("if-match", tag).json(&whole);
    assert_eq!(call.send().await.problem(), "412 precondition_failed", "before its old fields are looked at");
    let call = app.call("PUT", ACME).user(owner()).header("if-match", tag);
    let call = call.json(&json!({ "name": "a", "colour": "red" }));
    assert_eq!(call.send().await.problem(), "400 invalid_request", "what no version takes comes first");
}

#[tokio::test]
async fn what_has_changed_since_it_was_read_cannot_be_sent_back_whole() {
    let app = app().await;
    let first = app.get(&format!("{ACME}/customers")).user(owner()).send().await.json()[0].clone();
    let customer = format!("{ACME}/customers/{}", first["id"].as_str().unwrap());
    for (path, field) in [(ACME, "name"), (customer.as_str(), "legalName")] {
        let mut read = app.get(path).user(owner()).send().await.json();
        app.clock.advance(std::time::Duration::from_secs(1));
        let put = |body: Value| app.call("PUT", path).user(owner()).json(&body).send();
        assert_eq!(put(json!({ field: "Changed" })).await.status, 200);
        read[field] = json!("Changed too late");
        assert_eq!(put(read.clone()).await.problem(), "409 concurrent_change", "{path}");
        for name in ["updatedAt", "updated_at"] {
            read.as_object_mut().unwrap().remove(name);
        }
        assert_eq!(put(read).await.status, 200, "{path}: without the time it says nothing of the version");
    }
}
