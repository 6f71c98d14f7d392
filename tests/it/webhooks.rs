//! Tests of webhooks: how they are made, changed and ended, and how the messages that they get are signed.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use padron_domain::{ApiKey, ApiKeyId, Role, Scope, Scopes, UserId};
use padron_local::demo;
use padron_store::Secrets;
use padron_testkit::{Received, Receiver, ReceiverResponse, TestApp};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::support::{
    ACME, admin, api_key, cost, event_types, everything, globex_owner, install_key, member, owner, pairs,
    with_demo_data, wrong,
};

const WEBHOOKS: &str = "/organizations/550e8400-e29b-41d4-a716-446655440000/webhooks";
const URL: &str = "https://hooks.acme.invalid/padron";

/// Starts the API of an installation.
async fn app() -> TestApp {
    crate::support::app().await
}

/// Starts the API of a local stack, whose webhooks may lead to this machine.
async fn local_app() -> TestApp {
    let app = TestApp::of(padron_api::endpoints()).variable("WEBHOOK_TARGETS", "local").build().await;
    with_demo_data(app).await
}

/// Creates a webhook, and returns the response's body.
async fn create(app: &TestApp, by: UserId, body: Value) -> Value {
    let response = app.call("POST", WEBHOOKS).user(by).json(&body).send().await;
    assert_eq!(response.status, 201, "{response:?}");
    response.json()
}

