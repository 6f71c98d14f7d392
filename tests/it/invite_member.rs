//! Tests of `POST /organizations/{organizationId}/members/invite`.

use std::time::Duration;

use padron_domain::Role;
use padron_local::demo;
use padron_testkit::{TestApp, TestResponse};
use serde_json::{Value, json};

use crate::support::{ACME, admin, app, cost, member, owner, stored, token_with_email, user};

const INVITE: &str = "/organizations/550e8400-e29b-41d4-a716-446655440000/members/invite";

async fn invite(app: &TestApp, body: &Value) -> TestResponse {
    app.call("POST", INVITE).user(admin()).json(body).send().await
}

#[tokio::test]
async fn an_invitation_is_answered_with_its_token_once_and_lasts_a_week() {
    let app = TestApp::of(padron_api::endpoints())
        .variable("ACCEPT_URL", "https://app.example.com/join/{token}?from=padron")
        .build()
        .await;
    let app = crate::support::with_demo_data(app).await;
    let response = invite(&app, &json!({ "email": "Nuevo@Peña.Example", "role": "admin" })).await;
    assert_eq!(response.status, 201, "{}", response.text);
    let body = response.json();
    let token = body["token"].as_str().unwrap();
    assert_eq!(token.len(), 86, "organization, invitation and 32 random bytes");
    let expected = json!({
        "id": body["id"], "email": "nuevo@xn--pea-8ma.example", "role": "admin", "status": "pending",
        "invitedBy": demo::ADMIN, "createdAt": "2026-01-15T12:00:00.000Z",
        "expiresAt": "2026-01-22T12:00:00.000Z", "token": token,
        "acceptUrl": format!("https://app.example.com/join/{token}?from=padron"),
    });
    assert_eq!(body, expected);

    // The token appears nowhere else: not in a list, an event, a log line or an item.
    let mut everything = app.logged().join("\n");
    for path in [format!("{ACME}/invitations"), format!("{ACME}/events"), "/users/me/invitations".into()] {
        let token = token_with_email(&app, owner(), "nuevo@peña.example");
        everything.push_str(&app.get(&path).bearer(&token).send().await.text);
    }
    for recorded in app.recorded() {
        everything.push_str(&recorded.body.to_string());
        everything.push_str(&recorded.response.to_string());
    }
    assert!(everything.contains("nuevo@xn--pea-8ma.example"), "the search sees something");
    assert!(!everything.contains(token) && !everything.contains(&token[43..]));
}

#[tokio::test]
async fn without_a_page_of_yours_there_is_no_accept_url() {
    let app = app().await;
    let body = invite(&app, &json!({ "email": "a@b.example", "role": "member" })).await.json();
    assert_eq!(body.get("acceptUrl"), None);
}

#[tokio::test]
async fn inviting_again_replaces_token_and_role_under_the_same_id() {
    let app = app().await;
    let first = invite(&app, &json!({ "email": "a@b.example", "role": "member" })).await.json();
    app.clock.advance(Duration::from_secs(60));
    let call = app.call("POST", INVITE).user(owner());
    let second = call.json(&json!({ "email": "A@B.example", "role": "admin" })).send().await.json();
    assert_eq!(second["id"], first["id"], "one invitation per e-mail");
    assert_eq!((&second["role"], &second["invitedBy"]), (&json!("admin"), &json!(demo::OWNER)));
    assert_ne!(second["token"], first["token"]);
    let list = app.get(&format!("{ACME}/invitations")).user(owner()).send().await.json();
    assert_eq!(list.as_array().unwrap().len(), 2, "beside the demo's");
    let accept = async |token: &Value| {
        let bearer = token_with_email(&app, user(1), "a@b.example");
        let call = app.call("POST", "/invitations/accept").bearer(&bearer);
        call.json(&json!({ "token": token })).send().await
    };
    assert_eq!(accept(&first["token"]).await.problem(), "404 invitation_not_found", "the old token is dead");
    assert_eq!(accept(&second["token"]).await.json()["role"], "admin");
}

#[tokio::test]
async fn whoever_is_a_member_is_not_invited() {
    let app = app().await;
    for email in ["maria@acme.example", "MARIA@acme.EXAMPLE", "olivia@acme.example"] {
        let response = invite(&app, &json!({ "email": email, "role": "member" })).await;
        assert_eq!(response.problem(), "409 already_member", "{email}");
    }
    let path = format!("{ACME}/members/{}", demo::MEMBER);
    assert_eq!(app.call("DELETE", &path).user(owner()).send().await.status, 204);
    let response = invite(&app, &json!({ "email": "maria@acme.example", "role": "member" })).await;
    assert_eq!(response.status, 201, "once they are out they can be");
}

