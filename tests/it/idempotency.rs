//! Tests of `Idempotency-Key`: a repeated request gets the original response and takes effect once.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use padron_domain::{OrganizationId, UserId};
use padron_http::{Method, Registration};
use padron_local::demo;
use padron_testkit::{Call, Fault, Recorded, TestApp, TestResponse};
use serde_json::{Value, json};

use crate::support::{ACME, admin, app, app_for_sample, event_types, owner, sample_request, sized, stranger};

/// Returns every endpoint that accepts an idempotency key, with the type of the event it writes.
fn endpoints_with_key() -> Vec<(&'static Registration, &'static str)> {
    let posts = padron_api::endpoints().filter(|endpoint| endpoint.route.method == Some(Method::Post));
    // A bulk invitation consists of many independent writes.
    let posts = posts.filter(|endpoint| endpoint.route.function != "invite-members");
    // A validation and a report response the same however often they are sent.
    let posts = posts.filter(|endpoint| !endpoint.requires_key && !endpoint.is_public);
    // Cyrexa's searches write nothing. A ping, a retry and a replay are sent each time. An import
    // and a bulk request find what they have written.
    let posts = posts.filter(|endpoint| !endpoint.route.function.starts_with("cyrexa-get-"));
    let posts = posts.filter(|endpoint| {
        !["ping-webhook", "retry-delivery", "replay-events", "import-customers", "cyrexa-create-bulk"]
            .contains(&endpoint.route.function)
    });
    posts
        .map(|endpoint| {
            let event = match endpoint.route.function {
                "create-api-key" => "api_key.created",
                "rotate-api-key" => "api_key.rotated",
                "create-organization" => "organization.created",
                "restore-organization" => "organization.restored",
                "transfer-organization" => "organization.transferred",
                "invite-member" => "invite.created",
                "resend-invitation" => "invite.resent",
                "accept-invitation" => "member.added",
                "decline-invitation" => "invite.declined",
                "create-customer" | "spirii-create-customer" | "cyrexa-create" => "customer.created",
                "cyrexa-update-status" => "customer.updated",
                "create-webhook" => "webhook.created",
                "rotate-webhook-secret" => "webhook.secret_rotated",
                "create-oauth-app" => "oauth_app.created",
                "rotate-oauth-app-secret" => "oauth_app.secret_rotated",
                other => panic!("say here what {other} writes"),
            };
            (endpoint, event)
        })
        .collect()
}

/// Returns the endpoint's sample request from its usual caller, with this idempotency key.
fn sample(app: &TestApp, endpoint: &'static Registration, key: &str) -> Value {
    let mut event = sample_request(app, endpoint);
    event["headers"]["idempotency-key"] = json!(key);
    event
}

async fn send(app: &TestApp, endpoint: &'static Registration, event: &Value) -> TestResponse {
    app.response(endpoint, &event.to_string()).await
}

/// Returns status, body and headers, without the headers that differ between the original response and its replay.
fn comparable(response: &TestResponse) -> (u16, String, BTreeMap<String, String>) {
    let mut headers = response.headers.clone();
    headers.remove("idempotent-replayed");
    headers.remove("x-request-id");
    (response.status, response.text.clone(), headers)
}

/// Returns how often the event was written in the organization of the response.
async fn event_count(app: &TestApp, response: &TestResponse, event: &str) -> usize {
    let organization = match event {
        "organization.created" => OrganizationId::parse(response.json()["id"].as_str().unwrap()).unwrap(),
        _ => demo::organization(demo::ACME),
    };
    event_types(app, organization).await.iter().filter(|name| *name == event).count()
}

