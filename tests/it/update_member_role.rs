//! Tests of `PUT /organizations/{organizationId}/members/{memberId}/role`.

use padron_domain::UserId;
use padron_local::demo;
use padron_testkit::{TestApp, TestResponse};
use serde_json::{Value, json};

use crate::support::{ACME, admin, app, cost, event_types, member, member_path, owner, user};

async fn put(app: &TestApp, caller: UserId, target: UserId, body: &Value) -> TestResponse {
    app.call("PUT", &format!("{}/role", member_path(target))).user(caller).json(body).send().await
}

#[tokio::test]
async fn a_role_counts_from_the_next_request_on() {
    let app = app().await;
    let events = format!("{ACME}/events");
    assert_eq!(app.get(&events).user(member()).send().await.problem(), "403 insufficient_role");
    let response = put(&app, admin(), member(), &json!({ "role": "admin" })).await;
    assert_eq!((response.status, &response.json()["role"]), (200, &json!("admin")), "{}", response.text);
    let seen = app.get(&events).user(member()).send().await;
    assert_eq!(seen.json()[0]["type"], "member.role_updated");
    assert_eq!(seen.json()[0]["data"], json!({ "memberId": demo::MEMBER, "from": "member", "to": "admin" }));
    assert_eq!(seen.json()[0]["actor"], demo::ADMIN);
    assert_eq!(put(&app, member(), admin(), &json!({ "role": "member" })).await.status, 200);
    assert_eq!(app.get(&events).user(admin()).send().await.problem(), "403 insufficient_role");
}

#[tokio::test]
async fn an_admin_may_step_back() {
    let app = app().await;
    assert_eq!(put(&app, admin(), admin(), &json!({ "role": "member" })).await.status, 200);
    let again = put(&app, admin(), admin(), &json!({ "role": "admin" })).await;
    assert_eq!(again.problem(), "403 insufficient_role");
}

#[tokio::test]
async fn the_owner_is_made_by_transfer_alone() {
    let app = app().await;
    for caller in [owner(), admin()] {
        for role in ["admin", "member"] {
            let response = put(&app, caller, owner(), &json!({ "role": role })).await;
            assert_eq!(response.problem(), "409 owner_role_immutable");
        }
        let response = put(&app, caller, member(), &json!({ "role": "owner" })).await;
        assert_eq!(response.problem(), "400 invalid_request");
        assert_eq!(
            response.json()["errors"][0],
            json!({ "pointer": "/role", "code": "unknown_value", "detail": "The value is not one of those allowed." })
        );
    }
    for body in [json!({}), json!({ "role": null }), json!({ "role": ["admin"] }), json!({ "role": "Admin" })]
    {
        assert_eq!(put(&app, owner(), member(), &body).await.problem(), "400 invalid_request", "{body}");
    }
}

#[tokio::test]
async fn whoever_is_no_member_has_no_role() {
    let app = app().await;
    let response = put(&app, owner(), user(1), &json!({ "role": "admin" })).await;
    assert_eq!(response.problem(), "404 member_not_found");
}

#[tokio::test]
async fn the_same_role_again_writes_nothing() {
    let app = app().await;
    app.recorded();
    let response = put(&app, owner(), admin(), &json!({ "role": "admin" })).await;
    assert_eq!(response.status, 200);
    assert_eq!(app.recorded().len(), 1);
    assert_eq!(event_types(&app, demo::organization(demo::ACME)).await, [] as [&str; 0]);
}

#[tokio::test]
async fn if_match_names_the_version_of_the_membership() {
    let app = app().await;
    let path = member_path(member());
    let tag = app.get(&path).user(owner()).send().await.header("etag").to_owned();
    assert_eq!(put(&app, owner(), member(), &json!({ "role": "admin" })).await.status, 200);
    let call = app.call("PUT", &format!("{path}/role")).user(owner()).header("if-match", &tag);
    assert_eq!(call.json(&json!({ "role": "member" })).send().await.problem(), "412 precondition_failed");
    let call = app.call("DELETE", &path).user(owner()).header("if-match", &tag);
    assert_eq!(call.send().await.problem(), "412 precondition_failed");
}

#[tokio::test]
async fn it_is_one_read_and_one_transaction_of_nine_units_and_two_more_for_less_rights() {
    let app = app().await;
    let path = format!("{}/role", member_path(member()));
    let call = app.call("PUT", &path).user(admin()).json(&json!({ "role": "admin" }));
    let units = |write| [("BatchGetItem".to_owned(), 4.0), ("TransactWriteItems".to_owned(), write)];
    assert_eq!(cost(&app, call).await, units(9.0));
    let call = app.call("PUT", &path).user(admin()).json(&json!({ "role": "member" }));
    assert_eq!(cost(&app, call).await, units(11.0));
}
