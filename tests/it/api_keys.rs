//! Tests of API keys: how they are made, changed and ended, and how requests with them are decided.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use padron_auth::PresentedKey;
use padron_domain::{ApiKey, ApiKeyId, KeyOwner, RateLimit, Role, Scope, Scopes, UserId};
use padron_local::demo;
use padron_testkit::{Fault, TestApp, TestResponse};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};

use crate::support::{
    ACME, NOWHERE, admin, api_key, app, cost, event_types, everything, globex_owner, install_key, join,
    member, member_path, owner, pairs, root, sample_key, stranger, user, with_demo_data, wrong,
};
use crate::wiring::sample_event;

const KEYS: &str = "/organizations/550e8400-e29b-41d4-a716-446655440000/api-keys";
const BY_SLUG: &str = "/organizations/acme-corp/api-keys";
const VALIDATE: &str = "/api-keys/validate";

/// Creates a key, and returns the response's body.
async fn create(app: &TestApp, by: UserId, body: Value) -> Value {
    let response = app.call("POST", KEYS).user(by).json(&body).send().await;
    assert_eq!(response.status, 201, "{response:?}");
    response.json()
}

/// Returns the text of a created key.
fn text(created: &Value) -> String {
    created["key"].as_str().unwrap().to_owned()
}

/// Returns the path of a created key.
fn path(created: &Value) -> String {
    format!("{KEYS}/{}", created["id"].as_str().unwrap())
}

/// Reads Acme Corp with a key.
async fn read(app: &TestApp, key: &str) -> TestResponse {
    app.get(ACME).key(key).send().await
}

#[tokio::test]
async fn the_published_calls_work_as_published() {
    let app = app().await;
    let body = json!({ "name": "Production Server", "description": "API key for production" });
    let response = app.call("POST", BY_SLUG).user(owner()).json(&body).send().await;
    assert_eq!(response.status, 201, "{response:?}");
    let created = response.json();
    assert_eq!(
        response.header("location"),
        format!("../{}/api-keys/{}", demo::ACME, created["id"].as_str().unwrap())
    );
    let key = text(&created);
    assert!(key.starts_with("sk_pdr_") && key.len() == 90, "{key}");
    assert_eq!(created["prefix"], "sk_pdr_");
    assert_eq!(created["hint"], key[86..]);
    let scopes =
        json!(["read:user", "read:organization", "read:members", "read:customers", "write:customers"]);
    assert_eq!(created["scopes"], scopes);
    for (name, value) in [
        ("name", json!("Production Server")),
        ("description", json!("API key for production")),
        ("role", json!("member")),
        ("ownedBy", json!("member")),
        ("createdBy", json!(owner())),
        ("expiresAt", json!(null)),
        ("lastUsedAt", json!(null)),
        ("isActive", json!(true)),
        ("status", json!("active")),
        ("ipRanges", json!([])),
        ("rateLimit", json!({ "limit": 1000, "period": 60 })),
        ("metadata", json!({})),
    ] {
        assert_eq!(created[name], value, "{name}");
    }
    for call in [app.get(ACME).key(&key), app.get(ACME).bearer(&key), app.get(ACME).key(&format!(" {key} "))]
    {
        let response = call.send().await;
        assert_eq!((response.status, response.json()["id"].clone()), (200, json!(demo::ACME)));
        assert_eq!(response.header("ratelimit-policy"), "\"default\";q=1000;w=60");
        assert!(response.header("ratelimit").starts_with("\"default\";r="), "{response:?}");
    }
    let valid = app.call("POST", VALIDATE).key(&key).send().await;
    assert_eq!(valid.status, 200, "{valid:?}");
    let valid = valid.json();
    for (name, value) in [
        ("valid", json!(true)),
        ("id", created["id"].clone()),
        ("keyId", created["id"].clone()),
        ("name", json!("Production Server")),
        ("organizationId", json!(demo::ACME)),
        ("scopes", scopes),
        ("role", json!("member")),
        ("expiresAt", json!(null)),
        ("isActive", json!(true)),
        ("metadata", json!({})),
    ] {
        assert_eq!(valid[name], value, "{name}");
    }
    assert_eq!(valid["rateLimit"]["limit"], 1000);
    assert_eq!(event_types(&app, demo::organization(demo::ACME)).await, ["api_key.created"]);
}

#[tokio::test]
async fn a_key_is_listed_and_read_without_its_text() {
    let app = app().await;
    let mut texts = Vec::new();
    for number in 0..3 {
        let created = create(&app, admin(), json!({ "name": format!("Key {number}") })).await;
        texts.push(text(&created));
        app.clock.advance(Duration::from_secs(1));
    }
    let response = app.get(&format!("{BY_SLUG}?limit=2")).user(admin()).send().await;
    let names = |response: &TestResponse| -> Vec<Value> {
        response.json().as_array().unwrap().iter().map(|key| key["name"].clone()).collect()
    };
    assert_eq!(names(&response), [json!("Key 2"), json!("Key 1")]);
    let link = response.header("link").to_owned();
    let next = link.trim_start_matches("<").split('>').next().unwrap().to_owned();
    let rest = app.get(&format!("{BY_SLUG}{next}")).user(admin()).send().await;
    assert_eq!(names(&rest), [json!("Key 0")]);
    let id = response.json()[0]["id"].as_str().unwrap().to_owned();
    let one = app.get(&format!("{KEYS}/{id}")).user(owner()).send().await;
    assert_eq!(one.json(), response.json()[0]);
    assert!(one.header("etag").starts_with("\"1."));
    for response in [&response, &rest, &one] {
        assert!(
            texts.iter().all(|text| !response.text.contains(text) && !response.text.contains(&text[7..]))
        );
    }
    for (caller, problem) in [(member(), "403 insufficient_role"), (stranger(), "403 not_a_member")] {
        assert_eq!(app.get(KEYS).user(caller).send().await.problem(), problem);
        assert_eq!(app.get(&format!("{KEYS}/{id}")).user(caller).send().await.problem(), problem);
    }
    let foreign = format!("/organizations/{}/api-keys/{id}", demo::GLOBEX);
    let unknown = format!("{KEYS}/0195b2f0-8a6e-7c3e-9f1d-000000000000");
    let foreign = app.get(&foreign).user(globex_owner()).send().await;
    let unknown = app.get(&unknown).user(owner()).send().await;
    assert_eq!(foreign.problem(), "404 api_key_not_found");
    assert_eq!(unknown.problem(), "404 api_key_not_found");
    assert_eq!(
        app.get(&format!("{NOWHERE}/api-keys")).user(owner()).send().await.problem(),
        "404 organization_not_found"
    );
    let no_slug = app.get("/organizations/no-such-slug/api-keys").user(owner()).send().await;
    assert_eq!(no_slug.problem(), "404 organization_not_found");
    assert_eq!(
        wrong(&app.get("/organizations/-/api-keys").user(owner()).send().await),
        pairs(&[("/path/organizationId", "invalid_format")])
    );
    assert_eq!(app.get("/organizations/ACME-corp/api-keys").user(owner()).send().await.status, 200);
}

#[tokio::test]
async fn a_status_is_that_of_the_instant() {
    let app = app().await;
    let kept = create(&app, owner(), json!({ "name": "kept" })).await;
    app.clock.advance(Duration::from_secs(1));
    let revoked = create(&app, owner(), json!({ "name": "revoked" })).await;
    let expires = "2026-01-15T14:00:00Z";
    create(&app, owner(), json!({ "name": "expires", "expiresAt": expires })).await;
    app.clock.advance(Duration::from_secs(1));
    let rotated = create(&app, owner(), json!({ "name": "rotated" })).await;
    app.clock.advance(Duration::from_secs(1));
    let url = format!("{}?reason=no_longer_used", path(&revoked));
    assert_eq!(app.call("DELETE", &url).user(owner()).send().await.status, 204);
    assert_eq!(
        app.call("POST", &format!("{}/rotate", path(&rotated))).user(owner()).send().await.status,
        201
    );
    app.clock.advance(Duration::from_secs(3 * 60 * 60));
    for (status, names) in [
        ("active", vec!["rotated", "kept"]),
        ("expired", vec!["expires"]),
        ("revoked", vec!["revoked"]),
        ("superseded", vec!["rotated"]),
    ] {
        let response = app.get(&format!("{KEYS}?status={status}")).user(owner()).send().await;
        let found: Vec<Value> =
            response.json().as_array().unwrap().iter().map(|key| key["name"].clone()).collect();
        assert_eq!(found, names, "{status}");
    }
    let one = app.get(&path(&revoked)).user(owner()).send().await.json();
    assert_eq!(one["reason"], "no_longer_used");
    assert_eq!(one["revokedBy"], json!(owner()));
    assert_eq!((one["isActive"].clone(), one["status"].clone()), (json!(false), json!("revoked")));
    let one = app.get(&path(&rotated)).user(owner()).send().await.json();
    assert_eq!((one["isActive"].clone(), one["status"].clone()), (json!(true), json!("superseded")));
    // The record of a revoked key is kept for 90 days.
    app.clock.advance(Duration::from_secs(90 * 24 * 60 * 60));
    assert_eq!(app.get(&path(&revoked)).user(owner()).send().await.problem(), "404 api_key_not_found");
    assert_eq!(app.get(&path(&kept)).user(owner()).send().await.status, 200);
    assert!(!app.get(KEYS).user(owner()).send().await.text.contains("revoked\""));
}