#[tokio::test]
async fn a_request_sent_again_is_answered_as_it_was_and_done_once() {
    for (endpoint, event_type) in endpoints_with_key() {
        let app = app_for_sample(endpoint).await;
        let event = sample(&app, endpoint, "one");
        let first = send(&app, endpoint, &event).await;
        assert!((200..300).contains(&first.status), "{first:?}");
        assert_eq!(first.header("idempotent-replayed"), "");
        app.clock.advance(Duration::from_secs(60));
        for _ in 0..2 {
            let again = send(&app, endpoint, &event).await;
            assert_eq!(comparable(&again), comparable(&first), "{}", endpoint.route.function);
            assert_eq!(again.header("idempotent-replayed"), "true");
        }
        let mut quoted = event.clone();
        quoted["headers"]["idempotency-key"] = json!("\"one\"");
        assert_eq!(
            comparable(&send(&app, endpoint, &quoted).await),
            comparable(&first),
            "the same key in quotes"
        );
        assert_eq!(event_count(&app, &first, event_type).await, 1);
    }
}

#[tokio::test]
async fn an_answer_that_was_lost_on_the_way_is_had_by_asking_again() {
    for (endpoint, event_type) in endpoints_with_key() {
        // The reads are answered. Every response of the transaction and of its retries is lost.
        let twin = app_for_sample(endpoint).await;
        twin.recorded();
        send(&twin, endpoint, &sample(&twin, endpoint, "lost")).await;
        let is_write = |request: &Recorded| request.operation == "TransactWriteItems";
        let reads = twin.recorded().iter().position(is_write).expect("a write");
        let mut app = app_for_sample(endpoint).await;
        let event = sample(&app, endpoint, "lost");
        app.time_limit = Duration::from_millis(900);
        app.proxy.inject(vec![Fault::Delay(Duration::ZERO); reads]);
        app.proxy.always(Some(Fault::LostResponse));
        let lost = send(&app, endpoint, &event).await;
        assert_eq!(lost.problem(), "503 service_unavailable", "{}", endpoint.route.function);
        app.proxy.always(None);
        app.time_limit = Duration::from_secs(9);
        let again = send(&app, endpoint, &event).await;
        assert!((200..300).contains(&again.status), "{again:?}");
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(event_count(&app, &again, event_type).await, 1, "{}", endpoint.route.function);
        assert_eq!(comparable(&send(&app, endpoint, &event).await), comparable(&again));
    }
}

#[tokio::test]
async fn many_at_once_under_one_key_are_one() {
    for (endpoint, event_type) in endpoints_with_key() {
        let app = app_for_sample(endpoint).await;
        app.proxy.conflict_every(Some(5));
        let event = sample(&app, endpoint, "together");
        let answers =
            futures_util::future::join_all((0..sized(32, 8)).map(|_| send(&app, endpoint, &event))).await;
        assert!((200..300).contains(&answers[0].status), "{:?}", answers[0]);
        for response in &answers {
            assert_eq!(comparable(response), comparable(&answers[0]), "{}", endpoint.route.function);
        }
        assert_eq!(
            answers.iter().filter(|response| response.header("idempotent-replayed").is_empty()).count(),
            1
        );
        assert_eq!(event_count(&app, &answers[0], event_type).await, 1);
    }
}

#[tokio::test]
async fn another_body_under_the_same_key_is_refused() {
    for (endpoint, event_type) in endpoints_with_key() {
        let app = app_for_sample(endpoint).await;
        let event = sample(&app, endpoint, "one");
        let first = send(&app, endpoint, &event).await;
        for body in [json!("{}"), json!(" "), json!("{\"name\":\"Other\",\"slug\":\"other\"}")] {
            let mut other = event.clone();
            other["body"] = body;
            assert_eq!(send(&app, endpoint, &other).await.problem(), "422 idempotency_key_reused");
        }
        assert_eq!(event_count(&app, &first, event_type).await, 1);
    }
}

#[tokio::test]
async fn a_byte_order_mark_does_not_make_all_bodies_alike() {
    let app = app().await;
    let token = app.token(owner());
    let create = async |name: &str| {
        let person = json!({ "customerType": "Organization", "customerName": name });
        let call = app.call("POST", "/customer/create").bearer(&token).header("token", &token);
        let call = call.header("tenantid", demo::ACME).header("idempotency-key", "marked");
        call.header("content-type", "application/json").body(format!("\u{feff}{person}")).send().await
    };
    let first = create("One").await;
    assert_eq!(first.status, 201, "{first:?}");
    assert_eq!(create("One").await.header("idempotent-replayed"), "true");
    assert_eq!(create("Two").await.problem(), "422 idempotency_key_reused");
}

