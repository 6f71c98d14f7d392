//! Tests of `DELETE /organizations/{organizationId}/members/{memberId}`.

use padron_domain::{Role, UserId};
use padron_local::demo;
use padron_testkit::{TestApp, TestResponse};
use serde_json::json;

use crate::support::{ACME, admin, app, cost, join, member, member_path, owner, user};

async fn delete(app: &TestApp, caller: UserId, target: UserId) -> TestResponse {
    app.call("DELETE", &member_path(target)).user(caller).send().await
}

#[tokio::test]
async fn whoever_is_removed_is_out_with_the_next_request() {
    let app = app().await;
    assert_eq!(app.get(ACME).user(member()).send().await.status, 200);
    let response = delete(&app, admin(), member()).await;
    assert_eq!((response.status, &*response.text), (204, ""));
    for path in [ACME, &format!("{ACME}/customers"), &format!("{ACME}/members")] {
        assert_eq!(app.get(path).user(member()).send().await.problem(), "403 not_a_member");
    }
    assert_eq!(app.get("/organizations").user(member()).send().await.json(), json!([]));
    let events = app.get(&format!("{ACME}/events")).user(owner()).send().await.json();
    assert_eq!(events[0]["type"], "member.removed");
    assert_eq!(events[0]["data"], json!({ "memberId": demo::MEMBER }), "no name, no e-mail");
    let members = app.get(&format!("{ACME}/members")).user(owner()).send().await;
    assert_eq!(members.header("x-total-count"), "2");
    assert_eq!(delete(&app, admin(), member()).await.problem(), "404 member_not_found");
}

#[tokio::test]
async fn everyone_but_the_owner_may_leave() {
    let app = app().await;
    assert_eq!(delete(&app, member(), member()).await.status, 204);
    assert_eq!(delete(&app, admin(), admin()).await.status, 204, "though they are the only admin");
    assert_eq!(delete(&app, owner(), owner()).await.problem(), "409 owner_cannot_leave");
}

#[tokio::test]
async fn members_remove_no_one_else_and_no_one_removes_the_owner() {
    let app = app().await;
    for target in [admin(), owner(), user(1)] {
        assert_eq!(delete(&app, member(), target).await.problem(), "403 insufficient_role");
    }
    assert_eq!(delete(&app, admin(), owner()).await.problem(), "409 owner_cannot_leave");
    assert_eq!(delete(&app, owner(), admin()).await.status, 204);
}

#[tokio::test]
async fn whoever_left_can_join_again() {
    let app = app().await;
    assert_eq!(delete(&app, member(), member()).await.status, 204);
    join(&app, demo::ACME, member(), Role::Admin).await;
    assert_eq!(app.get(&member_path(member())).user(member()).send().await.json()["role"], "admin");
}

#[tokio::test]
async fn it_is_one_read_and_one_transaction() {
    let app = app().await;
    let costs = cost(&app, app.call("DELETE", &member_path(member())).user(admin())).await;
    assert_eq!(costs, [("BatchGetItem".to_owned(), 4.0), ("TransactWriteItems".to_owned(), 13.0)]);
    let costs = cost(&app, app.call("DELETE", &member_path(admin())).user(admin())).await;
    assert_eq!(costs, [("BatchGetItem".to_owned(), 3.0), ("TransactWriteItems".to_owned(), 11.0)]);
}
