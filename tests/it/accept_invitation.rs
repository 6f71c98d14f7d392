//! Tests of `POST /invitations/accept` and `POST /invitations/decline`.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use futures_util::future::join_all;
use padron_domain::{Plan, UserId};
use padron_local::{
    admin::{Limit, PlanChange, apply},
    demo,
};
use padron_testkit::{TestApp, TestResponse};
use serde_json::{Value, json};

use crate::support::{
    ACME, admin, app, cost, event_types, globex_owner, owner, stored, token_with_email, user, with_demo_data,
};

const EMAIL: &str = "nina@peña.example";

async fn invite(app: &TestApp, email: &str) -> Value {
    let call = app.call("POST", &format!("{ACME}/members/invite")).user(admin());
    let response = call.json(&json!({ "email": email, "role": "member" })).send().await;
    assert_eq!(response.status, 201, "{}", response.text);
    response.json()
}

async fn send(app: &TestApp, how: &str, user: UserId, email: &str, body: &Value) -> TestResponse {
    let bearer = token_with_email(app, user, email);
    app.call("POST", &format!("/invitations/{how}")).bearer(&bearer).json(body).send().await
}

async fn accept(app: &TestApp, user: UserId, email: &str, body: &Value) -> TestResponse {
    send(app, "accept", user, email, body).await
}

fn by_token(invitation: &Value) -> Value {
    json!({ "token": invitation["token"] })
}

fn by_id(invitation: &Value) -> Value {
    json!({ "organizationId": demo::ACME, "invitationId": invitation["id"] })
}

fn outcome(response: &TestResponse) -> String {
    if response.status < 300 { response.status.to_string() } else { response.problem() }
}

// 200

#[tokio::test]
async fn who_is_asked_joins_by_token_or_by_id_whatever_the_case_of_their_address() {
    for (body, email) in [
        (by_token as fn(&Value) -> Value, "nina@peña.example"),
        (by_token, "NINA@PEÑA.example"),
        (by_id, "Nina@xn--pea-8ma.example"),
    ] {
        let app = app().await;
        let invitation = invite(&app, EMAIL).await;
        app.clock.advance(Duration::from_secs(1));
        let response = accept(&app, user(1), email, &body(&invitation)).await;
        let expected = json!({
            "id": demo::ACME, "name": "Acme Corp", "slug": "acme-corp", "role": "member",
            "joinedAt": app.clock.now().to_string(),
        });
        assert_eq!((response.status, response.json()), (200, expected), "{email}");
        assert_eq!(app.get(ACME).user(user(1)).send().await.status, 200, "with the next request");
        let member = app.get(&format!("{ACME}/members/{}", user(1))).user(owner()).send().await.json();
        assert_eq!(member["user"]["email"], email, "as their claims have it");
        let members = app.get(&format!("{ACME}/members")).user(owner()).send().await;
        assert_eq!(members.header("x-total-count"), "4");
        let events = app.get(&format!("{ACME}/events?type=member.added")).user(owner()).send().await.json();
        assert_eq!(
            events[0]["data"],
            json!({ "memberId": user(1).to_string(), "role": "member", "invitationId": invitation["id"] })
        );
    }
}

#[tokio::test]
async fn who_declines_does_not_join_and_can_be_asked_again() {
    let app = app().await;
    let invitation = invite(&app, EMAIL).await;
    assert_eq!(send(&app, "decline", user(1), EMAIL, &by_id(&invitation)).await.status, 204);
    assert_eq!(app.get(ACME).user(user(1)).send().await.problem(), "403 not_a_member");
    for how in ["accept", "decline"] {
        let again = send(&app, how, user(1), EMAIL, &by_token(&invitation)).await;
        assert_eq!(again.problem(), "409 invitation_declined");
    }
    let again = invite(&app, EMAIL).await;
    assert_eq!(accept(&app, user(1), EMAIL, &by_token(&again)).await.status, 200);
}

// Refusals