fn create<'a>(app: &'a TestApp, user: UserId, key: &str, slug: &str) -> Call<'a> {
    let call = app.call("POST", "/organizations").user(user).header("idempotency-key", key);
    call.json(&json!({ "name": "Abc", "slug": slug }))
}

#[tokio::test]
async fn the_key_of_one_caller_never_answers_another() {
    let app = app().await;
    let first = create(&app, owner(), "shared", "abc").send().await;
    assert_eq!(first.status, 201);
    let other = create(&app, stranger(), "shared", "abc").send().await;
    assert_eq!(other.problem(), "409 slug_taken", "decided for themselves");
    assert_eq!(create(&app, stranger(), "shared", "abcd").send().await.json()["ownerId"], demo::STRANGER);
}

#[tokio::test]
async fn a_key_belongs_to_its_route_and_organization() {
    let app = app().await;
    assert_eq!(create(&app, owner(), "k", "abc").send().await.status, 201);
    let transfer = app.call("POST", &format!("{ACME}/transfer")).user(owner()).header("idempotency-key", "k");
    let transfer = transfer.json(&json!({ "userId": demo::ADMIN })).send().await;
    assert_eq!((transfer.status, &transfer.json()["ownerId"]), (200, &json!(demo::ADMIN)));
}

#[tokio::test]
async fn a_replay_needs_membership_but_no_role() {
    let app = app().await;
    let transfer = || {
        let call = app.call("POST", &format!("{ACME}/transfer")).user(owner());
        call.header("idempotency-key", "hand-over").json(&json!({ "userId": demo::ADMIN }))
    };
    let first = transfer().send().await;
    assert_eq!(first.status, 200);
    let again = transfer().send().await;
    assert_eq!(comparable(&again), comparable(&first), "though the caller is the owner no more");
    let path = format!("{ACME}/members/{}", demo::OWNER);
    assert_eq!(app.call("DELETE", &path).user(admin()).send().await.status, 204);
    assert_eq!(transfer().send().await.problem(), "403 not_a_member");
}

#[tokio::test]
async fn a_kept_token_of_an_invitation_is_for_admins() {
    let app = app().await;
    let invite = || {
        let call = app.call("POST", &format!("{ACME}/members/invite")).user(admin());
        call.header("idempotency-key", "ask").json(&json!({ "email": "nina@example.com", "role": "member" }))
    };
    let first = invite().send().await;
    assert_eq!(first.status, 201);
    assert_eq!(comparable(&invite().send().await), comparable(&first));
    let path = format!("{ACME}/members/{}/role", admin());
    let demoted = app.call("PUT", &path).user(owner()).json(&json!({ "role": "member" })).send().await;
    assert_eq!(demoted.status, 200);
    assert_eq!(invite().send().await.problem(), "403 insufficient_role");
}

#[tokio::test]
async fn failures_are_not_kept() {
    let app = app().await;
    assert_eq!(create(&app, owner(), "retry", "acme-corp").send().await.problem(), "409 slug_taken");
    assert_eq!(create(&app, owner(), "retry", "abc").send().await.status, 201, "another body, even");
}

#[tokio::test]
async fn an_answer_is_kept_for_a_day() {
    let app = app().await;
    let first = create(&app, owner(), "daily", "abc").send().await;
    app.clock.advance(Duration::from_secs(24 * 60 * 60 - 1));
    assert_eq!(comparable(&create(&app, owner(), "daily", "abc").send().await), comparable(&first));
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(create(&app, owner(), "daily", "abc").send().await.problem(), "409 slug_taken");
    assert_eq!(
        create(&app, owner(), "daily", "abcd").send().await.status,
        201,
        "though DynamoDB has it still"
    );
    assert_eq!(create(&app, owner(), "daily", "abcd").send().await.header("idempotent-replayed"), "true");
}