#[tokio::test]
async fn what_a_new_key_may_not_have_is_refused_with_the_reason() {
    let app = app().await;
    let many = vec!["203.0.113.7"; 21];
    for (body, problems) in [
        (json!({ "name": "" }), vec![("/name", "invalid_length")]),
        (json!({ "name": "x".repeat(101) }), vec![("/name", "invalid_length")]),
        (json!({ "name": "a\u{0}b" }), vec![("/name", "invalid_length")]),
        (json!({}), vec![("", "missing_field")]),
        (json!({ "name": "k", "description": "x".repeat(501) }), vec![("/description", "invalid_length")]),
        (json!({ "name": "k", "scopes": [] }), vec![("/scopes", "invalid_length")]),
        (json!({ "name": "k", "scopes": ["read:users"] }), vec![("/scopes/0", "unknown_value")]),
        (json!({ "name": "k", "role": "owner" }), vec![("/role", "unknown_value")]),
        (json!({ "name": "k", "expiresAt": "tomorrow" }), vec![("/expiresAt", "invalid_format")]),
        (json!({ "name": "k", "expiresAt": "2026-01-15T12:59:59Z" }), vec![("/expiresAt", "out_of_range")]),
        (json!({ "name": "k", "expiresAt": "2031-02-15T12:00:00Z" }), vec![("/expiresAt", "out_of_range")]),
        (json!({ "name": "k", "ipRanges": ["localhost"] }), vec![("/ipRanges/0", "invalid_format")]),
        (json!({ "name": "k", "ipRanges": many }), vec![("/ipRanges", "too_many")]),
        (
            json!({ "name": "k", "rateLimit": { "limit": 0, "period": 0 } }),
            vec![("/rateLimit/limit", "out_of_range"), ("/rateLimit/period", "out_of_range")],
        ),
        (
            json!({ "name": "k", "rateLimit": { "limit": 1_000_001, "period": 86_401 } }),
            vec![("/rateLimit/limit", "out_of_range"), ("/rateLimit/period", "out_of_range")],
        ),
        (json!({ "name": "k", "rateLimit": { "limit": 1 } }), vec![("/rateLimit", "missing_field")]),
        (json!({ "name": "k", "metadata": { "": "v" } }), vec![("/metadata", "invalid_key")]),
        (
            json!({ "name": "k", "metadata": { "a": "x".repeat(500), "b": "x".repeat(500), "c": "x".repeat(500), "d": "x".repeat(500), "e": "x".repeat(500), "f": "x".repeat(500), "g": "x".repeat(500) } }),
            vec![("", "too_large")],
        ),
        // What the organization, the token or the store decides is no input (CVE-2025-61928).
        (json!({ "name": "k", "organizationId": demo::GLOBEX }), vec![("/organizationId", "unknown_field")]),
        (json!({ "name": "k", "createdBy": demo::OWNER }), vec![("/createdBy", "unknown_field")]),
        (json!({ "name": "k", "userId": demo::OWNER }), vec![("/userId", "unknown_field")]),
        (json!({ "name": "k", "key": "sk_pdr_mine" }), vec![("/key", "unknown_field")]),
        (json!({ "name": "k", "id": demo::API_KEY }), vec![("/id", "unknown_field")]),
    ] {
        let response = app.call("POST", KEYS).user(owner()).json(&body).send().await;
        assert_eq!(wrong(&response), pairs(&problems), "{body}");
    }
    for scope in ["write:api-keys", "write:oauth-apps", "admin:organization", "admin:all"] {
        let body = json!({ "name": "k", "scopes": ["read:members", scope] });
        let response = app.call("POST", KEYS).user(owner()).json(&body).send().await;
        assert_eq!(response.problem(), "400 scope_not_grantable", "{scope}");
        assert_eq!(response.json()["errors"][0]["pointer"], "/scopes/1");
    }
    for body in [json!({ "name": "k", "ownedBy": "organization" }), json!({ "name": "k", "rateLimit": null })]
    {
        let response = app.call("POST", KEYS).user(admin()).json(&body).send().await;
        assert_eq!(response.problem(), "403 insufficient_role", "{body}");
        create(&app, owner(), body).await;
    }
    let response = app.call("POST", KEYS).user(member()).json(&json!({ "name": "k" })).send().await;
    assert_eq!(response.problem(), "403 insufficient_role");
}

#[tokio::test]
async fn settings_are_taken_in_every_form_that_has_one_meaning() {
    let app = app().await;
    let created = create(
        &app,
        owner(),
        json!({
            "name": "  Spaced  ", "description": "", "scopes": ["read:members", "read:members"], "role": "admin",
            "expiresAt": "2026-01-15T14:00:00+01:00", "ipRanges": ["2001:DB8::1/32", "203.0.113.7"],
            "rateLimit": { "limit": 5, "period": 1 }, "ownedBy": "organization", "metadata": { "team": " core " },
        }),
    )
    .await;
    assert_eq!(created["name"], "Spaced");
    assert_eq!(created["description"], json!(null));
    assert_eq!(created["scopes"], json!(["read:members"]));
    assert_eq!(created["role"], "admin");
    assert_eq!(created["expiresAt"], "2026-01-15T13:00:00.000Z");
    assert_eq!(created["ipRanges"], json!(["2001:db8::/32", "203.0.113.7/32"]));
    assert_eq!(created["ownedBy"], "organization");
    assert_eq!(created["metadata"], json!({ "team": " core " }));
}

#[tokio::test]
async fn no_wrong_key_is_told_from_another() {
    let app = app().await;
    let key = install_key(&app, &api_key(&app, Role::Member)).await;
    assert_eq!(read(&app, &key).await.status, 200);
    let presented = PresentedKey::parse(&key, "pdr").unwrap();
    let other = ApiKeyId::parse("0195b2f0-8a6e-7c3e-9f1d-5f0c2f3a4b5d").unwrap();
    let unknown = PresentedKey::with_secret(presented.organization, other, [7; 24]).text("pdr");
    let wrong = PresentedKey::with_secret(presented.organization, presented.id, [8; 24]).text("pdr");
    let globex = demo::organization(demo::GLOBEX);
    let foreign = PresentedKey::with_secret(globex, presented.id, [7; 24]).text("pdr");
    let branded = PresentedKey::with_secret(presented.organization, presented.id, [7; 24]).text("abc");
    let mut bodies = Vec::new();
    let mut refuse = async |key: &str, units: f64| {
        app.recorded();
        let response = read(&app, key).await;
        assert_eq!(response.problem(), "401 invalid_api_key", "{key}");
        let spent: f64 = app.recorded().iter().map(|request| request.units()).sum();
        assert!((spent - units).abs() < 0.01, "{key}: {spent}");
        let mut body = response.json();
        body["requestId"] = json!(null);
        let mut headers = response.headers.clone();
        headers.remove("x-request-id");
        bodies.push((body, headers));
    };
    for key in [&unknown, &wrong, &foreign] {
        refuse(key, 2.0).await;
    }
    refuse(&branded, 0.0).await;
    for at in 0..key.len() {
        refuse(&key[..at], 0.0).await;
        for other in ["0", "z", "-", "_"] {
            let mut changed = key.clone();
            changed.replace_range(at..=at, other);
            if changed != key {
                refuse(&changed, 0.0).await;
            }
        }
        let mut folded = key.clone().into_bytes();
        folded[at] ^= 0x20;
        if folded[at].is_ascii_alphanumeric() {
            refuse(std::str::from_utf8(&folded).unwrap(), 0.0).await;
        }
    }
    refuse(&format!("{key}0"), 0.0).await;
    refuse(&format!("0{key}"), 0.0).await;
    refuse(&format!("sk_live_{}", &key[7..]), 0.0).await;
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
}

#[tokio::test]
async fn one_credential_is_taken_and_two_are_refused() {
    let app = app().await;
    let key = install_key(&app, &api_key(&app, Role::Member)).await;
    for call in [
        app.get(ACME).key(&key).bearer(&key),
        app.get(ACME).key(&key).user(owner()),
        app.get(ACME).key(&key).key(&key),
    ] {
        assert_eq!(wrong(&call.send().await).len(), 1);
    }
    let twice = app.get(ACME).bearer(&key).bearer(&key).send().await;
    assert_eq!(wrong(&twice), pairs(&[("/headers/Authorization", "duplicate_header")]));
    let twice = app.get(ACME).user(owner()).bearer(&key).send().await;
    assert_eq!(wrong(&twice), pairs(&[("/headers/Authorization", "duplicate_header")]));
    let in_query = app.get(&format!("{ACME}?apiKey={key}")).user(owner()).send().await;
    assert_eq!(wrong(&in_query), pairs(&[("/query/apiKey", "unknown_parameter")]));
    assert!(!in_query.text.contains(&key));
    assert_eq!(app.get(ACME).header("x-api-key", "").send().await.problem(), "401 invalid_api_key");
    assert_eq!(app.get(ACME).key(&app.token(owner())).send().await.problem(), "401 invalid_api_key");
    // Where a key is required, a user's token is none.
    assert_eq!(app.call("POST", VALIDATE).user(owner()).send().await.problem(), "401 invalid_api_key");
    assert_eq!(app.call("POST", VALIDATE).send().await.problem(), "401 authentication_required");
    assert_eq!(app.call("POST", VALIDATE).bearer(&key).send().await.status, 200);
}