#[tokio::test]
async fn accepting_and_declining_are_refused_with_the_same_codes() {
    let app = TestApp::of(padron_api::endpoints()).variable("JWT_ORGANIZATION_CLAIM", "org_id").build().await;
    let app = with_demo_data(app).await;
    for how in ["accept", "decline"] {
        let invitation = invite(&app, EMAIL).await;
        let path = format!("/invitations/{how}");
        let unverified = app.call("POST", &path).user(user(1)).json(&by_token(&invitation)).send().await;
        assert_eq!(unverified.problem(), "403 email_not_verified", "{how}");
        let mut claims = app.claims(user(1));
        claims["email"] = EMAIL.into();
        claims["email_verified"] = true.into();
        claims["org_id"] = demo::GLOBEX.into();
        let bound = app.call("POST", &path).bearer(&app.tokens.issuer.token(&claims));
        let bound = bound.json(&by_token(&invitation)).send().await;
        assert_eq!(bound.problem(), "403 organization_mismatch", "{how}");
    }
    let invitation = invite(&app, EMAIL).await;
    assert_eq!(accept(&app, user(1), EMAIL, &by_token(&invitation)).await.status, 200);
    let other = invite(&app, "other@peña.example").await;
    assert_eq!(app.call("DELETE", ACME).user(owner()).send().await.status, 204);
    for how in ["accept", "decline"] {
        let deleted = send(&app, how, user(2), "other@peña.example", &by_token(&other)).await;
        assert_eq!(deleted.problem(), "404 organization_not_found", "{how}");
    }
    assert_eq!(app.call("POST", &format!("{ACME}/restore")).user(owner()).send().await.status, 200);
    let answered = send(&app, "decline", user(1), EMAIL, &by_token(&invitation)).await;
    assert_eq!(answered.problem(), "409 invitation_accepted");
}

#[tokio::test]
async fn a_declined_invitation_can_be_neither_resent_nor_revoked() {
    let app = app().await;
    let invitation = invite(&app, EMAIL).await;
    assert_eq!(send(&app, "decline", user(1), EMAIL, &by_token(&invitation)).await.status, 204);
    let path = format!("{ACME}/invitations/{}", invitation["id"].as_str().unwrap());
    let resent = app.call("POST", &format!("{path}/resend")).user(admin()).send().await;
    assert_eq!(resent.problem(), "409 invitation_declined");
    let revoked = app.call("DELETE", &path).user(admin()).send().await;
    assert_eq!(revoked.problem(), "409 invitation_declined");
}

#[tokio::test]
async fn every_other_caller_and_token_is_refused_with_its_own_code_and_changes_nothing() {
    let app = app().await;
    let invitation = invite(&app, EMAIL).await;
    let token = invitation["token"].as_str().unwrap();
    let globex = app.call("POST", &format!("/organizations/{}/members/invite", demo::GLOBEX));
    let globex = globex.user(globex_owner()).json(&json!({ "email": EMAIL, "role": "member" }));
    let globex = globex.send().await.json();
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).unwrap();
    let tampered = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        json!({ "token": BASE64_URL_SAFE_NO_PAD.encode(bytes) })
    };
    // Combines the ids of Acme Corp's token with the secret of Globex's.
    let foreign = BASE64_URL_SAFE_NO_PAD.decode(globex["token"].as_str().unwrap()).unwrap();
    let spliced = json!({ "token": BASE64_URL_SAFE_NO_PAD.encode([&bytes[..32], &foreign[32..]].concat()) });
    let before = event_types(&app, demo::organization(demo::ACME)).await;
    for (body, email, expected) in [
        (by_token(&invitation), "other@peña.example", "403 invitation_email_mismatch"),
        (by_id(&invitation), "other@peña.example", "404 invitation_not_found"),
        (by_token(&invitation), "nina@pena.example", "403 invitation_email_mismatch"),
        (by_token(&invitation), "ｎina@peña.example", "403 invitation_email_mismatch"),
        (tampered(0), EMAIL, "404 invitation_not_found"),
        (tampered(20), EMAIL, "404 invitation_not_found"),
        (tampered(32), EMAIL, "404 invitation_not_found"),
        (tampered(63), EMAIL, "404 invitation_not_found"),
        (spliced, EMAIL, "404 invitation_not_found"),
        (json!({ "token": &token[..85] }), EMAIL, "400 invalid_request"),
        (json!({ "token": &token[..64] }), EMAIL, "400 invalid_request"),
        (json!({ "token": format!("{token}A") }), EMAIL, "400 invalid_request"),
        (json!({ "token": "" }), EMAIL, "400 invalid_request"),
        (json!({ "token": 7 }), EMAIL, "400 invalid_request"),
        (json!({}), EMAIL, "400 invalid_request"),
        (json!({ "invitationId": invitation["id"] }), EMAIL, "400 invalid_request"),
        (json!({ "organizationId": demo::ACME }), EMAIL, "400 invalid_request"),
        (
            json!({ "token": token, "organizationId": demo::ACME, "invitationId": invitation["id"] }),
            EMAIL,
            "400 invalid_request",
        ),
        (
            json!({ "organizationId": demo::GLOBEX, "invitationId": invitation["id"] }),
            EMAIL,
            "404 invitation_not_found",
        ),
        (
            json!({ "organizationId": user(9).to_string(), "invitationId": invitation["id"] }),
            EMAIL,
            "404 invitation_not_found",
        ),
    ] {
        for how in ["accept", "decline"] {
            let response = send(&app, how, user(1), email, &body).await;
            assert_eq!(response.problem(), expected, "{how} {body} as {email}");
            assert!(!response.text.contains(token));
        }
    }
    for claims in [json!({ "email": EMAIL }), json!({ "email": EMAIL, "email_verified": false }), json!({})] {
        let mut all = app.claims(user(1));
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        let bearer = app.tokens.issuer.token(&all);
        let call = app.call("POST", "/invitations/accept").bearer(&bearer).json(&by_token(&invitation));
        assert_eq!(call.send().await.problem(), "403 email_not_verified");
    }
    assert_eq!(event_types(&app, demo::organization(demo::ACME)).await, before);
    assert_eq!(accept(&app, user(1), EMAIL, &by_token(&invitation)).await.status, 200, "it is as it was");
    assert_eq!(
        accept(&app, user(1), EMAIL, &by_token(&invitation)).await.problem(),
        "409 invitation_accepted"
    );
}