#[tokio::test]
async fn a_key_has_a_form() {
    let app = app().await;
    for key in ["", "\"\"", "\"", &"k".repeat(256)] {
        let response = create(&app, owner(), key, "abc").send().await;
        assert_eq!(response.problem(), "400 invalid_request", "{key}");
        assert_eq!(response.json()["errors"][0]["pointer"], "/headers/Idempotency-Key");
        let path = format!("{ACME}/transfer");
        let transfer = app.call("POST", &path).user(stranger()).header("idempotency-key", key).send().await;
        assert_eq!(transfer.problem(), "403 not_a_member", "who asks comes first");
    }
    assert_eq!(create(&app, owner(), &"k".repeat(255), "abc").send().await.status, 201);
}

#[tokio::test]
async fn neither_key_nor_body_nor_answer_stands_in_the_table() {
    let app = app().await;
    app.recorded();
    assert_eq!(create(&app, owner(), "my-secret-key", "plain-slug").send().await.status, 201);
    let writes = app.recorded().pop().unwrap().body["TransactItems"].as_array().unwrap().clone();
    let record = writes.iter().find(|write| write["Put"]["Item"]["entity"]["S"] == "idempotency").unwrap();
    let text = record.to_string();
    for secret in ["my-secret-key", "plain-slug", demo::OWNER] {
        assert!(!text.contains(secret), "{secret}");
    }
    let ttl: i64 = record["Put"]["Item"]["ttl"]["N"].as_str().unwrap().parse().unwrap();
    assert_eq!(ttl, app.clock.now().seconds() + 24 * 60 * 60);
}

#[tokio::test]
async fn a_body_is_the_same_whether_the_gateway_encodes_it_or_not() {
    for (endpoint, _) in endpoints_with_key() {
        let app = app_for_sample(endpoint).await;
        let plain = sample(&app, endpoint, "k");
        let mut encoded = plain.clone();
        encoded["body"] = json!(BASE64_STANDARD.encode(plain["body"].as_str().unwrap_or_default()));
        encoded["isBase64Encoded"] = json!(true);
        let first = send(&app, endpoint, &plain).await;
        let again = send(&app, endpoint, &encoded).await;
        let function = endpoint.route.function;
        assert_eq!(again.header("idempotent-replayed"), "true", "{function}: {}", again.text);
        assert_eq!(again.text, first.text, "{function}");
    }
}

#[tokio::test]
async fn a_kept_answer_shows_an_account_number_to_those_who_may_see_it_now() {
    let app = app().await;
    let body = json!({
        "name": "Paid", "type": "Business", "country": "DK", "contactDetails": {}, "ownerId": 3_559_189_708_800_000_u64,
        "payoutInformation": { "iban": "DK5000400440116243", "bankAccount": "0440116243", "swiftCode": "DABADKKK" },
    });
    let create = async || {
        let call = app.call("POST", "/v2/customers").user(admin()).header("idempotency-key", "k").json(&body);
        call.send().await
    };
    let first = create().await;
    assert_eq!(first.json()["payoutInformation"]["iban"], "DK5000400440116243");
    let again = create().await;
    assert_eq!(
        (again.header("idempotent-replayed"), &again.text),
        ("true", &first.text),
        "as it was, to the letter"
    );
    let path = format!("{ACME}/members/{}/role", admin());
    let demoted = app.call("PUT", &path).user(owner()).json(&json!({ "role": "member" })).send().await;
    assert_eq!(demoted.status, 200);
    let replayed = create().await;
    assert_eq!((replayed.status, replayed.header("idempotent-replayed")), (201, "true"));
    assert!(
        !replayed.text.contains("DK5000400440116243") && !replayed.text.contains("0440116243"),
        "{}",
        replayed.text
    );
    assert_ne!(replayed.header("etag"), first.header("etag"), "of another body");
    let payout = replayed.json()["payoutInformation"].clone();
    assert_eq!((&payout["iban"], &payout["swiftCode"]), (&json!("****6243"), &json!("DABADKKK")));
    let read = app.get("/v2/customers?search=Paid").user(admin()).send().await.json()["data"][0].clone();
    assert_eq!(read["payoutInformation"], payout, "what their role sees now");
    let promoted = app.call("PUT", &path).user(owner()).json(&json!({ "role": "admin" })).send().await;
    assert_eq!(promoted.status, 200);
    assert_eq!(create().await.text, first.text);
}
