//! Tests of `GET /organizations/slug-check`.

use serde_json::json;

use crate::support::{ACME, app, owner, stranger};

#[tokio::test]
async fn a_slug_is_available_or_the_reason_why_not_is_given() {
    let app = app().await;
    for (slug, expected) in [
        ("free-one", json!({ "available": true })),
        ("acme-corp", json!({ "available": false, "reason": "taken" })),
        ("admin", json!({ "available": false, "reason": "reserved" })),
        ("A%20B", json!({ "available": false, "reason": "invalid_format" })),
        ("", json!({ "available": false, "reason": "invalid_format" })),
    ] {
        let path = format!("/organizations/slug-check?slug={slug}");
        assert_eq!(app.get(&path).user(stranger()).send().await.json(), expected, "{slug}");
    }
}

#[tokio::test]
async fn the_slug_of_a_deleted_organization_stays_taken() {
    let app = app().await;
    assert_eq!(app.call("DELETE", ACME).user(owner()).send().await.status, 204);
    let response = app.get("/organizations/slug-check?slug=acme-corp").user(stranger()).send().await;
    assert_eq!(response.json()["reason"], "taken");
}

#[tokio::test]
async fn a_slug_must_be_named() {
    let app = app().await;
    for (query, code) in [
        ("", "missing_parameter"),
        ("?slugs=a", "unknown_parameter"),
        ("?slug=abc&slug=abd", "duplicate_parameter"),
    ] {
        let path = format!("/organizations/slug-check{query}");
        let response = app.get(&path).user(stranger()).send().await;
        assert_eq!(response.problem(), "400 invalid_request");
        assert_eq!(response.json()["errors"][0]["code"], code, "{query}");
    }
}