#[tokio::test]
async fn time_and_the_organization_s_end_are_told_apart() {
    let app = app().await;
    let invitation = invite(&app, EMAIL).await;
    assert_eq!(app.call("DELETE", ACME).user(owner()).send().await.status, 204);
    for body in [by_token(&invitation), by_id(&invitation)] {
        let gone = accept(&app, user(1), EMAIL, &body).await;
        assert_eq!(gone.problem(), "404 organization_not_found");
    }
    assert_eq!(app.call("POST", &format!("{ACME}/restore")).user(owner()).send().await.status, 200);
    app.clock.advance(Duration::from_secs(7 * 24 * 60 * 60));
    for body in [by_token(&invitation), by_id(&invitation)] {
        assert_eq!(accept(&app, user(1), EMAIL, &body).await.problem(), "409 invitation_expired");
        let declined = send(&app, "decline", user(1), EMAIL, &body).await;
        assert_eq!(declined.problem(), "409 invitation_expired");
    }
}

#[tokio::test]
async fn an_organization_deleted_between_the_read_and_the_write_is_joined_by_no_one() {
    let app = app().await;
    let invitation = invite(&app, EMAIL).await;
    app.proxy.inject([
        padron_testkit::Fault::Delay(Duration::ZERO),
        padron_testkit::Fault::Delay(Duration::from_millis(300)),
    ]);
    let delete = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let mut acme = stored(&app, demo::ACME).await;
        acme.deleted_at = Some(app.clock.now());
        acme.mark_updated(app.clock.now());
        let what = padron_domain::EventData::OrganizationDeleted { restorable_until: app.clock.now() };
        let event = padron_domain::Event::new(acme.id, padron_domain::Actor::Operator, app.clock.now(), what);
        app.store().delete_organization(&acme, &event).unwrap().commit().await.unwrap();
    };
    let body = by_token(&invitation);
    let (response, ()) = tokio::join!(accept(&app, user(1), EMAIL, &body), delete);
    assert_eq!(response.problem(), "404 organization_not_found", "not that there is no seat");
}

#[tokio::test]
async fn whoever_is_a_member_already_does_not_join_again() {
    let app = app().await;
    let invitation = invite(&app, EMAIL).await;
    let response = accept(&app, admin(), EMAIL, &by_token(&invitation)).await;
    assert_eq!(response.problem(), "409 already_member", "with another address of theirs");
    let path = format!("{ACME}/members/{}", demo::ADMIN);
    assert_eq!(app.get(&path).user(owner()).send().await.json()["role"], "admin");
}

// Concurrency

#[tokio::test]
async fn of_thirty_two_tries_one_accepts() {
    for body in [by_token, by_id] {
        let app = app().await;
        let invitation = invite(&app, EMAIL).await;
        app.proxy.conflict_every(Some(3));
        let body = body(&invitation);
        let answers = join_all((0..32).map(|_| accept(&app, user(1), EMAIL, &body))).await;
        let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
        for response in &answers {
            *outcomes.entry(outcome(response)).or_default() += 1;
        }
        let expected = [("200".to_owned(), 1), ("409 invitation_accepted".to_owned(), 31)];
        assert_eq!(outcomes, BTreeMap::from(expected));
        let members = app.get(&format!("{ACME}/members")).user(owner()).send().await;
        assert_eq!((members.header("x-total-count"), members.json().as_array().unwrap().len()), ("4", 4));
    }
}

#[tokio::test]
async fn of_two_accounts_with_the_address_one_accepts() {
    let app = app().await;
    let invitation = invite(&app, EMAIL).await;
    let body = by_token(&invitation);
    let answers = join_all((0..8).map(|number| accept(&app, user(number), EMAIL, &body))).await;
    let winners = answers.iter().filter(|response| response.status == 200).count();
    assert_eq!(winners, 1);
    assert!(answers.iter().all(|response| response.status == 200 || response.status == 409), "{answers:?}");
}