#[tokio::test]
async fn a_key_acts_in_its_own_organization_only() {
    let app = app().await;
    let key = install_key(&app, &api_key(&app, Role::Admin)).await;
    let globex = format!("/organizations/{}", demo::GLOBEX);
    assert_eq!(app.get(&globex).key(&key).send().await.problem(), "403 organization_mismatch");
    assert_eq!(app.get(NOWHERE).key(&key).send().await.problem(), "403 organization_mismatch");
    let wrong_key = PresentedKey::with_secret(
        demo::organization(demo::ACME),
        ApiKeyId::parse(demo::API_KEY).unwrap(),
        [9; 24],
    );
    let wrong_key = wrong_key.text("pdr");
    assert_eq!(app.get(&globex).key(&wrong_key).send().await.problem(), "401 invalid_api_key");
    assert_eq!(wrong(&app.get("/organizations/x").key(&key).send().await).len(), 1);
    assert_eq!(app.get("/organizations/x").key(&wrong_key).send().await.problem(), "401 invalid_api_key");
    // Where the path names no organization, the key does.
    assert_eq!(app.get("/v2/customers").key(&key).send().await.status, 200);
    let named = app.get("/v2/customers").key(&key).header("x-organization-id", demo::ACME);
    assert_eq!(named.send().await.status, 200);
    let other = app.get("/v2/customers").key(&key).header("x-organization-id", demo::GLOBEX);
    assert_eq!(other.send().await.problem(), "403 organization_mismatch");
    let organizations = app.get("/organizations").key(&key).send().await.json();
    assert_eq!(organizations.as_array().unwrap().len(), 1);
    assert_eq!(
        (organizations[0]["id"].clone(), organizations[0]["role"].clone()),
        (json!(demo::ACME), json!("admin"))
    );
    // Its list has one page, so that no cursor belongs to it.
    for list in ["/organizations".to_owned(), format!("/users/{}/organizations", demo::OWNER)] {
        let with_cursor = app.get(&format!("{list}?cursor=abc")).key(&key).send().await;
        assert_eq!(wrong(&with_cursor), pairs(&[("/query/cursor", "invalid_cursor")]), "{list}");
    }
    assert_eq!(app.get("/organizations?slug=globex").key(&key).send().await.json(), json!([]));
    assert_eq!(app.get("/organizations?status=deleted").key(&key).send().await.json(), json!([]));
    for (user, problem) in
        [(demo::OWNER, None), (demo::MEMBER, None), (demo::GLOBEX_OWNER, Some("404 user_not_found"))]
    {
        let response = app.get(&format!("/users/{user}/organizations")).key(&key).send().await;
        match problem {
            Some(problem) => assert_eq!(response.problem(), problem),
            None => assert_eq!(response.json().as_array().unwrap().len(), 1),
        }
        let response = app.get(&format!("/users/{user}")).key(&key).send().await;
        assert_eq!(response.status, if problem.is_some() { 404 } else { 200 }, "{user}");
    }
}

#[tokio::test]
async fn cyrexas_three_headers_may_all_be_the_key() {
    let app = app().await;
    let key = install_key(&app, &api_key(&app, Role::Member)).await;
    let list = format!("/organization/getCustomers/{}", demo::ACME);
    for tenant in [demo::ACME, demo::OWNER] {
        for call in [app.get(&list).key(&key), app.get(&list).bearer(&key)] {
            let response = call.header("tenantId", tenant).header("token", &key).send().await;
            assert_eq!(response.status, 200, "{response:?}");
        }
    }
    let call = |token: &str, tenant: &str| {
        app.get(&list).key(&key).header("tenantId", tenant).header("token", token)
    };
    assert_eq!(call(&app.token(owner()), demo::ACME).send().await.problem(), "401 invalid_api_key");
    assert_eq!(call(&key[..89], demo::ACME).send().await.problem(), "401 invalid_api_key");
    assert_eq!(call(&key, demo::GLOBEX).send().await.problem(), "403 tenant_mismatch");
    assert_eq!(
        app.get(&list).key(&key).header("tenantId", demo::ACME).send().await.problem(),
        "401 authentication_required"
    );
    let by_tenant = "/customer/getByCustomerType/Organization";
    let send = |tenant: &str| {
        app.call("POST", by_tenant)
            .key(&key)
            .header("tenantId", tenant)
            .header("token", &key)
            .json(&json!({ "pageNumber": 0, "pageSize": 20 }))
            .send()
    };
    assert_eq!(send(demo::ACME).await.status, 200);
    assert_eq!(send(demo::OWNER).await.status, 200);
    assert_eq!(send(demo::GLOBEX).await.problem(), "403 organization_mismatch");
    let wrong_key = PresentedKey::with_secret(
        demo::organization(demo::ACME),
        ApiKeyId::parse(demo::API_KEY).unwrap(),
        [9; 24],
    )
    .text("pdr");
    let response = app.get(&list).key(&wrong_key).header("token", &wrong_key).send().await;
    assert_eq!(response.problem(), "401 invalid_api_key", "before the missing tenant");
    let mismatch =
        app.get(&list).user(owner()).header("tenantId", demo::ACME).header("token", &key).send().await;
    assert_eq!(mismatch.problem(), "401 invalid_token");
}

#[tokio::test]
async fn scope_and_role_must_both_allow() {
    let app = app().await;
    let with = |role, scopes: &[Scope]| ApiKey { scopes: Scopes::of(scopes), ..api_key(&app, role) };
    let key = install_key(&app, &with(Role::Member, &[Scope::ReadMembers, Scope::WriteMembers])).await;
    assert_eq!(app.get(&format!("{ACME}/members")).key(&key).send().await.status, 200);
    let response = app.get(ACME).key(&key).send().await;
    assert_eq!(response.problem(), "403 insufficient_scope");
    assert_eq!(response.json()["missing"], json!(["read:organization"]));
    assert_eq!(
        response.header("www-authenticate"),
        "Bearer error=\"insufficient_scope\", scope=\"read:organization\", resource_metadata=\"https://padron.test/api/.well-known/oauth-protected-resource\""
    );
    let body = json!({ "email": "new@example.com", "role": "member" });
    let invite = app.call("POST", &format!("{ACME}/members/invite")).key(&key).json(&body).send().await;
    assert_eq!(invite.problem(), "403 insufficient_role");
    let role = json!({ "role": "admin" });
    let promoted =
        app.call("PUT", &format!("{KEYS}/{}", demo::API_KEY)).user(owner()).json(&role).send().await;
    assert_eq!(promoted.status, 200, "{promoted:?}");
    let invite = app.call("POST", &format!("{ACME}/members/invite")).key(&key).json(&body).send().await;
    assert_eq!(invite.status, 201, "{invite:?}");
    let events =
        app.get(&format!("{ACME}/events?actor=key:{}", demo::API_KEY)).user(owner()).send().await.json();
    assert_eq!(events[0]["actor"], format!("key:{}", demo::API_KEY));
    assert_eq!(events[0]["type"], "invite.created");
    let invitations = app.get(&format!("{ACME}/invitations")).user(owner()).send().await;
    assert!(invitations.text.contains(&format!("\"invitedBy\":\"key:{}\"", demo::API_KEY)));
    // The named member is a member's own right, and a key is no member.
    let own = app.call("DELETE", &member_path(owner())).key(&key).send().await;
    assert_eq!(own.problem(), "409 owner_cannot_leave");
    let narrow = json!({ "scopes": ["read:members"] });
    let narrowed =
        app.call("PUT", &format!("{KEYS}/{}", demo::API_KEY)).user(admin()).json(&narrow).send().await;
    assert_eq!(narrowed.status, 200);
    let invite = app.call("POST", &format!("{ACME}/members/invite")).key(&key).json(&body).send().await;
    assert_eq!(invite.problem(), "403 insufficient_scope");
}

#[tokio::test]
async fn addresses_are_compared_with_what_the_gateway_saw() {
    let app = app().await;
    let ranges = ["203.0.113.0/24", "2001:db8::/32"].map(|range| range.parse().unwrap());
    let key = install_key(&app, &ApiKey { ip_ranges: ranges.to_vec(), ..api_key(&app, Role::Member) }).await;
    for address in ["203.0.113.1", "::ffff:203.0.113.255", "2001:db8::1", "2001:db8:ffff::1"] {
        assert_eq!(app.get(ACME).key(&key).from_address(address).send().await.status, 200, "{address}");
    }
    for address in
        ["203.0.114.1", "2001:db9::1", "::ffff:203.0.114.1", "", "unknown", "203.0.113.1, 10.0.0.1"]
    {
        for forged in ["203.0.113.1", "2001:db8::1"] {
            let call = app.get(ACME).key(&key).from_address(address).header("x-forwarded-for", forged);
            let response = call.header("forwarded", &format!("for={forged}")).send().await;
            assert_eq!(response.problem(), "403 ip_not_allowed", "{address}");
        }
    }
    let wrong_key = PresentedKey::with_secret(
        demo::organization(demo::ACME),
        ApiKeyId::parse(demo::API_KEY).unwrap(),
        [9; 24],
    )
    .text("pdr");
    let response = app.get(ACME).key(&wrong_key).from_address("198.51.100.1").send().await;
    assert_eq!(response.problem(), "401 invalid_api_key", "only the holder is told of the range");
    // A service asks for the client that it serves.
    let ask = async |from: &str, ip: Value| {
        app.call("POST", VALIDATE).key(&key).from_address(from).json(&json!({ "ip": ip })).send().await
    };
    assert_eq!(ask("198.51.100.1", json!("203.0.113.9")).await.status, 200);
    assert_eq!(ask("203.0.113.9", json!("198.51.100.1")).await.problem(), "403 ip_not_allowed");
    assert_eq!(ask("203.0.113.9", json!(null)).await.status, 200);
    assert_eq!(wrong(&ask("203.0.113.9", json!("here")).await), pairs(&[("/ip", "invalid_format")]));
}

#[tokio::test]
async fn what_ends_a_key_ends_it_for_the_next_request() {
    // Other environments have the key's limit in memory, and nothing else.
    for end in ["revoke", "rotate", "remove-member", "delete-organization", "demote", "expire"] {
        let app = app().await;
        join(&app, demo::ACME, user(1), Role::Admin).await;
        let body = json!({ "name": "k", "role": "admin", "scopes": ["read:organization", "read:events"], "expiresAt": "2026-01-16T12:00:00Z" });
        let created = create(&app, user(1), body).await;
        let key = text(&created);
        let events = format!("{ACME}/events");
        assert_eq!(read(&app, &key).await.status, 200);
        assert_eq!(app.get(&events).key(&key).send().await.status, 200);
        let (ended, expected) = match end {
            "revoke" => {
                (app.call("DELETE", &path(&created)).user(user(1)).send().await.status, "401 invalid_api_key")
            }
            "rotate" => {
                let rotate = app.call("POST", &format!("{}/rotate", path(&created))).user(owner());
                (rotate.json(&json!({ "overlapSeconds": 0 })).send().await.status, "401 invalid_api_key")
            }
            "remove-member" => (
                app.call("DELETE", &member_path(user(1))).user(owner()).send().await.status,
                "401 invalid_api_key",
            ),
            "delete-organization" => {
                (app.call("DELETE", ACME).user(owner()).send().await.status, "404 organization_not_found")
            }
            "demote" => {
                let role = app.call("PUT", &format!("{}/role", member_path(user(1)))).user(owner());
                (role.json(&json!({ "role": "member" })).send().await.status, "403 insufficient_scope")
            }
            _ => {
                app.clock.advance(Duration::from_secs(24 * 60 * 60));
                (200, "401 invalid_api_key")
            }
        };
        assert!((200..300).contains(&ended), "{end}: {ended}");
        assert_eq!(app.get(&events).key(&key).send().await.problem(), expected, "{end}");
        let validated = app.call("POST", VALIDATE).key(&key).send().await;
        if end == "demote" {
            assert_eq!(validated.json()["scopes"], json!(["read:organization"]));
            assert_eq!(validated.json()["role"], "member");
            assert_eq!(read(&app, &key).await.status, 200);
        } else {
            assert_eq!(validated.problem(), "401 invalid_api_key", "{end}");
        }
        if end == "delete-organization" {
            assert_eq!(app.call("POST", &format!("{ACME}/restore")).user(owner()).send().await.status, 200);
            assert_eq!(read(&app, &key).await.status, 200, "and the restored organization has its keys");
        }
    }
}