/// Returns the path of a created webhook.
fn path(created: &Value) -> String {
    format!("{WEBHOOKS}/{}", created["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_webhook_is_created_read_listed_and_deleted() {
    let app = app().await;
    let body = json!({ "url": URL, "events": ["member.added", "organization.updated"] });
    let response = app.call("POST", WEBHOOKS).user(admin()).json(&body).send().await;
    assert_eq!(response.status, 201, "{response:?}");
    let mut created = response.json();
    assert_eq!(response.location(), path(&created));
    let secret = created.as_object_mut().unwrap().remove("secret").unwrap();
    let secret = secret.as_str().unwrap().strip_prefix("whsec_").unwrap();
    assert_eq!(BASE64_STANDARD.decode(secret).unwrap().len(), 32);
    let public_key = created["publicKey"].as_str().unwrap().strip_prefix("whpk_").unwrap();
    assert_eq!(BASE64_STANDARD.decode(public_key).unwrap().len(), 32);
    for (name, value) in [
        ("organizationId", json!(demo::ACME)),
        ("url", json!(URL)),
        ("events", json!(["member.added", "organization.updated"])),
        ("fields", json!([])),
        ("description", json!(null)),
        ("concurrency", json!(4)),
        ("isActive", json!(true)),
        ("disabledReason", json!(null)),
        ("createdAt", json!("2026-01-15T12:00:00.000Z")),
        ("updatedAt", json!("2026-01-15T12:00:00.000Z")),
    ] {
        assert_eq!(created[name], value, "{name}");
    }
    let read = app.get(&path(&created)).user(admin()).send().await;
    assert_eq!(read.json(), created, "without the secret");
    assert!(read.header("etag").starts_with("\"1."));
    app.clock.advance(Duration::from_secs(1));
    let second = create(&app, owner(), body).await;
    let listed = app.get(WEBHOOKS).user(admin()).send().await.json();
    let ids: Vec<&Value> = listed.as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert_eq!(ids, [&created["id"], &second["id"]], "oldest first");
    assert_eq!(listed[0], created);
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(app.call("DELETE", &path(&created)).user(admin()).send().await.status, 204);
    for call in [app.get(&path(&created)), app.call("DELETE", &path(&created))] {
        assert_eq!(call.user(admin()).send().await.problem(), "404 webhook_not_found");
    }
    let types = event_types(&app, demo::organization(demo::ACME)).await;
    assert_eq!(types, ["webhook.deleted", "webhook.created", "webhook.created"]);
}

#[tokio::test]
async fn everything_but_the_settings_that_are_meant_is_refused() {
    let app = app().await;
    let refused = async |change: Value| {
        let mut body = json!({ "url": URL, "events": ["*"] });
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        wrong(&app.call("POST", WEBHOOKS).user(owner()).json(&body).send().await)
    };
    for (url, code) in [
        ("http://hooks.acme.invalid/", "not_https"),
        ("https://a:b@hooks.acme.invalid/", "has_credentials"),
        ("https://hooks.acme.invalid/#a", "has_fragment"),
        ("https://127.0.0.1/", "ip_literal"),
        ("https://2130706433/", "ip_literal"),
        ("https://[::ffff:7f00:1]/", "ip_literal"),
        ("https://hooks.acme.invalid:9001/", "port_not_allowed"),
        ("https://localhost/", "not_public"),
        ("hooks", "invalid_format"),
    ] {
        assert_eq!(refused(json!({ "url": url })).await, pairs(&[("/url", code)]), "{url}");
    }
    for (change, pointer, code) in [
        (json!({ "events": [] }), "/events", "invalid_length"),
        (json!({ "events": vec!["*"; 101] }), "/events", "invalid_length"),
        (json!({ "events": ["*", "member.lost"] }), "/events/1", "unknown_event"),
        (json!({ "fields": vec!["name"; 51] }), "/fields", "too_many"),
        (json!({ "fields": ["name", ""] }), "/fields/1", "invalid_length"),
        (json!({ "description": "x".repeat(501) }), "/description", "invalid_length"),
        (json!({ "concurrency": 0 }), "/concurrency", "out_of_range"),
        (json!({ "concurrency": 11 }), "/concurrency", "out_of_range"),
        (json!({ "secret": "whsec_x" }), "/secret", "unknown_field"),
        (json!({ "organizationId": demo::GLOBEX }), "/organizationId", "unknown_field"),
    ] {
        assert_eq!(refused(change.clone()).await, pairs(&[(pointer, code)]), "{change}");
    }
    let all = refused(json!({ "url": "x", "events": ["x"], "concurrency": 0 })).await;
    assert_eq!(all.len(), 3, "all at once: {all:?}");
}

#[tokio::test]
async fn the_last_webhook_can_be_deleted_and_another_one_be_created() {
    let app = app().await;
    for _ in 0..3 {
        let created = create(&app, owner(), json!({ "url": URL, "events": ["*"] })).await;
        assert_eq!(app.call("DELETE", &path(&created)).user(owner()).send().await.status, 204);
        assert_eq!(app.get(WEBHOOKS).user(owner()).send().await.json(), json!([]));
    }
}

#[tokio::test]
async fn an_organization_has_at_most_twenty() {
    let app = app().await;
    let body = json!({ "url": URL, "events": ["*"] });
    for _ in 0..20 {
        create(&app, owner(), body.clone()).await;
    }
    let full = app.call("POST", WEBHOOKS).user(owner()).json(&body).send().await;
    assert_eq!(full.problem(), "409 webhook_limit_reached");
    assert_eq!(app.get(WEBHOOKS).user(owner()).send().await.json().as_array().unwrap().len(), 20);
}

#[tokio::test]
async fn admins_of_the_organization_manage_webhooks_and_nobody_else() {
    let app = app().await;
    let created = create(&app, owner(), json!({ "url": URL, "events": ["*"] })).await;
    let calls = |user: UserId| {
        let path = path(&created);
        [
            app.get(WEBHOOKS).user(user),
            app.get(&path).user(user),
            app.call("PUT", &path).user(user).json(&json!({ "isActive": false })),
            app.call("POST", &format!("{path}/secret")).user(user),
            app.call("POST", &format!("{path}/ping")).user(user),
            app.call("DELETE", &path).user(user),
        ]
    };
    for call in calls(member()) {
        assert_eq!(call.send().await.problem(), "403 insufficient_role");
    }
    for call in calls(globex_owner()) {
        assert_eq!(call.send().await.problem(), "403 not_a_member");
    }
    // The webhook of another organization is an unknown one.
    let foreign = path(&created).replace(demo::ACME, demo::GLOBEX);
    assert_eq!(app.get(&foreign).user(globex_owner()).send().await.problem(), "404 webhook_not_found");
    // A key reads or writes as its scopes say.
    let key = ApiKey { scopes: Scopes::of(&[Scope::ReadWebhooks]), ..api_key(&app, Role::Admin) };
    let reader = install_key(&app, &key).await;
    assert_eq!(app.get(WEBHOOKS).key(&reader).send().await.status, 200);
    let write = app.call("DELETE", &path(&created)).key(&reader).send().await;
    assert_eq!(write.problem(), "403 insufficient_scope");
    let id = ApiKeyId::at(app.clock.now());
    let key = ApiKey { id, scopes: Scopes::of(&[Scope::WriteWebhooks]), ..api_key(&app, Role::Admin) };
    let writer = install_key(&app, &key).await;
    assert_eq!(app.call("DELETE", &path(&created)).key(&writer).send().await.status, 204);
}

#[tokio::test]
async fn a_webhook_is_changed_field_by_field() {
    let app = app().await;
    let created = create(&app, owner(), json!({ "url": URL, "events": ["*"], "description": "d" })).await;
    let put = async |body: Value| app.call("PUT", &path(&created)).user(owner()).json(&body).send().await;
    for required in ["url", "events", "concurrency", "isActive"] {
        let pointer = format!("/{required}");
        assert_eq!(wrong(&put(json!({ required: null })).await), pairs(&[(&pointer, "required")]));
    }
    assert!(
        put(json!({ "url": URL, "isActive": true })).await.header("etag").starts_with("\"1."),
        "unchanged"
    );
    let changes = json!({
        "url": "https://other.acme.invalid:8443/a", "events": ["customer.*"], "fields": ["legalName"],
        "description": null, "concurrency": 1, "isActive": false,
    });
    let changed = put(changes.clone()).await;
    assert!(changed.header("etag").starts_with("\"2."), "{changed:?}");
    let mut whole = changed.json();
    for (name, value) in changes.as_object().unwrap() {
        assert_eq!(&whole[name], value, "{name}");
    }
    // What was read can be sent back, and what cannot be changed is told.
    whole["concurrency"] = json!(2);
    assert_eq!(put(whole.clone()).await.json()["concurrency"], 2);
    assert_eq!(put(whole.clone()).await.problem(), "409 concurrent_change", "an older version");
    for (name, code) in
        [("publicKey", "read_only"), ("disabledReason", "read_only"), ("secret", "unknown_field")]
    {
        let pointer = format!("/{name}");
        assert_eq!(wrong(&put(json!({ name: "x" })).await), pairs(&[(&pointer, code)]), "{name}");
    }
    assert_eq!(wrong(&put(json!({ "url": "https://10.0.0.1/" })).await), pairs(&[("/url", "ip_literal")]));
    for (method, path) in
        [("PUT", path(&created)), ("DELETE", path(&created)), ("POST", format!("{}/secret", path(&created)))]
    {
        let call = app.call(method, &path).user(owner()).header("if-match", "\"1.abc\"");
        let call = if method == "PUT" { call.json(&json!({ "isActive": true })) } else { call };
        assert_eq!(call.send().await.problem(), "412 precondition_failed", "{method}");
    }
    let events = app.get(&format!("{ACME}/events?type=webhook.updated")).user(owner()).send().await.json();
    let fields: Vec<&Value> =
        events.as_array().unwrap().iter().map(|event| &event["data"]["fields"]).collect();
    let all = json!(["url", "events", "fields", "description", "concurrency", "isActive"]);
    assert_eq!(fields, [&json!(["concurrency"]), &all]);
}

/// Compares the signatures of a message with that of the official library, and returns its body.
///
/// The library verifies messages of the last five minutes only, and the clock of a test stands in the past.
pub(crate) fn verify(received: &Received, secret: &str) -> Value {
    let [id, timestamp] = ["webhook-id", "webhook-timestamp"].map(|name| &received.headers[name]);
    let webhook = standardwebhooks::Webhook::new(secret).unwrap();
    let expected = webhook.sign(id, timestamp.parse().unwrap(), received.body.as_bytes()).unwrap();
    let mut signatures = received.headers["webhook-signature"].split(' ');
    assert!(signatures.any(|one| one == expected), "{received:?}");
    serde_json::from_str(&received.body).unwrap()
}

/// Returns whether one of the asymmetric signatures of a message is that of a public key.
pub(crate) fn is_signed_by(received: &Received, public_key: &str) -> bool {
    let key = BASE64_STANDARD.decode(public_key.strip_prefix("whpk_").unwrap()).unwrap();
    let key = UnparsedPublicKey::new(&ED25519, key);
    let [id, timestamp] = ["webhook-id", "webhook-timestamp"].map(|name| &received.headers[name]);
    let signed = format!("{id}.{timestamp}.{}", received.body);
    let mut signatures =
        received.headers["webhook-signature"].split(' ').filter_map(|one| one.strip_prefix("v1a,"));
    signatures.any(|one| key.verify(signed.as_bytes(), &BASE64_STANDARD.decode(one).unwrap()).is_ok())
}

#[tokio::test]
async fn a_ping_is_signed_so_that_the_official_library_verifies_it() {
    let app = local_app().await;
    let receiver = Receiver::start().await;
    let body = json!({ "url": receiver.url("/hook?a=b"), "events": ["*"], "isActive": false });
    let created = create(&app, owner(), body).await;
    let ping = format!("{}/ping", path(&created));
    let response = app.call("POST", &ping).user(admin()).send().await;
    assert_eq!(response.status, 200, "{response:?}");
    let result = response.json();
    assert_eq!(
        (&result["success"], &result["statusCode"], &result["responseBody"], &result["error"]),
        (&json!(true), &json!(200), &json!("ok"), &json!(null))
    );
    assert!(result["durationMs"].is_u64());
    let [received] = &receiver.take()[..] else { panic!("one message") };
    assert_eq!(received.target, "POST /hook?a=b");
    for (name, value) in [
        ("content-type", "application/json"),
        ("user-agent", "Padron-Webhooks/1"),
        ("webhook-attempt", "1"),
        ("webhook-timestamp", "1768478400"),
    ] {
        assert_eq!(received.headers[name], value, "{name}");
    }
    let id = received.headers["webhook-id"].strip_prefix("evt_").unwrap();
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    let message = verify(received, created["secret"].as_str().unwrap());
    assert_eq!(message["type"], "webhook.ping");
    assert_eq!(message["timestamp"], "2026-01-15T12:00:00.000Z");
    assert_eq!(message["data"], json!({ "webhookId": created["id"] }));
    assert_eq!(message["organizationId"], demo::ACME);
    assert_eq!(message["actor"], demo::ADMIN);
    assert!(is_signed_by(received, created["publicKey"].as_str().unwrap()));
    // It is no event.
    let types = event_types(&app, demo::organization(demo::ACME)).await;
    assert_eq!(types, ["webhook.created"]);
}

#[tokio::test]
async fn a_ping_tells_what_became_of_it() {
    let app = local_app().await;
    let receiver = Receiver::start().await;
    let created = create(&app, owner(), json!({ "url": receiver.url("/"), "events": ["*"] })).await;
    let ping = format!("{}/ping", path(&created));
    for (status, media_type, body, success, shown) in [
        (204, "text/plain", "", true, json!("")),
        (500, "application/json", "{\"a\":1}", false, json!("{\"a\":1}")),
        (302, "text/html; charset=utf-8", &"x".repeat(2000), false, json!("x".repeat(1024))),
        (200, "image/png", "binary", true, json!(null)),
    ] {
        receiver.set(ReceiverResponse {
            status,
            media_type,
            body: body.into(),
            ..ReceiverResponse::default()
        });
        let result = app.call("POST", &ping).user(owner()).send().await.json();
        assert_eq!(result["success"], success, "{result}");
        assert_eq!(result["statusCode"], status, "{result}");
        assert_eq!(result["responseBody"], shown, "{result}");
    }
    drop(receiver);
    let result = app.call("POST", &ping).user(owner()).send().await.json();
    assert_eq!(result["success"], false);
    assert_eq!((&result["statusCode"], &result["error"]), (&json!(null), &json!("connect")));
    // Ten in a minute.
    for _ in 0..5 {
        assert_eq!(app.call("POST", &ping).user(owner()).send().await.status, 200);
    }
    assert_eq!(app.call("POST", &ping).user(owner()).send().await.problem(), "429 rate_limited");
    // What was stored in a local stack leads nowhere elsewhere.
    let elsewhere = app.environment_with(&[("WEBHOOK_TARGETS", "public")]);
    app.clock.advance(Duration::from_secs(60));
    let result = elsewhere.send(app.call("POST", &ping).user(owner())).await.json();
    assert_eq!(result["error"], "not_public");
}

#[tokio::test]
async fn a_new_secret_signs_beside_the_old_one_for_a_while() {
    let app = local_app().await;
    let receiver = Receiver::start().await;
    let first = create(&app, owner(), json!({ "url": receiver.url("/"), "events": ["*"] })).await;
    let rotate = async |body: Value| {
        let response =
            app.call("POST", &format!("{}/secret", path(&first))).user(owner()).json(&body).send().await;
        assert_eq!(response.status, 200, "{response:?}");
        response.json()
    };
    let ping = async || {
        app.call("POST", &format!("{}/ping", path(&first))).user(owner()).send().await;
        receiver.take().remove(0)
    };
    let signatures = |received: &Received| received.headers["webhook-signature"].split(' ').count();
    let second = rotate(json!({ "overlapSeconds": 3600 })).await;
    assert_ne!(first["secret"], second["secret"]);
    assert_ne!(first["publicKey"], second["publicKey"]);
    let received = ping().await;
    assert_eq!(signatures(&received), 4);
    for issued in [&first, &second] {
        verify(&received, issued["secret"].as_str().unwrap());
        assert!(is_signed_by(&received, issued["publicKey"].as_str().unwrap()));
    }
    app.clock.advance(Duration::from_secs(3600));
    let received = ping().await;
    assert_eq!(signatures(&received), 2);
    verify(&received, second["secret"].as_str().unwrap());
    // A third secret ends the oldest one, and without an overlap the old one ends at once.
    let third = rotate(json!({})).await;
    let fourth = rotate(json!({})).await;
    let received = ping().await;
    assert_eq!(signatures(&received), 4);
    for issued in [&third, &fourth] {
        verify(&received, issued["secret"].as_str().unwrap());
    }
    assert!(!is_signed_by(&received, second["publicKey"].as_str().unwrap()));
    let fifth = rotate(json!({ "overlapSeconds": 0 })).await;
    let received = ping().await;
    assert_eq!(signatures(&received), 2);
    verify(&received, fifth["secret"].as_str().unwrap());
    let long = json!({ "overlapSeconds": 604_801 });
    let response =
        app.call("POST", &format!("{}/secret", path(&first))).user(owner()).json(&long).send().await;
    assert_eq!(wrong(&response), pairs(&[("/overlapSeconds", "out_of_range")]));
    let types = event_types(&app, demo::organization(demo::ACME)).await;
    assert_eq!(types.iter().filter(|name| *name == "webhook.secret_rotated").count(), 4);
}

#[tokio::test]
async fn no_secret_is_stored_in_the_clear_or_shown_again() {
    let app = app().await;
    let body = json!({ "url": "https://hooks.acme.invalid/token-in-path", "events": ["*"] });
    let created =
        app.call("POST", WEBHOOKS).user(owner()).header("idempotency-key", "k-1").json(&body).send().await;
    let secret = created.json()["secret"].as_str().unwrap()[6..].to_owned();
    let mut texts = everything(&app).await;
    for call in [app.get(WEBHOOKS), app.get(&path(&created.json())), app.get(&format!("{ACME}/export"))] {
        texts.push(call.user(owner()).send().await.text);
    }
    texts.extend(app.logged());
    assert!(texts.iter().all(|text| !text.contains(&secret)));
    let again =
        app.call("POST", WEBHOOKS).user(owner()).header("idempotency-key", "k-1").json(&body).send().await;
    assert_eq!(again.text, created.text, "a repeated request gets the recorded response");
    assert!(!app.logged().concat().contains("token-in-path"));
}

#[tokio::test]
async fn secrets_outlive_the_root_secret() {
    let app = app().await;
    let created = create(&app, owner(), json!({ "url": URL, "events": ["*"] })).await;
    let [old, new] = [TestApp::ROOT_SECRET, "another root secret, of thirty-two bytes."].map(str::as_bytes);
    let both = Secrets::new(new, Some(old)).unwrap();
    let said = padron_local::admin::reseal(&app.store(), &both).await.unwrap();
    assert!(said.starts_with("1 secrets of API keys, webhooks, OAuth apps and grants, 1 of them"), "{said}");
    let store = app.store();
    let all = store.webhooks(demo::organization(demo::ACME)).await.unwrap();
    let material = all[0].material(&Secrets::new(new, None).unwrap()).unwrap();
    let secret = format!("whsec_{}", BASE64_STANDARD.encode(material[0].secret));
    assert_eq!(created["secret"], secret);
}

#[tokio::test]
async fn each_call_costs_what_the_table_says() {
    let app = app().await;
    let name = |name: &str| name.to_owned();
    let body = json!({ "url": URL, "events": ["*"] });
    let costs = cost(&app, app.call("POST", WEBHOOKS).user(owner()).json(&body)).await;
    assert_eq!(costs, [(name("BatchGetItem"), 3.0), (name("TransactWriteItems"), 8.0)]);
    let listed = app.get(WEBHOOKS).user(owner()).send().await.json();
    let path = path(&listed[0]);
    for (call, units) in [
        (app.call("PUT", &path).json(&json!({ "isActive": false })), [4.0, 8.0]),
        (app.call("POST", &format!("{path}/secret")), [3.0, 6.0]),
        (app.call("DELETE", &path), [4.0, 8.0]),
    ] {
        let expected = [(name("BatchGetItem"), units[0]), (name("TransactWriteItems"), units[1])];
        assert_eq!(cost(&app, call.user(owner())).await, expected);
    }
}