#[tokio::test]
async fn the_last_seat_is_given_once() {
    let app = app().await;
    let mut invitations = Vec::new();
    for number in 0..32 {
        invitations.push(invite(&app, &format!("n{number}@b.example")).await);
    }
    let change = PlanChange {
        organization: demo::organization(demo::ACME),
        plan: Plan::Free,
        seats: Some(Limit::AtMost(4)),
    };
    apply(&app.store(), change, &app.clock).await.unwrap();
    app.proxy.conflict_every(Some(3));
    let bodies: Vec<Value> = invitations.iter().map(by_token).collect();
    let answers = join_all((0..32).map(|number| {
        let body = &bodies[number];
        let app = &app;
        async move { accept(app, user(number as u128), &format!("n{number}@b.example"), body).await }
    }))
    .await;
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for response in &answers {
        *outcomes.entry(outcome(response)).or_default() += 1;
    }
    let expected = [("200".to_owned(), 1), ("409 seat_limit_reached".to_owned(), 31)];
    assert_eq!(outcomes, BTreeMap::from(expected));
    let loser = answers.iter().position(|response| response.status == 409).unwrap();
    let change = PlanChange { seats: Some(Limit::Unlimited), ..change };
    apply(&app.store(), change, &app.clock).await.unwrap();
    let email = format!("n{loser}@b.example");
    let later = accept(&app, user(loser as u128), &email, &bodies[loser]).await;
    assert_eq!(later.status, 200, "whose invitation stays open");
}

#[tokio::test]
async fn the_costs_are_as_published() {
    let app = app().await;
    let read = ("BatchGetItem".to_owned(), 3.0);
    let invitation = invite(&app, EMAIL).await;
    let bearer = token_with_email(&app, user(1), EMAIL);
    let call = app.call("POST", "/invitations/accept").bearer(&bearer).json(&by_token(&invitation));
    assert_eq!(cost(&app, call).await, [read.clone(), ("TransactWriteItems".to_owned(), 16.0)]);
    let invitation = invite(&app, "b@b.example").await;
    let bearer = token_with_email(&app, user(2), "b@b.example");
    let call = app.call("POST", "/invitations/decline").bearer(&bearer).json(&by_token(&invitation));
    assert_eq!(cost(&app, call).await, [read, ("TransactWriteItems".to_owned(), 5.0)]);
}

#[tokio::test]
async fn accepting_is_told_as_an_invitation_and_as_a_membership() {
    let app = app().await;
    let invitation = invite(&app, EMAIL).await;
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(accept(&app, user(1), EMAIL, &by_token(&invitation)).await.status, 200);
    let events = app.get(&format!("{ACME}/events")).user(owner()).send().await.json();
    let types: Vec<_> =
        events.as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["member.added", "invite.accepted", "invite.created"], "newest first");
    assert_eq!(
        events[1]["data"],
        json!({ "invitationId": invitation["id"], "memberId": user(1).to_string() })
    );
    assert_eq!(events[0]["data"]["invitationId"], invitation["id"]);
    assert_eq!(events[0]["createdAt"], events[1]["createdAt"]);
    for kind in ["invite.accepted", "member.added"] {
        let found = app.get(&format!("{ACME}/events?type={kind}")).user(owner()).send().await.json();
        assert_eq!(found.as_array().unwrap().len(), 1, "{kind}");
    }
}

/// An invitation's id can be computed from an organization and an email address. It must reveal nothing to other callers.
#[tokio::test]
async fn ids_tell_no_one_whether_an_address_was_invited() {
    let app = app().await;
    let invitation = invite(&app, EMAIL).await;
    let declined = invite(&app, "declined@b.example").await;
    let decline = send(&app, "decline", user(2), "declined@b.example", &by_token(&declined)).await;
    assert_eq!(decline.status, 204);
    let id = |email: &str| {
        let email = padron_domain::Email::parse(email).unwrap();
        padron_domain::InvitationId::of(demo::organization(demo::ACME), &email).to_string()
    };
    assert_eq!(json!(id(EMAIL)), invitation["id"]);
    for how in ["accept", "decline"] {
        let mut answers = Vec::new();
        for email in [EMAIL, "declined@b.example", "nobody@b.example", demo::INVITED] {
            let body = json!({ "organizationId": demo::ACME, "invitationId": id(email) });
            let response = send(&app, how, user(1), "spy@b.example", &body).await;
            assert_eq!(response.problem(), "404 invitation_not_found", "{how} {email}");
            let mut problem = response.json();
            problem["requestId"] = json!(null);
            answers.push(problem);
        }
        assert!(answers.iter().all(|response| *response == answers[0]), "byte for byte the same");
        // A caller with the token learns that their email address does not match.
        let response = send(&app, how, user(1), "spy@b.example", &by_token(&invitation)).await;
        assert_eq!(response.problem(), "403 invitation_email_mismatch");
    }
}