#[tokio::test]
async fn the_organizations_keys_outlive_their_creator() {
    let app = app().await;
    let created = create(&app, owner(), json!({ "name": "k", "ownedBy": "organization" })).await;
    let transfer =
        app.call("POST", &format!("{ACME}/transfer")).user(owner()).json(&json!({ "userId": demo::ADMIN }));
    assert_eq!(transfer.send().await.status, 200);
    assert_eq!(app.call("DELETE", &member_path(owner())).user(owner()).send().await.status, 204);
    assert_eq!(read(&app, &text(&created)).await.status, 200);
    // Whoever rotates a key has it.
    join(&app, demo::ACME, user(1), Role::Admin).await;
    let rotate = format!("{}/rotate", path(&created));
    assert_eq!(app.call("POST", &rotate).user(user(1)).send().await.problem(), "403 insufficient_role");
    assert_eq!(app.call("POST", &rotate).user(admin()).send().await.status, 201);
    let widen = app.call("PUT", &path(&created)).user(user(1)).json(&json!({ "role": "admin" })).send().await;
    assert_eq!(widen.problem(), "403 insufficient_role");
}

#[tokio::test]
async fn a_key_gets_no_more_rights_than_its_creator_has() {
    let app = app().await;
    join(&app, demo::ACME, user(1), Role::Admin).await;
    let created = create(&app, user(1), json!({ "name": "k", "role": "admin" })).await;
    let role = app
        .call("PUT", &format!("{}/role", member_path(user(1))))
        .user(owner())
        .json(&json!({ "role": "member" }));
    assert_eq!(role.send().await.status, 200);
    let one = app.get(&path(&created)).user(owner()).send().await.json();
    assert_eq!(one["role"], "member");
    for body in [json!({ "role": "admin" }), json!({ "scopes": ["read:events"] })] {
        let response = app.call("PUT", &path(&created)).user(owner()).json(&body).send().await;
        assert_eq!(response.problem(), "409 api_key_creator_not_admin", "{body}");
    }
    let response =
        app.call("PUT", &path(&created)).user(owner()).json(&json!({ "scopes": ["read:user"] })).send().await;
    assert_eq!(response.status, 200, "less is always possible");
    // The member who made it can end it, and nobody else without the role.
    assert_eq!(
        app.call("DELETE", &path(&created)).user(member()).send().await.problem(),
        "403 insufficient_role"
    );
    let unknown = format!("{KEYS}/0195b2f0-8a6e-7c3e-9f1d-000000000000");
    assert_eq!(app.call("DELETE", &unknown).user(member()).send().await.problem(), "403 insufficient_role");
    assert_eq!(app.call("DELETE", &unknown).user(owner()).send().await.problem(), "404 api_key_not_found");
    assert_eq!(app.call("DELETE", &path(&created)).user(user(1)).send().await.status, 204);
    assert_eq!(app.call("DELETE", &path(&created)).user(user(1)).send().await.status, 204, "and again");
}

