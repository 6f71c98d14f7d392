//! Tests of `GET /organizations/{organizationId}/members/{memberId}`.

use padron_local::demo;
use serde_json::json;

use crate::support::{admin, app, cost, member, member_path, owner, stranger};

#[tokio::test]
async fn every_member_sees_every_member() {
    let app = app().await;
    for caller in [owner(), admin(), member()] {
        let response = app.get(&member_path(admin())).user(caller).send().await;
        let expected = json!({
            "id": demo::ADMIN, "role": "admin", "joinedAt": "2025-01-26T10:00:00.000Z",
            "user": { "id": demo::ADMIN, "email": "adan@acme.example", "name": "Adán Núñez" },
        });
        assert_eq!((response.status, response.json()), (200, expected));
    }
    let me = app.get(&member_path(member())).user(member()).send().await;
    assert_eq!(me.json()["id"], demo::MEMBER, "themselves too");
}

#[tokio::test]
async fn an_id_that_is_no_uuid_is_refused_after_who_asks() {
    let app = app().await;
    let path = member_path(admin()).replace(demo::ADMIN, "adan@acme.example");
    assert_eq!(app.get(&path).user(stranger()).send().await.problem(), "403 not_a_member");
    let response = app.get(&path).user(member()).send().await;
    assert_eq!(response.problem(), "400 invalid_request");
    assert_eq!(response.json()["errors"][0]["pointer"], "/path/memberId");
}

#[tokio::test]
async fn a_tag_holds_until_the_role_changes() {
    let app = app().await;
    let path = member_path(member());
    let tag = app.get(&path).user(owner()).send().await.header("etag").to_owned();
    let again = app.get(&path).user(owner()).header("if-none-match", &tag).send().await;
    assert_eq!(again.status, 304);
    let role = app.call("PUT", &format!("{path}/role")).user(owner()).json(&json!({ "role": "admin" }));
    assert_eq!(role.send().await.status, 200);
    let again = app.get(&path).user(owner()).header("if-none-match", &tag).send().await;
    assert_eq!(again.status, 200);
}

#[tokio::test]
async fn it_is_one_call_of_three_units() {
    let app = app().await;
    let costs = cost(&app, app.get(&member_path(admin())).user(member())).await;
    assert_eq!(costs, [("BatchGetItem".to_owned(), 3.0)]);
    let costs = cost(&app, app.get(&member_path(member())).user(member())).await;
    assert_eq!(costs, [("BatchGetItem".to_owned(), 2.0)], "oneself is read once");
}