#[tokio::test]
async fn who_and_what_is_checked() {
    let app = app().await;
    let good = json!({ "email": "a@b.example", "role": "member" });
    let by_member = app.call("POST", INVITE).user(member()).json(&good).send().await;
    assert_eq!(by_member.problem(), "403 insufficient_role");
    for (body, pointer) in [
        (json!({ "email": "a@b.example" }), ""),
        (json!({ "role": "member" }), ""),
        (json!({ "email": "a@b.example", "role": "owner" }), "/role"),
        (json!({ "email": "a@b.example", "role": "root" }), "/role"),
        (json!({ "email": "nobody", "role": "member" }), "/email"),
        (json!({ "email": "ａ@b.example", "role": "member" }), "/email"),
        (json!({ "email": "ﬁ@b.example", "role": "member" }), "/email"),
        (json!({ "email": ["a@b.example"], "role": "member" }), "/email"),
        (json!({ "email": "a@b.example", "role": "member", "token": "x" }), "/token"),
        (json!(["a@b.example", "member"]), ""),
    ] {
        let response = invite(&app, &body).await;
        assert_eq!(response.problem(), "400 invalid_request", "{body}");
        assert_eq!(response.json()["errors"][0]["pointer"], pointer, "{body}");
    }
}

#[tokio::test]
async fn an_admin_who_is_one_no_more_invites_no_one() {
    let app = app().await;
    // The admin's membership changes after it was read and before the invitation is written.
    app.proxy.inject([
        padron_testkit::Fault::Delay(Duration::ZERO),
        padron_testkit::Fault::Delay(Duration::from_millis(300)),
    ]);
    let demote = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let acme = demo::organization(demo::ACME);
        let access = app.store().organization_access(acme, admin(), []).await.unwrap();
        let before = access.membership.unwrap();
        let after =
            padron_domain::Membership { role: Role::Member, version: before.version + 1, ..before.clone() };
        let data = padron_domain::EventData::MemberRoleUpdated {
            member_id: admin(),
            from: Role::Admin,
            to: Role::Member,
            limited_keys: Vec::new(),
        };
        let event = padron_domain::Event::new(acme, padron_domain::Actor::Operator, app.clock.now(), data);
        let keys = crate::support::keys_of(&app, admin()).await;
        app.store()
            .update_role(
                &before,
                &after,
                &keys,
                &padron_domain::Authority::Membership(before.clone()),
                &event,
            )
            .unwrap()
            .commit()
            .await
            .unwrap();
    };
    let good = json!({ "email": "a@b.example", "role": "admin" });
    let (response, ()) = tokio::join!(invite(&app, &good), demote);
    assert_eq!(response.problem(), "403 insufficient_role");
}

#[tokio::test]
async fn it_is_one_read_and_one_transaction_of_nine_units() {
    let app = app().await;
    let call = app.call("POST", INVITE).user(admin());
    let call = call.json(&json!({ "email": "a@b.example", "role": "member" }));
    assert_eq!(
        cost(&app, call).await,
        [("BatchGetItem".to_owned(), 3.0), ("TransactWriteItems".to_owned(), 9.0)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_two_who_invite_the_same_person_at_once_all_do() {
    let app = app().await;
    let body = json!({ "email": "wanted@b.example", "role": "member" });
    let answers = futures_util::future::join_all((0..32).map(|_| invite(&app, &body))).await;
    let statuses: Vec<u16> = answers.iter().map(|response| response.status).collect();
    assert_eq!(statuses, [201; 32], "each is decided once more until it is written");
    let tokens: std::collections::BTreeSet<_> =
        answers.iter().map(|response| response.json()["token"].as_str().unwrap().to_owned()).collect();
    assert_eq!(tokens.len(), 32);
    // Only the token of the last invitation is valid.
    let mut accepted = 0;
    for token in tokens {
        let bearer = token_with_email(&app, user(1), "wanted@b.example");
        let call = app.call("POST", "/invitations/accept").bearer(&bearer).json(&json!({ "token": token }));
        accepted += usize::from(call.send().await.status == 200);
    }
    assert_eq!(accepted, 1);
}

/// A request is retried until less than a third of its time is left.
#[tokio::test]
async fn what_changes_without_an_end_is_given_up_in_time() {
    let mut app = app().await;
    app.time_limit = Duration::from_secs(2);
    // The organization and the membership disagree about the owner, and nothing changes that.
    let (client, table) = app.raw_table();
    let mut organization = stored(&app, demo::ACME).await;
    organization.owner = user(5);
    let key = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
    let update = client
        .update_item()
        .table_name(table)
        .key("PK", key(&format!("ORG#{}", demo::ACME)))
        .key("SK", key("ORG"));
    let document = serde_json::to_string(&organization).unwrap();
    update
        .update_expression("SET #doc = :doc")
        .expression_attribute_names("#doc", "doc")
        .expression_attribute_values(":doc", key(&document))
        .send()
        .await
        .unwrap();
    let started = tokio::time::Instant::now();
    let response = app.call("PUT", ACME).user(owner()).json(&json!({ "name": "Never" })).send().await;
    assert_eq!(response.problem(), "409 concurrent_change");
    assert!(started.elapsed() < app.time_limit, "the response comes in time");
}