#[tokio::test]
async fn a_key_cannot_manage_keys() {
    let app = app().await;
    let key = install_key(&app, &api_key(&app, Role::Admin)).await;
    let one = format!("{KEYS}/{}", demo::API_KEY);
    let name = json!({ "name": "k" });
    for call in [
        app.call("POST", KEYS).key(&key).json(&name),
        app.call("PUT", &one).key(&key).json(&name),
        app.call("POST", &format!("{one}/rotate")).key(&key),
        app.call("DELETE", &one).key(&key),
        app.call("POST", "/organizations").key(&key).json(&json!({ "name": "Other", "slug": "other" })),
        app.call("DELETE", ACME).key(&key),
        app.call("POST", &format!("{ACME}/transfer")).key(&key).json(&json!({ "userId": demo::ADMIN })),
        app.get(&format!("{ACME}/export")).key(&key),
        app.get("/users/me").key(&key),
    ] {
        assert_eq!(call.send().await.problem(), "403 keys_not_accepted");
    }
    assert_eq!(app.get(&one).key(&key).send().await.json()["id"], demo::API_KEY);
    assert_eq!(app.get(KEYS).key(&key).send().await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_rotation_keeps_the_settings_and_the_old_key_for_a_while() {
    let app = app().await;
    let settings = json!({
        "name": "k", "description": "d", "scopes": ["read:organization"], "role": "admin", "ipRanges": ["127.0.0.1"],
        "rateLimit": { "limit": 7, "period": 9 }, "metadata": { "a": "b" }, "expiresAt": "2026-01-25T12:00:00Z",
    });
    let old = create(&app, owner(), settings).await;
    app.clock.advance(Duration::from_secs(60));
    let rotate = format!("{}/rotate", path(&old));
    for (body, code) in [
        (json!({ "overlapSeconds": 604_801 }), "out_of_range"),
        (json!({ "overlap": 1 }), "unknown_field"),
        (json!({ "overlapSeconds": -1 }), "invalid_value"),
    ] {
        assert_eq!(
            wrong(&app.call("POST", &rotate).user(owner()).json(&body).send().await)[0].1,
            code,
            "{body}"
        );
    }
    let response =
        app.call("POST", &rotate).user(admin()).json(&json!({ "overlapSeconds": 3600 })).send().await;
    assert_eq!(response.status, 201, "{response:?}");
    let new = response.json();
    for name in ["name", "description", "scopes", "role", "ipRanges", "rateLimit", "metadata", "ownedBy"] {
        assert_eq!(new[name], old[name], "{name}");
    }
    assert_eq!(new["supersedes"], old["id"]);
    assert_eq!(new["createdBy"], json!(admin()));
    assert_eq!(new["expiresAt"], "2026-01-25T12:01:00.000Z", "the same lifetime");
    assert_ne!((&new["id"], &new["key"]), (&old["id"], &old["key"]));
    let before = app.get(&path(&old)).user(owner()).send().await.json();
    assert_eq!(before["supersededBy"], new["id"]);
    assert_eq!(before["expiresAt"], "2026-01-15T13:01:00.000Z");
    assert_eq!(read(&app, &text(&old)).await.status, 200);
    assert_eq!(read(&app, &text(&new)).await.status, 200);
    assert_eq!(app.call("POST", &rotate).user(owner()).send().await.problem(), "409 api_key_superseded");
    app.clock.advance(Duration::from_secs(3600));
    assert_eq!(read(&app, &text(&old)).await.problem(), "401 invalid_api_key");
    assert_eq!(read(&app, &text(&new)).await.status, 200);
    assert_eq!(app.call("DELETE", &path(&new)).user(owner()).send().await.status, 204);
    let dead = app.call("POST", &format!("{}/rotate", path(&new))).user(owner()).send().await;
    assert_eq!(dead.problem(), "409 api_key_not_active");
    let dead = app.call("PUT", &path(&new)).user(owner()).json(&json!({ "name": "n" })).send().await;
    assert_eq!(dead.problem(), "409 api_key_not_active");
    let types = event_types(&app, demo::organization(demo::ACME)).await;
    assert_eq!(types, ["api_key.revoked", "api_key.rotated", "api_key.created"]);
}

#[tokio::test]
async fn the_largest_key_can_be_ended_in_every_way() {
    // The length of the last value of the largest key, once it is known.
    let mut longest = 500;
    for ending in ["revoke", "rotate", "report", "demote", "remove-member"] {
        let app = app().await;
        join(&app, demo::ACME, user(1), Role::Admin).await;
        let mut created = None;
        // The largest key that can be created.
        for length in (0..=longest).rev() {
            let mut metadata: serde_json::Map<String, Value> = ["a", "b", "c", "d", "e"]
                .map(|name| (name.to_owned(), json!("x".repeat(500))))
                .into_iter()
                .collect();
            metadata.insert("f".into(), json!("x".repeat(length)));
            let body = json!({ "name": "k", "role": "admin", "metadata": metadata });
            let response = app.call("POST", KEYS).user(user(1)).json(&body).send().await;
            if response.status == 201 {
                created = Some(response.json());
                longest = length;
                break;
            }
            assert_eq!(wrong(&response), pairs(&[("", "too_large")]));
        }
        let created = created.unwrap();
        let (key, path) = (text(&created), path(&created));
        let member = member_path(user(1));
        let call = match ending {
            "revoke" => app.call("DELETE", &path),
            "rotate" => app.call("POST", &format!("{path}/rotate")).json(&json!({ "overlapSeconds": 0 })),
            "report" => app.call("POST", "/api-keys/report").json(&json!({ "key": key })),
            "demote" => app.call("PUT", &format!("{member}/role")).json(&json!({ "role": "member" })),
            _ => app.call("DELETE", &member),
        };
        let response = call.user(owner()).send().await;
        assert!((200..300).contains(&response.status), "{ending}: {response:?}");
        let validated = app.call("POST", VALIDATE).key(&key).send().await;
        if ending == "demote" {
            assert_eq!(validated.json()["role"], "member");
        } else {
            assert_eq!(validated.problem(), "401 invalid_api_key", "{ending}");
        }
    }
}

#[tokio::test]
async fn only_the_owner_rotates_a_key_without_a_limit() {
    let app = app().await;
    let created = create(&app, owner(), json!({ "name": "k", "rateLimit": null })).await;
    let rotate = format!("{}/rotate", path(&created));
    assert_eq!(app.call("POST", &rotate).user(admin()).send().await.problem(), "403 insufficient_role");
    assert_eq!(app.call("POST", &rotate).user(owner()).send().await.status, 201);
}

#[tokio::test]
async fn a_key_is_changed_field_by_field() {
    let app = app().await;
    let created = create(&app, owner(), json!({ "name": "k", "description": "d", "metadata": { "a": "b" }, "expiresAt": "2026-02-15T12:00:00Z" })).await;
    let put = async |body: Value| app.call("PUT", &path(&created)).user(owner()).json(&body).send().await;
    for required in ["name", "scopes", "role"] {
        let pointer = format!("/{required}");
        assert_eq!(wrong(&put(json!({ required: null })).await), pairs(&[(&pointer, "required")]));
    }
    let unchanged = put(json!({ "name": "k" })).await;
    assert!(unchanged.header("etag").starts_with("\"1."));
    let changed = put(json!({ "name": "n", "description": null, "ipRanges": ["10.0.0.0/8"], "metadata": null, "rateLimit": { "limit": 5, "period": 60 } })).await;
    assert!(changed.header("etag").starts_with("\"2."), "{changed:?}");
    let body = changed.json();
    assert_eq!(
        (body["name"].clone(), body["description"].clone(), body["metadata"].clone()),
        (json!("n"), json!(null), json!({}))
    );
    assert_eq!(body["ipRanges"], json!(["10.0.0.0/8"]));
    // What was read can be sent back.
    let mut whole = body.clone();
    whole["name"] = json!("whole");
    assert_eq!(put(whole.clone()).await.json()["name"], "whole");
    whole["name"] = json!("older");
    assert_eq!(put(whole.clone()).await.problem(), "409 concurrent_change", "the body is an older version");
    let mut whole = app.get(&path(&created)).user(owner()).send().await.json();
    whole["createdBy"] = json!(demo::ADMIN);
    whole["lastUsedAt"] = json!("2026-01-15T11:00:00Z");
    assert_eq!(wrong(&put(whole.clone()).await), pairs(&[("/createdBy", "read_only")]));
    for (name, value) in [
        ("lastUsedAt", json!({})),
        ("lastUsedAt", json!("soon")),
        ("status", json!("?")),
        ("isActive", json!(1)),
    ] {
        let body = json!({ name: value });
        assert_eq!(wrong(&put(body).await), pairs(&[(&format!("/{name}"), "read_only")]), "{name}");
    }
    assert_eq!(
        wrong(&put(json!({ "organizationId": demo::ACME })).await),
        pairs(&[("/organizationId", "unknown_field")])
    );
    assert_eq!(
        put(json!({ "ipRanges": null, "expiresAt": "2026-02-15T12:00:00Z" })).await.json()["ipRanges"],
        json!([])
    );
    for later in [json!("2026-02-15T12:00:00.001Z"), json!(null)] {
        let response = put(json!({ "expiresAt": later })).await;
        assert_eq!(response.problem(), "400 expiry_not_extendable", "{later}");
    }
    assert_eq!(
        wrong(&put(json!({ "expiresAt": "2026-01-15T12:00:00Z" })).await),
        pairs(&[("/expiresAt", "out_of_range")])
    );
    assert_eq!(put(json!({ "expiresAt": "2026-01-15T12:10:00Z" })).await.status, 200);
    assert_eq!(put(json!({ "scopes": ["admin:all"] })).await.problem(), "400 scope_not_grantable");
    let stale = app
        .call("PUT", &path(&created))
        .user(owner())
        .header("if-match", "\"1.abc\"")
        .json(&json!({ "name": "x" }));
    assert_eq!(stale.send().await.problem(), "412 precondition_failed");
    for call in [app.call("DELETE", &path(&created)), app.call("POST", &format!("{}/rotate", path(&created)))]
    {
        assert_eq!(
            call.user(owner()).header("if-match", "\"1.abc\"").send().await.problem(),
            "412 precondition_failed"
        );
    }
    let unlimited =
        app.call("PUT", &path(&created)).user(admin()).json(&json!({ "rateLimit": null })).send().await;
    assert_eq!(unlimited.problem(), "403 insufficient_role");
    assert_eq!(put(json!({ "rateLimit": null })).await.json()["rateLimit"], json!(null));
    assert!(!read(&app, &text(&created)).await.headers.contains_key("ratelimit"));
    let whole = app.get(&path(&created)).user(owner()).send().await.json();
    app.clock.advance(Duration::from_secs(600));
    assert_eq!(read(&app, &text(&created)).await.problem(), "401 invalid_api_key");
    assert_eq!(put(whole).await.problem(), "409 api_key_not_active", "it has expired since it was read");
    let fields: Vec<Value> = app
        .get(&format!("{ACME}/events?type=api_key.updated"))
        .user(owner())
        .send()
        .await
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["data"]["fields"].clone())
        .collect();
    assert_eq!(fields.last().unwrap(), &json!(["name", "description", "ipRanges", "rateLimit", "metadata"]));
}

#[tokio::test]
async fn there_are_fifty_keys_of_an_organization_and_twenty_of_a_member() {
    let app = app().await;
    for number in 1..=3 {
        join(&app, demo::ACME, user(number), Role::Admin).await;
    }
    let body = json!({ "name": "k", "expiresAt": "2026-01-15T13:00:00Z" });
    for (creator, count) in [(user(1), 20), (user(2), 20), (user(3), 10)] {
        for _ in 0..count {
            create(&app, creator, body.clone()).await;
        }
    }
    for creator in [user(1), user(3)] {
        let response = app.call("POST", KEYS).user(creator).json(&body).send().await;
        assert_eq!(response.problem(), "409 api_key_limit_reached");
    }
    let keys = app.get(&format!("{KEYS}?limit=100")).user(owner()).send().await.json();
    let one = format!("{KEYS}/{}", keys[0]["id"].as_str().unwrap());
    assert_eq!(
        app.call("POST", &format!("{one}/rotate")).user(user(3)).send().await.problem(),
        "409 api_key_limit_reached"
    );
    let rotated = app
        .call("POST", &format!("{one}/rotate"))
        .user(user(3))
        .json(&json!({ "overlapSeconds": 0 }))
        .send()
        .await;
    assert_eq!(rotated.status, 201, "{rotated:?}");
    assert_eq!(app.call("DELETE", &member_path(user(1))).user(owner()).send().await.status, 204);
    create(&app, user(3), body.clone()).await;
    // Those that have expired are not counted.
    app.clock.advance(Duration::from_secs(60 * 60));
    create(&app, user(2), json!({ "name": "k" })).await;
}

#[tokio::test]
async fn keys_cost_what_is_written_down() {
    let app = app().await;
    let name = |name: &str| name.to_owned();
    let body = json!({ "name": "k" });
    let costs = cost(&app, app.call("POST", KEYS).user(owner()).json(&body)).await;
    assert_eq!(costs, [(name("BatchGetItem"), 3.0), (name("TransactWriteItems"), 8.0)]);
    let costs =
        cost(&app, app.call("POST", BY_SLUG).user(owner()).json(&body).header("idempotency-key", "1")).await;
    assert_eq!(
        costs,
        [(name("BatchGetItem"), 1.0), (name("BatchGetItem"), 4.0), (name("TransactWriteItems"), 12.0)]
    );
    let keys = app.get(KEYS).user(owner()).send().await.json();
    let [one, two] = [&keys[0], &keys[1]].map(path);
    let costs = cost(&app, app.get(&one).user(owner())).await;
    assert_eq!(costs, [(name("BatchGetItem"), 3.0)]);
    let costs = cost(&app, app.get(KEYS).user(owner())).await;
    assert_eq!(costs, [(name("BatchGetItem"), 2.0), (name("Query"), 0.5)]);
    let costs = cost(&app, app.call("PUT", &one).user(owner()).json(&json!({ "name": "n" }))).await;
    assert_eq!(costs, [(name("BatchGetItem"), 3.0), (name("TransactWriteItems"), 6.0)]);
    let costs = cost(&app, app.call("POST", &format!("{one}/rotate")).user(owner())).await;
    assert_eq!(costs, [(name("BatchGetItem"), 4.0), (name("TransactWriteItems"), 10.0)]);
    let costs = cost(&app, app.call("DELETE", &two).user(owner())).await;
    assert_eq!(costs, [(name("BatchGetItem"), 4.0), (name("TransactWriteItems"), 8.0)]);
    // The member's keys end with the membership.
    join(&app, demo::ACME, user(1), Role::Admin).await;
    create(&app, user(1), body).await;
    let costs = cost(&app, app.call("DELETE", &member_path(user(1))).user(owner())).await;
    let units =
        [(name("BatchGetItem"), 4.0), (name("BatchGetItem"), 1.0), (name("TransactWriteItems"), 13.0)];
    assert_eq!(costs, units, "a member without an e-mail, and one key");
}

#[tokio::test]
async fn a_request_with_a_key_costs_what_a_users_does() {
    let app = app().await;
    let limit = Some(RateLimit { limit: 600, period: 60 });
    let key = install_key(&app, &ApiKey { rate_limit: limit, ..api_key(&app, Role::Member) }).await;
    let name = |name: &str| name.to_owned();
    let batch = (name("BatchGetItem"), 2.0);
    // The first request takes one from the limit, in two updates because there was nothing, and records the use.
    let first = cost(&app, app.get(ACME).key(&key)).await;
    let updates = first.iter().filter(|(operation, _)| operation == "UpdateItem").count();
    assert_eq!(updates, 3, "{first:?}");
    assert_eq!(first[0], batch);
    // Then twice as many are taken each time, up to a fiftieth of the limit.
    let update = (name("UpdateItem"), 1.0);
    for taken in [2, 4, 8, 12, 12] {
        assert_eq!(cost(&app, app.get(ACME).key(&key)).await, [batch.clone(), update.clone()]);
        for _ in 1..taken {
            assert_eq!(cost(&app, app.get(ACME).key(&key)).await, std::slice::from_ref(&batch));
        }
    }
    // Where the path names no organization, a key needs no index.
    let one = cost(&app, app.get("/v2/customers?limit=1").key(&key)).await;
    let users = cost(&app, app.get("/v2/customers?limit=1").user(owner())).await;
    let reads = one.iter().filter(|(operation, _)| operation != "UpdateItem").count();
    assert_eq!(reads + 1, users.len());
    // The use is recorded every ten minutes.
    let used = || app.get(&format!("{KEYS}/{}", demo::API_KEY)).user(owner()).send();
    assert_eq!(used().await.json()["lastUsedAt"], "2026-01-15T12:00:00.000Z");
    app.clock.advance(Duration::from_secs(9 * 60));
    assert_eq!(read(&app, &key).await.status, 200);
    assert_eq!(used().await.json()["lastUsedAt"], "2026-01-15T12:00:00.000Z");
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(read(&app, &key).await.status, 200);
    assert_eq!(used().await.json()["lastUsedAt"], "2026-01-15T12:10:00.000Z");
    // A refused key is not in use.
    app.clock.advance(Duration::from_secs(3600));
    assert_eq!(app.get("/users/me").key(&key).send().await.problem(), "403 keys_not_accepted");
    assert_eq!(used().await.json()["lastUsedAt"], "2026-01-15T12:10:00.000Z");
}

#[tokio::test]
async fn the_limit_counts_requests_of_the_holder_only() {
    let app = app().await;
    let limit = Some(RateLimit { limit: 3, period: 60 });
    let key = install_key(&app, &ApiKey { rate_limit: limit, ..api_key(&app, Role::Member) }).await;
    let wrong_key = PresentedKey::with_secret(
        demo::organization(demo::ACME),
        ApiKeyId::parse(demo::API_KEY).unwrap(),
        [9; 24],
    )
    .text("pdr");
    for _ in 0..5 {
        assert_eq!(read(&app, &wrong_key).await.problem(), "401 invalid_api_key");
    }
    for remaining in [2, 1, 0] {
        let response = read(&app, &key).await;
        assert_eq!(response.status, 200);
        assert!(
            response.header("ratelimit").starts_with(&format!("\"default\";r={remaining};")),
            "{response:?}"
        );
    }
    let response = read(&app, &key).await;
    assert_eq!(response.problem(), "429 rate_limited");
    assert_eq!(response.header("retry-after"), "20");
    assert_eq!(response.header("ratelimit"), "\"default\";r=0;t=60");
    assert_eq!(response.header("ratelimit-policy"), "\"default\";q=3;w=60");
    app.recorded();
    assert_eq!(read(&app, &key).await.problem(), "429 rate_limited");
    assert_eq!(app.recorded().len(), 1, "what is used up is remembered");
    let ask = async |body: Value| app.call("POST", VALIDATE).key(&key).json(&body).send().await;
    let asked = ask(json!({ "cost": 0 })).await;
    assert_eq!(asked.json()["rateLimit"], json!({ "limit": 3, "remaining": 0, "reset": 60 }));
    assert_eq!(ask(json!({ "cost": 1 })).await.problem(), "429 rate_limited");
    assert_eq!(wrong(&ask(json!({ "cost": 101 })).await), pairs(&[("/cost", "out_of_range")]));
    assert_eq!(wrong(&ask(json!({ "scopes": ["none"] })).await), pairs(&[("/scopes/0", "unknown_value")]));
    app.clock.advance(Duration::from_secs(40));
    let larger = ask(json!({ "cost": 3 })).await;
    assert_eq!((larger.problem().as_str(), larger.header("retry-after")), ("429 rate_limited", "20"));
    assert_eq!(
        wrong(&ask(json!({ "cost": 4 })).await),
        pairs(&[("/cost", "out_of_range")]),
        "it can never be"
    );
    assert_eq!(ask(json!({ "cost": 2 })).await.json()["rateLimit"]["remaining"], 0);
    app.clock.advance(Duration::from_secs(60));
    let lacking = ask(json!({ "scopes": ["read:customers", "admin:all"] })).await;
    assert_eq!(lacking.problem(), "403 insufficient_scope");
    assert_eq!(lacking.json()["missing"], json!(["admin:all"]));
}

#[tokio::test]
async fn another_limit_applies_at_once() {
    let app = app().await;
    let created =
        create(&app, owner(), json!({ "name": "k", "rateLimit": { "limit": 1, "period": 3600 } })).await;
    let key = text(&created);
    assert_eq!(read(&app, &key).await.status, 200);
    assert_eq!(read(&app, &key).await.problem(), "429 rate_limited");
    for (limit, remaining) in
        [(json!({ "limit": 5, "period": 1 }), "4"), (json!({ "limit": 2, "period": 60 }), "1")]
    {
        let changed =
            app.call("PUT", &path(&created)).user(owner()).json(&json!({ "rateLimit": limit })).send().await;
        assert_eq!(changed.status, 200, "{changed:?}");
        let response = read(&app, &key).await;
        assert!(
            response.header("ratelimit").starts_with(&format!("\"default\";r={remaining};")),
            "{response:?}"
        );
    }
}

#[tokio::test]
async fn what_is_left_of_a_lease_counts_toward_a_larger_cost() {
    let app = app().await;
    let limit = Some(RateLimit { limit: 500, period: 60 });
    let key = install_key(&app, &ApiKey { rate_limit: limit, ..api_key(&app, Role::Member) }).await;
    let ask = async |cost: u32| {
        let response = app.call("POST", VALIDATE).key(&key).json(&json!({ "cost": cost })).send().await;
        response.json()["rateLimit"]["remaining"].clone()
    };
    // The burst is 475. The leases have 1, 2, 4 and 8 requests, of which 4 are left after 11.
    for used in 1..=11 {
        assert_eq!(ask(1).await, 475 - used);
    }
    assert_eq!(ask(0).await, 464, "what is left of the lease is left of the limit");
    assert_eq!(ask(100).await, 364);
    assert_eq!(ask(100).await, 264);
    // A lease is lost after three seconds, a twentieth of the period, in which 25 requests are renewed.
    for _ in 0..2 {
        ask(1).await;
    }
    app.clock.advance(Duration::from_secs(3));
    let remaining = ask(0).await.as_u64().unwrap();
    assert!((270..=287).contains(&remaining), "{remaining}");
}

#[tokio::test]
async fn a_burst_is_admitted_and_then_what_is_renewed() {
    let app = app().await;
    let limit = Some(RateLimit { limit: 600, period: 60 });
    let key = install_key(&app, &ApiKey { rate_limit: limit, ..api_key(&app, Role::Member) }).await;
    let admitted = async || {
        let mut admitted = 0;
        loop {
            let response = read(&app, &key).await;
            match response.status {
                200 => admitted += 1,
                _ => return (admitted, response),
            }
        }
    };
    let (burst, refused) = admitted().await;
    // What is left may be less than a lease.
    assert!((558..=570).contains(&burst), "{burst}");
    assert_eq!(refused.header("retry-after"), "1");
    for _ in 0..3 {
        app.clock.advance(Duration::from_millis(1200));
        assert_eq!(admitted().await.0, 12);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_pass_where_the_table_is_late_and_only_then() {
    let app = app().await;
    let limit = Some(RateLimit { limit: 3, period: 60 });
    let key = install_key(&app, &ApiKey { rate_limit: limit, ..api_key(&app, Role::Member) }).await;
    assert_eq!(read(&app, &key).await.status, 200, "its use is recorded");
    // The read is in time, the count is not.
    app.proxy.inject([Fault::Delay(Duration::ZERO), Fault::Delay(Duration::from_secs(1))]);
    app.logged();
    let late = read(&app, &key).await;
    assert_eq!(late.status, 200);
    assert!(!late.headers.contains_key("ratelimit"), "{late:?}");
    assert!(app.logged().concat().contains("\"rateLimitUnknown\":true"));
    app.proxy.settled().await;
    let ask = || app.call("POST", VALIDATE).key(&key).json(&json!({ "cost": 0 })).send();
    app.proxy.inject([Fault::Delay(Duration::ZERO), Fault::Delay(Duration::from_secs(1))]);
    assert_eq!(ask().await.json()["rateLimit"], json!({ "limit": 3 }), "what is left is not known");
    app.proxy.settled().await;
    // Requests that wait for each other for longer than that do not make the table late. A busy machine may, but not each time.
    let other = ApiKey { id: ApiKeyId::at(app.clock.now()), ..api_key(&app, Role::Member) };
    let limit = Some(RateLimit { limit: 49, period: 1 });
    let key = &install_key(&app, &ApiKey { rate_limit: limit, ..other }).await;
    let app = &app;
    let mut attempts = 0..10;
    let is_counted = async |_| {
        app.clock.advance(Duration::from_secs(1));
        app.proxy.inject(vec![Fault::Delay(Duration::from_millis(40)); 24]);
        let responses = futures_util::future::join_all((0..12).map(|_| read(app, key))).await;
        app.proxy.settled().await;
        responses.iter().all(|response| response.headers.contains_key("ratelimit"))
    };
    let mut was_counted = false;
    while let Some(attempt) = attempts.next().filter(|_| !was_counted) {
        was_counted = is_counted(attempt).await;
    }
    assert!(was_counted);
}

#[tokio::test]
async fn the_use_of_a_key_is_recorded_whatever_becomes_of_the_request() {
    for (request, is_used) in [
        ("a read", true),
        ("an invalid body", true),
        ("a write that depends on the key", true),
        ("a replay", true),
        ("a scope that it lacks", false),
        ("a validation", true),
        ("a validation of a scope that it lacks", false),
        ("a validation that is invalid", false),
        ("a validation of another address", false),
        ("another organization in the header", false),
        ("another organization in the path", false),
        ("a route for admins", false),
    ] {
        let app = app().await;
        let ten_minutes = Duration::from_secs(600);
        let settings = json!({ "name": "k", "scopes": ["read:organization", "write:customers", "read:events"], "ipRanges": ["127.0.0.1"] });
        let created = create(&app, owner(), settings).await;
        let key = text(&created);
        let customers = format!("{ACME}/customers");
        let write = || {
            let body = json!({ "legalName": "A", "address": { "country": "USA" } });
            app.call("POST", &customers).key(&key).header("idempotency-key", "k-1").json(&body).send()
        };
        if request == "a replay" {
            let first = write().await;
            assert_eq!(first.status, 201, "{first:?}");
            app.clock.advance(ten_minutes);
        }
        let validate = |body: Value| app.call("POST", VALIDATE).key(&key).json(&body).send();
        let response = match request {
            "a read" => read(&app, &key).await,
            "an invalid body" => app.call("POST", &customers).key(&key).json(&json!({ "x": 1 })).send().await,
            "a write that depends on the key" | "a replay" => write().await,
            "a scope that it lacks" => app.get(&format!("{ACME}/members")).key(&key).send().await,
            "a validation" => validate(json!({})).await,
            "a validation of a scope that it lacks" => validate(json!({ "scopes": ["read:members"] })).await,
            "a validation that is invalid" => validate(json!({ "cost": 101 })).await,
            "a validation of another address" => validate(json!({ "ip": "192.0.2.1" })).await,
            "another organization in the path" => {
                app.get(&ACME.replace("550e", "660e")).key(&key).send().await
            }
            "a route for admins" => app.get(&format!("{ACME}/events")).key(&key).send().await,
            _ => app.get(ACME).key(&key).header("x-organization-id", NOWHERE).send().await,
        };
        let shown = app.get(&path(&created)).user(owner()).send().await.json();
        let expected = is_used.then(|| app.clock.now().to_string());
        assert_eq!(shown["lastUsedAt"], json!(expected), "{request}: {response:?}");
    }
}

#[tokio::test]
async fn the_header_must_name_the_keys_organization() {
    let app = app().await;
    let key = install_key(&app, &api_key(&app, Role::Member)).await;
    let send = async |method: &str, path: &str, named: &str| {
        app.call(method, path).key(&key).header("x-organization-id", named).send().await
    };
    for (method, path) in
        [("GET", ACME), ("GET", "/organizations"), ("GET", "/v2/customers"), ("POST", VALIDATE)]
    {
        assert_eq!(send(method, path, demo::ACME).await.status, 200, "{path}");
        assert_eq!(send(method, path, demo::GLOBEX).await.problem(), "403 organization_mismatch", "{path}");
        let malformed = send(method, path, "acme").await;
        assert_eq!(wrong(&malformed), pairs(&[("/headers/X-Organization-Id", "invalid_format")]), "{path}");
    }
}

#[tokio::test]
async fn a_key_without_scopes_can_be_sent_back() {
    let app = app().await;
    join(&app, demo::ACME, user(1), Role::Admin).await;
    let created = create(&app, user(1), json!({ "name": "k", "scopes": ["read:events"] })).await;
    let role = format!("{}/role", member_path(user(1)));
    let demote = app.call("PUT", &role).user(owner()).json(&json!({ "role": "member" })).send().await;
    assert_eq!(demote.status, 200);
    let mut whole = app.get(&path(&created)).user(owner()).send().await.json();
    assert_eq!(whole["scopes"], json!([]));
    whole["name"] = json!("renamed");
    let put = async |body: &Value| app.call("PUT", &path(&created)).user(owner()).json(body).send().await;
    assert_eq!(put(&whole).await.json()["name"], "renamed");
    assert_eq!(put(&json!({ "scopes": ["read:user"] })).await.status, 200);
    assert_eq!(wrong(&put(&json!({ "scopes": [] })).await), pairs(&[("/scopes", "invalid_length")]));
    let many = vec!["read:user"; 51];
    assert_eq!(wrong(&put(&json!({ "scopes": many })).await), pairs(&[("/scopes", "too_many")]));
}

#[tokio::test]
async fn events_of_members_name_the_keys_that_end_or_lose_rights() {
    let app = app().await;
    join(&app, demo::ACME, user(1), Role::Admin).await;
    let narrow = create(&app, user(1), json!({ "name": "k" })).await;
    let wide = create(&app, user(1), json!({ "name": "k", "role": "admin" })).await;
    let data = async || {
        let events = app.get(&format!("{ACME}/events?limit=1")).user(owner()).send().await.json();
        events[0]["data"].clone()
    };
    let role = async |role: &str| {
        let path = format!("{}/role", member_path(user(1)));
        assert_eq!(
            app.call("PUT", &path).user(owner()).json(&json!({ "role": role })).send().await.status,
            200
        );
    };
    role("member").await;
    assert_eq!(data().await["limitedKeys"], json!([wide["id"]]));
    role("admin").await;
    assert!(data().await.get("limitedKeys").is_none(), "a promotion changes no key");
    // A key that has expired loses nothing.
    let expired =
        create(&app, user(1), json!({ "name": "k", "role": "admin", "expiresAt": "2026-01-15T13:00:00Z" }))
            .await;
    app.clock.advance(Duration::from_secs(3600));
    role("member").await;
    assert!(data().await.get("limitedKeys").is_none());
    let version = |created: &Value| app.get(&path(created)).user(owner()).send();
    assert!(version(&narrow).await.header("etag").starts_with("\"1."));
    assert!(version(&wide).await.header("etag").starts_with("\"2."));
    assert_eq!(app.call("DELETE", &member_path(user(1))).user(owner()).send().await.status, 204);
    assert_eq!(data().await["revokedKeys"], json!([narrow["id"], wide["id"]]));
    assert_eq!(app.get(&path(&expired)).user(owner()).send().await.json()["status"], "expired");
}

#[tokio::test]
async fn a_report_ends_a_key_whoever_sends_it() {
    let app = app().await;
    let key = install_key(&app, &api_key(&app, Role::Member)).await;
    let report = async |body: Value| app.call("POST", "/api-keys/report").json(&body).send().await;
    for text in ["", "sk_live_4eC39HqLyjWDarjtT1zdp7dc", &key[..89], "nothing"] {
        let response = report(json!({ "key": text })).await;
        assert_eq!((response.status, response.json()), (202, json!({})), "{text}");
    }
    assert_eq!(read(&app, &key).await.status, 200);
    let other = text(&create(&app, owner(), json!({ "name": "k" })).await);
    for (url, stored) in [
        ("https://example.com/a\u{1}b\u{7f}", Some("https://example.com/a%01b%7F")),
        ("javascript:alert(1)", None),
        ("nowhere", None),
        (&format!("https://example.com/?key={other}"), None),
        (&format!("https://example.com/?key={}", other.replace('_', "%5F")), None),
        (&format!("https://example.com/{}", "a".repeat(2048)), None),
    ] {
        let leaked = text(&create(&app, owner(), json!({ "name": "k" })).await);
        app.clock.advance(Duration::from_secs(1));
        assert_eq!(report(json!({ "key": leaked, "url": url })).await.status, 202);
        assert_eq!(read(&app, &leaked).await.problem(), "401 invalid_api_key");
        let events = app.get(&format!("{ACME}/events?type=api_key.leaked")).user(owner()).send().await.json();
        assert_eq!(events[0]["data"]["url"], json!(stored), "{url}");
    }
    assert_eq!(read(&app, &other).await.status, 200);
    app.clock.advance(Duration::from_secs(1));
    let body = json!({ "key": format!(" {key} "), "url": "https://example.com/file", "comment": "found it" });
    let response = report(body.clone()).await;
    assert_eq!((response.status, response.json()), (202, json!({})));
    assert_eq!(read(&app, &key).await.problem(), "401 invalid_api_key");
    assert_eq!(report(body).await.status, 202, "and again");
    let one = app.get(&format!("{KEYS}/{}", demo::API_KEY)).user(owner()).send().await.json();
    assert_eq!(one["reason"], "leaked");
    assert_eq!(one["revokedBy"], format!("key:{}", demo::API_KEY));
    let events = app.get(&format!("{ACME}/events?type=api_key.leaked")).user(owner()).send().await.json();
    assert_eq!(events.as_array().unwrap().len(), 7);
    assert_eq!(events[0]["data"], json!({ "keyId": demo::API_KEY, "url": "https://example.com/file" }));
    let large = app
        .call("POST", "/api-keys/report")
        .json(&json!({ "key": key, "comment": "x".repeat(4096) }))
        .send()
        .await;
    assert_eq!(large.problem(), "413 payload_too_large");
    assert_eq!(wrong(&report(json!({ "key": key, "more": 1 })).await), pairs(&[("/more", "unknown_field")]));
    assert_eq!(
        report(json!([{ "token": key, "type": "t", "url": "u", "source": "s" }])).await.problem(),
        "401 invalid_signature"
    );
}

#[tokio::test]
async fn reports_are_limited_by_network() {
    let app = app().await;
    let report = async |address: &str, forged: &str| {
        let call =
            app.call("POST", "/api-keys/report").from_address(address).header("x-forwarded-for", forged);
        call.json(&json!({ "key": "x" })).send().await.status
    };
    // Another address of the same /64 is the same subscriber, and a header is no address (CVE-2026-45364).
    for number in 0..30 {
        assert_eq!(report(&format!("2001:db8:1:1::{number:x}"), &format!("198.51.100.{number}")).await, 202);
    }
    assert_eq!(report("2001:db8:1:1:ffff::1", "203.0.113.5").await, 429);
    assert_eq!(report("2001:db8:1:2::1", "203.0.113.5").await, 202);
    assert_eq!(report("203.0.113.5", "203.0.113.5").await, 202);
    let table = everything(&app).await.join("\n");
    assert!(!table.contains("2001:db8") && !table.contains("203.0.113"), "the table has no addresses");
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(report("2001:db8:1:1::1", "").await, 202);
}

#[tokio::test]
async fn a_created_key_is_answered_again_to_the_same_request_only() {
    let app = app().await;
    let call = |by: UserId| {
        app.call("POST", KEYS).user(by).json(&json!({ "name": "k" })).header("idempotency-key", "1")
    };
    let first = call(admin()).send().await;
    let again = call(admin()).send().await;
    assert_eq!(again.json(), first.json());
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_ne!(call(owner()).send().await.json()["id"], first.json()["id"]);
    let role = app
        .call("PUT", &format!("{}/role", member_path(admin())))
        .user(owner())
        .json(&json!({ "role": "member" }));
    assert_eq!(role.send().await.status, 200);
    assert_eq!(call(admin()).send().await.problem(), "403 insufficient_role");
    let key = text(&first.json());
    let secret = &key[7 + 44..84];
    for item in everything(&app).await {
        assert!(!item.contains(&key) && !item.contains(secret), "{item}");
    }
}

#[tokio::test]
async fn idempotency_records_belong_to_the_key() {
    let app = app().await;
    let key = install_key(&app, &api_key(&app, Role::Member)).await;
    let body: Value =
        serde_json::from_str(sample_event(app.endpoint("create-customer"))["body"].as_str().unwrap())
            .unwrap();
    let call = || app.call("POST", &format!("{ACME}/customers")).json(&body).header("idempotency-key", "1");
    let first = call().key(&key).send().await;
    assert_eq!(first.status, 201, "{first:?}");
    assert_eq!(call().key(&key).send().await.header("idempotent-replayed"), "true");
    let users = call().user(owner()).send().await;
    assert_ne!(users.json()["id"], first.json()["id"]);
}

#[tokio::test]
async fn nothing_shows_a_secret() {
    let app = app().await;
    let created = create(&app, owner(), json!({ "name": "Secret name" })).await;
    let key = text(&created);
    let wrong_key = format!("{}0", &key[..89]);
    let mut texts = Vec::new();
    for call in [
        app.get(ACME).key(&key),
        app.get(ACME).key(&wrong_key),
        app.get(ACME).bearer(&format!("{key}x")),
        app.get("/users/me").key(&key),
        app.get(&format!("{ACME}/events")).user(owner()),
        app.get(&format!("{ACME}/export")).user(owner()),
        app.get(KEYS).user(owner()),
        app.get(&path(&created)).user(owner()),
        app.call("POST", VALIDATE).key(&key),
        app.call("POST", "/api-keys/report").json(&json!({ "key": key })),
    ] {
        let response = call.send().await;
        texts.push(format!("{response:?}"));
    }
    texts.extend(app.logged());
    texts.extend(everything(&app).await);
    for shown in &texts {
        for secret in [&key[..], &key[7..], &key[51..84]] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
    let events = app.get(&format!("{ACME}/events")).user(owner()).send().await;
    assert!(events.text.contains("api_key.created") && !events.text.contains("Secret name"));
    let logged = app.logged();
    let id = created["id"].as_str().unwrap();
    assert!(logged.iter().any(|line| line.contains(&format!("\"caller\":\"key:{id}\""))), "{logged:?}");
    assert!(logged.iter().any(|line| line.contains("\"caller\":\"user\"")));
    assert!(!logged.iter().any(|line| line.contains(demo::OWNER)));
}

#[tokio::test]
async fn a_key_of_a_member_is_not_that_member() {
    let app = app().await;
    let created = create(
        &app,
        owner(),
        json!({ "name": "k", "role": "admin", "scopes": ["write:members", "read:members"] }),
    )
    .await;
    let key = text(&created);
    // The creator is removed by their own key, which ends with the membership.
    join(&app, demo::ACME, user(1), Role::Admin).await;
    let own =
        create(&app, user(1), json!({ "name": "k", "role": "admin", "scopes": ["write:members"] })).await;
    let response = app.call("DELETE", &member_path(user(1))).key(&text(&own)).send().await;
    assert_eq!(response.status, 204, "{response:?}");
    assert_eq!(app.get(&member_path(owner())).key(&text(&own)).send().await.problem(), "401 invalid_api_key");
    let role = app
        .call("PUT", &format!("{}/role", member_path(member())))
        .key(&key)
        .json(&json!({ "role": "admin" }));
    assert_eq!(role.send().await.status, 200);
    assert_eq!(app.get(&member_path(member())).key(&key).send().await.json()["role"], "admin");
    assert_eq!(KeyOwner::ALL.len(), 2);
    assert_ne!(sample_key(), key);
}

/// Writes the document of keys that GitHub would publish, and returns its path and the key to sign with.
fn github_keys(folder: &std::path::Path) -> (String, EcdsaKeyPair) {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random).unwrap();
    // The beginning of every P-256 public key in DER (RFC 5480 §2).
    let mut spki = BASE64_STANDARD.decode("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE").unwrap();
    spki.extend(&pair.public_key().as_ref()[1..]);
    let text = BASE64_STANDARD.encode(spki);
    let (first, second) = text.split_at(64);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----\n");
    let path = folder.join("github-keys.json");
    let keys = json!({ "public_keys": [{ "key_identifier": "current", "key": pem, "is_current": true }] });
    std::fs::write(&path, keys.to_string()).unwrap();
    (path.to_string_lossy().into_owned(), pair)
}

#[tokio::test]
async fn a_signed_report_of_github_ends_the_keys_that_it_names() {
    let folder = tempfile::tempdir().unwrap();
    let (path, pair) = github_keys(folder.path());
    let app = TestApp::of(padron_api::endpoints()).variable("GITHUB_KEYS_FILE", path).build().await;
    let app = with_demo_data(app).await;
    let key = install_key(&app, &api_key(&app, Role::Member)).await;
    let finding = |token: &str| json!({ "token": token, "type": "padron_api_key", "url": "https://github.com/x", "source": "commit" });
    let body = json!([finding(&key), finding("sk_pdr_none"), finding(&key)]).to_string();
    let sign = |body: &str| BASE64_STANDARD.encode(pair.sign(&SystemRandom::new(), body.as_bytes()).unwrap());
    let send = async |body: &str, key_id: &str, signature: &str| {
        let call = app.call("POST", "/api-keys/report").header("content-type", "application/json").body(body);
        call.header("Github-Public-Key-Identifier", key_id)
            .header("Github-Public-Key-Signature", signature)
            .send()
            .await
    };
    let signature = sign(&body);
    for (body, key_id, signature) in [
        (body.clone() + " ", "current", signature.as_str()),
        (body[1..].to_owned(), "current", &signature),
        (body.clone(), "another", &signature),
        (body.clone(), "current", &signature[1..]),
        (body.clone(), "current", "not base64"),
        (body.clone(), "", &signature),
        (body.clone(), "current", ""),
    ] {
        assert_eq!(send(&body, key_id, signature).await.problem(), "401 invalid_signature");
    }
    assert_eq!(read(&app, &key).await.status, 200);
    // What is not GitHub's counts against the limit of a network, and what is GitHub's does not.
    for _ in 7..30 {
        assert_eq!(send(&body, "another", &signature).await.problem(), "401 invalid_signature");
    }
    assert_eq!(send(&body, "another", &signature).await.problem(), "429 rate_limited");
    let response = send(&body, "current", &signature).await;
    assert_eq!(response.status, 200, "{response:?}");
    let label = |token: &str, label: &str| json!({ "token_raw": token, "token_type": "padron_api_key", "label": label });
    let expected = json!([
        label(&key, "true_positive"),
        label("sk_pdr_none", "false_positive"),
        label(&key, "true_positive")
    ]);
    assert_eq!(response.json(), expected);
    assert_eq!(read(&app, &key).await.problem(), "401 invalid_api_key");
    let events = app.get(&format!("{ACME}/events?type=api_key.leaked")).user(owner()).send().await.json();
    assert_eq!(events.as_array().unwrap().len(), 1, "named twice, and ended once");
    for (body, problem) in [
        (json!(vec![finding("x"); 101]).to_string(), "400 invalid_request"),
        (json!({ "token": "x" }).to_string(), "400 invalid_request"),
        (json!([{ "type": "t" }]).to_string(), "400 invalid_request"),
        (format!("[{}]", " ".repeat(256 * 1024)), "413 payload_too_large"),
    ] {
        assert_eq!(send(&body, "current", &sign(&body)).await.problem(), problem);
    }
    let hundred = json!(vec![finding("x"); 100]).to_string();
    assert_eq!(send(&hundred, "current", &sign(&hundred)).await.json().as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn scanners_find_a_key_and_its_checksum_tells_it_from_another_text() {
    let app = app().await;
    let key = install_key(&app, &api_key(&app, Role::Member)).await;
    let rules = std::fs::read_to_string(root().join("scripts/gitleaks.toml")).unwrap();
    let rules: toml::Value = toml::from_str(&rules).unwrap();
    let rule = regex_lite::Regex::new(rules["rules"][0]["regex"].as_str().unwrap()).unwrap();
    let file = format!("API_URL=https://api.example.com\nAPI_KEY=\"{key}\"\nOTHER=sk_pdr_short\n");
    let found: Vec<&str> = rule.find_iter(&file).map(|found| found.as_str()).collect();
    assert_eq!(found, [key.as_str()]);
    let check = |text: &str| {
        let script = root().join("scripts/check-key");
        std::process::Command::new(script).arg(text).output().unwrap().status.success()
    };
    assert!(check(&key));
    let last = if key.ends_with('0') { "1" } else { "0" };
    assert!(!check(&format!("{}{last}", &key[..89])));
    assert!(!check(&format!("{}{}", &key[..7], "0".repeat(83))));
    assert!(!check("sk_pdr_"));
}
