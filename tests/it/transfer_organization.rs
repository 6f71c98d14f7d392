//! Tests of `POST /organizations/{organizationId}/transfer`.

use padron_local::demo;
use padron_testkit::{TestApp, TestResponse};
use serde_json::json;

use crate::support::{ACME, admin, app, cost, member, owner};

async fn transfer(app: &TestApp, to: &str) -> TestResponse {
    let call = app.call("POST", &format!("{ACME}/transfer")).user(owner());
    call.json(&json!({ "userId": to })).send().await
}

async fn roles(app: &TestApp) -> Vec<String> {
    let members = app.get(&format!("{ACME}/members")).user(member()).send().await.json();
    let one =
        |id: &str| members.as_array().unwrap().iter().find(|one| one["id"] == id).unwrap()["role"].clone();
    [demo::OWNER, demo::ADMIN, demo::MEMBER].map(|id| one(id).as_str().unwrap().to_owned()).to_vec()
}

#[tokio::test]
async fn a_member_becomes_the_owner_and_the_owner_an_admin() {
    for (to, expected) in
        [(demo::MEMBER, ["admin", "admin", "owner"]), (demo::ADMIN, ["admin", "owner", "member"])]
    {
        let app = app().await;
        let response = transfer(&app, to).await;
        assert_eq!(response.status, 200, "{}", response.text);
        assert_eq!(response.json()["ownerId"], to);
        assert_eq!(roles(&app).await, expected);
        let put = app.call("PUT", ACME).user(owner()).json(&json!({ "name": "Mine" }));
        assert_eq!(put.send().await.problem(), "403 insufficient_role", "with the next request");
        let put = app.call("PUT", ACME).user(demo::user(to)).json(&json!({ "name": "Mine" }));
        assert_eq!(put.send().await.status, 200);
        let events =
            app.get(&format!("{ACME}/events?type=organization.transferred")).user(owner()).send().await;
        assert_eq!(events.json()[0]["data"], json!({ "from": demo::OWNER, "to": to }));
    }
}

#[tokio::test]
async fn it_needs_another_member() {
    let app = app().await;
    assert_eq!(transfer(&app, demo::OWNER).await.problem(), "409 already_owner");
    for unknown in [demo::STRANGER, demo::GLOBEX_OWNER, "00000000-0000-4000-8000-000000000000"] {
        assert_eq!(transfer(&app, unknown).await.problem(), "404 member_not_found");
    }
    for body in
        [json!({}), json!({ "userId": "x" }), json!({ "userId": demo::ADMIN, "role": "owner" }), json!([])]
    {
        let call = app.call("POST", &format!("{ACME}/transfer")).user(owner()).json(&body);
        assert_eq!(call.send().await.problem(), "400 invalid_request", "{body}");
    }
    assert_eq!(roles(&app).await, ["owner", "admin", "member"]);
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_after_the_role() {
    let app = app().await;
    let path = format!("{ACME}/transfer");
    assert_eq!(
        app.call("POST", &path).user(admin()).body("{").send().await.problem(),
        "403 insufficient_role"
    );
    let call = app.call("POST", &path).user(owner()).body("{");
    assert_eq!(call.send().await.problem(), "415 unsupported_media_type");
    let stale = app.call("POST", &path).user(owner()).header("if-match", "\"9.0\"");
    let stale = stale.json(&json!({ "userId": demo::ADMIN })).send().await;
    assert_eq!(stale.problem(), "412 precondition_failed");
}

#[tokio::test]
async fn it_is_one_read_and_one_transaction() {
    let app = app().await;
    let call = app.call("POST", &format!("{ACME}/transfer")).user(owner());
    let call = call.json(&json!({ "userId": demo::MEMBER }));
    // For an organization of 2 KB: two units less than for one of 3 KB.
    assert_eq!(
        cost(&app, call).await,
        [("BatchGetItem".to_owned(), 3.0), ("TransactWriteItems".to_owned(), 14.0)]
    );
}
