//! Tests of `DELETE /organizations/{organizationId}` and `POST /organizations/{organizationId}/restore`.

use std::time::Duration;

use padron_local::demo;
use serde_json::json;

use crate::support::{ACME, admin, app, cost, event_types, member, member_path, owner, stranger};

const DAYS_30: Duration = Duration::from_secs(30 * 24 * 60 * 60);

#[tokio::test]
async fn a_deleted_organization_is_unknown_to_everyone_at_once() {
    let app = app().await;
    let response = app.call("DELETE", ACME).user(owner()).send().await;
    assert_eq!((response.status, &*response.text), (204, ""));
    for user in [owner(), admin(), member(), stranger()] {
        for path in [ACME, &format!("{ACME}/members"), &member_path(owner()), &format!("{ACME}/customers")] {
            let gone = app.get(path).user(user).send().await;
            assert_eq!(gone.problem(), "404 organization_not_found", "{path}");
        }
    }
    assert_eq!(app.call("DELETE", ACME).user(owner()).send().await.problem(), "404 organization_not_found");
    let spirii = app.get("/v2/customers").header("x-organization-id", demo::ACME).user(owner()).send().await;
    assert_eq!(spirii.problem(), "403 not_a_member");
}

#[tokio::test]
async fn its_owner_restores_it_as_it_was() {
    let app = app().await;
    let before = app.get(ACME).user(owner()).send().await.json();
    app.call("DELETE", ACME).user(owner()).send().await;
    app.clock.advance(DAYS_30 - Duration::from_millis(1));
    let response = app.call("POST", &format!("{ACME}/restore")).user(owner()).send().await;
    assert_eq!(response.status, 200, "{}", response.text);
    let mut expected = before;
    for field in ["updatedAt", "updated_at"] {
        expected[field] = json!(app.clock.now().to_string());
    }
    assert_eq!(response.json(), expected);
    assert!(response.header("etag").starts_with("\"3."), "two writes later");
    assert_eq!(app.get(ACME).user(member()).send().await.status, 200, "its members are members still");
    let path = format!("{ACME}/members/{}/role", demo::MEMBER);
    let call = app.call("PUT", &path).user(admin()).json(&json!({ "role": "admin" }));
    assert_eq!(call.send().await.status, 200, "and can be changed");
    let id = demo::organization(demo::ACME);
    assert_eq!(event_types(&app, id).await.iter().filter(|name| name.starts_with("organization")).count(), 2);
}

#[tokio::test]
async fn no_one_else_restores_it_and_no_one_after_thirty_days() {
    let app = app().await;
    app.call("DELETE", ACME).user(owner()).send().await;
    let restore = async |user| app.call("POST", &format!("{ACME}/restore")).user(user).send().await;
    for user in [admin(), member(), stranger()] {
        assert_eq!(restore(user).await.problem(), "404 organization_not_found");
    }
    app.clock.advance(DAYS_30);
    assert_eq!(restore(owner()).await.problem(), "404 organization_not_found");
}

#[tokio::test]
async fn a_deleted_organization_does_not_count_for_the_caller_s_only_one() {
    let app = app().await;
    let customers = async || {
        let response = app.get("/v2/customers?limit=1").user(owner()).send().await;
        if response.status == 200 { "200".to_owned() } else { response.problem() }
    };
    assert_eq!(customers().await, "200");
    let body = json!({ "name": "Another", "slug": "another" });
    let other = app.call("POST", "/organizations").user(owner()).json(&body).send().await;
    assert_eq!(customers().await, "400 several_organizations");
    let other = other.location();
    assert_eq!(app.call("DELETE", &other).user(owner()).send().await.status, 204);
    assert_eq!(customers().await, "200");
    assert_eq!(app.call("DELETE", ACME).user(owner()).send().await.status, 204);
    assert_eq!(customers().await, "403 no_organization");
}

#[tokio::test]
async fn a_key_does_not_open_what_is_deleted_again() {
    let app = app().await;
    app.call("DELETE", ACME).user(owner()).send().await;
    let restore =
        || app.call("POST", &format!("{ACME}/restore")).user(owner()).header("idempotency-key", "k");
    assert_eq!(restore().send().await.status, 200);
    let transfer = app.call("POST", &format!("{ACME}/transfer")).user(owner());
    let transfer = transfer.json(&json!({ "userId": demo::ADMIN })).send().await;
    assert_eq!(transfer.status, 200);
    assert_eq!(restore().send().await.header("idempotent-replayed"), "true", "an admin by now");
    assert_eq!(app.call("DELETE", ACME).user(admin()).send().await.status, 204);
    assert_eq!(restore().send().await.problem(), "404 organization_not_found");
    let malformed = app.call("POST", &format!("{ACME}/transfer")).user(owner()).header("idempotency-key", "");
    assert_eq!(malformed.send().await.problem(), "404 organization_not_found", "before the key is looked at");
}

#[tokio::test]
async fn what_is_not_deleted_cannot_be_restored() {
    let app = app().await;
    let restore = async |user| app.call("POST", &format!("{ACME}/restore")).user(user).send().await.problem();
    assert_eq!(restore(owner()).await, "409 organization_not_deleted");
    assert_eq!(restore(admin()).await, "403 insufficient_role");
    assert_eq!(restore(stranger()).await, "403 not_a_member");
}

#[tokio::test]
async fn both_ask_for_the_version_that_if_match_names() {
    let app = app().await;
    let delete = app.call("DELETE", ACME).user(owner()).header("if-match", "\"7.0\"").send().await;
    assert_eq!(delete.problem(), "412 precondition_failed");
    let delete = app.call("DELETE", ACME).user(owner()).header("if-match", "\"1.0\"").send().await;
    assert_eq!(delete.status, 204);
    let restore = app.call("POST", &format!("{ACME}/restore")).user(owner()).header("if-match", "\"1.0\"");
    assert_eq!(restore.send().await.problem(), "412 precondition_failed");
}

#[tokio::test]
async fn each_is_one_read_and_one_transaction() {
    let app = app().await;
    // For an organization of 2 KB: 4 units for its item, 1 for its index entry, 2 for the roster and 2 for the event.
    let expected = [("BatchGetItem".to_owned(), 2.0), ("TransactWriteItems".to_owned(), 9.0)];
    assert_eq!(cost(&app, app.call("DELETE", ACME).user(owner())).await, expected);
    assert_eq!(cost(&app, app.call("POST", &format!("{ACME}/restore")).user(owner())).await, expected);
}
