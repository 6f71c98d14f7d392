//! Tests of `GET /organizations/{organizationId}/invitations`, and of resending and revoking invitations.

use std::time::Duration;

use padron_local::demo;
use padron_testkit::{TestApp, TestResponse};
use serde_json::{Value, json};

use crate::support::{ACME, admin, app, cost, owner, token_with_email, user};

const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

async fn invite(app: &TestApp, email: &str) -> Value {
    let call = app.call("POST", &format!("{ACME}/members/invite")).user(admin());
    call.json(&json!({ "email": email, "role": "member" })).send().await.json()
}

fn path(invitation: &Value) -> String {
    format!("{ACME}/invitations/{}", invitation["id"].as_str().unwrap())
}

async fn resend(app: &TestApp, invitation: &Value) -> TestResponse {
    app.call("POST", &format!("{}/resend", path(invitation))).user(owner()).send().await
}

async fn revoke(app: &TestApp, invitation: &Value) -> TestResponse {
    app.call("DELETE", &path(invitation)).user(owner()).send().await
}

async fn response(app: &TestApp, how: &str, email: &str, token: &Value) -> TestResponse {
    let bearer = token_with_email(app, user(1), email);
    app.call("POST", &format!("/invitations/{how}"))
        .bearer(&bearer)
        .json(&json!({ "token": token }))
        .send()
        .await
}

async fn emails(app: &TestApp, status: &str) -> Vec<String> {
    let list = app.get(&format!("{ACME}/invitations?status={status}")).user(admin()).send().await.json();
    let mut emails: Vec<_> =
        list.as_array().unwrap().iter().map(|one| one["email"].as_str().unwrap().to_owned()).collect();
    emails.sort();
    emails
}

#[tokio::test]
async fn they_are_listed_by_what_became_of_them_without_their_tokens() {
    let app = app().await;
    for email in ["accepted@b.example", "declined@b.example", "revoked@b.example", "expired@b.example"] {
        let invitation = invite(&app, email).await;
        let done = match email.split('@').next().unwrap() {
            "accepted" => response(&app, "accept", email, &invitation["token"]).await.status,
            "declined" => response(&app, "decline", email, &invitation["token"]).await.status,
            "revoked" => revoke(&app, &invitation).await.status,
            _ => 204,
        };
        assert!((200..300).contains(&done), "{email}");
    }
    app.clock.advance(WEEK);
    invite(&app, "pending@b.example").await;
    for status in ["accepted", "declined", "revoked", "expired"] {
        assert_eq!(emails(&app, status).await, [format!("{status}@b.example")]);
    }
    assert_eq!(emails(&app, "pending").await, ["nadia@example.com", "pending@b.example"]);
    let all = app.get(&format!("{ACME}/invitations")).user(admin()).send().await;
    assert_eq!(all.json().as_array().unwrap().len(), 6);
    let fields: Vec<_> = all.json()[0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(fields, ["createdAt", "email", "expiresAt", "id", "invitedBy", "role", "status"]);
}

#[tokio::test]
async fn a_renewed_invitation_has_another_token_and_another_week() {
    let app = app().await;
    let first = invite(&app, "a@b.example").await;
    app.clock.advance(WEEK);
    assert_eq!(
        response(&app, "accept", "a@b.example", &first["token"]).await.problem(),
        "409 invitation_expired"
    );
    let second = resend(&app, &first).await;
    assert_eq!(second.status, 200, "{}", second.text);
    let second = second.json();
    assert_eq!((&second["id"], &second["status"]), (&first["id"], &json!("pending")));
    assert_eq!(second["expiresAt"], app.clock.now().plus(WEEK).to_string());
    let old = response(&app, "accept", "a@b.example", &first["token"]).await;
    assert_eq!(old.problem(), "404 invitation_not_found");
    assert_eq!(response(&app, "accept", "a@b.example", &second["token"]).await.status, 200);
    assert_eq!(resend(&app, &first).await.problem(), "409 invitation_accepted");
    assert_eq!(revoke(&app, &first).await.problem(), "409 invitation_accepted");
}

#[tokio::test]
async fn a_revoked_invitation_is_over_until_they_are_invited_anew() {
    let app = app().await;
    let invitation = invite(&app, "a@b.example").await;
    let revoked = revoke(&app, &invitation).await;
    assert_eq!((revoked.status, &*revoked.text), (204, ""));
    let token = &invitation["token"];
    assert_eq!(response(&app, "accept", "a@b.example", token).await.problem(), "409 invitation_revoked");
    assert_eq!(response(&app, "decline", "a@b.example", token).await.problem(), "409 invitation_revoked");
    assert_eq!(revoke(&app, &invitation).await.problem(), "409 invitation_revoked");
    assert_eq!(resend(&app, &invitation).await.problem(), "409 invitation_revoked");
    let anew = invite(&app, "a@b.example").await;
    assert_eq!(anew["id"], invitation["id"]);
    assert_eq!(response(&app, "accept", "a@b.example", token).await.problem(), "404 invitation_not_found");
    assert_eq!(response(&app, "accept", "a@b.example", &anew["token"]).await.status, 200);
}

#[tokio::test]
async fn of_many_at_once_each_token_but_the_newest_is_dead() {
    let app = app().await;
    let first = invite(&app, "a@b.example").await;
    let answers = futures_util::future::join_all((0..4).map(|_| resend(&app, &first))).await;
    assert!(answers.iter().all(|response| response.status == 200), "{answers:?}");
    let mut accepted = 0;
    for one in &answers {
        let outcome = response(&app, "accept", "a@b.example", &one.json()["token"]).await;
        if outcome.status == 200 {
            accepted += 1;
        } else {
            assert_eq!(outcome.problem(), "404 invitation_not_found");
        }
    }
    assert_eq!(accepted, 1);
}

#[tokio::test]
async fn what_is_not_understood_is_refused() {
    let app = app().await;
    for query in ["status=open", "status=", "limit=0", "email=a", "cursor=x"] {
        let response = app.get(&format!("{ACME}/invitations?{query}")).user(admin()).send().await;
        assert_eq!(response.problem(), "400 invalid_request", "{query}");
    }
    let revoke = app.call("DELETE", &format!("{ACME}/invitations/1")).user(admin()).send().await;
    assert_eq!(revoke.json()["errors"][0]["pointer"], "/path/invitationId");
}

#[tokio::test]
async fn the_costs_are_as_published() {
    let app = app().await;
    let read = ("BatchGetItem".to_owned(), 3.0);
    let invitation = invite(&app, "a@b.example").await;
    let call = app.call("POST", &format!("{}/resend", path(&invitation))).user(owner());
    assert_eq!(cost(&app, call).await, [read.clone(), ("TransactWriteItems".to_owned(), 6.0)]);
    let call = app.call("DELETE", &path(&invitation)).user(owner());
    assert_eq!(cost(&app, call).await, [read, ("TransactWriteItems".to_owned(), 7.0)]);
    let list = cost(&app, app.get(&format!("{ACME}/invitations")).user(owner())).await;
    assert_eq!(list, [("BatchGetItem".to_owned(), 2.0), ("Query".to_owned(), 0.5)]);
    assert_eq!(demo::INVITED, "nadia@example.com");
}
