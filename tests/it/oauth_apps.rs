//! Tests of OAuth apps: how they are created, changed and deleted.

use std::time::Duration;

use padron_domain::{ClientType, OauthApp, OauthClientId, Role, Scope, Scopes};
use padron_local::demo;
use padron_store::Secrets;
use padron_testkit::TestApp;
use serde_json::{Value, json};

use crate::support::{
    ACME, admin, app, client_id, client_secret, event_types, everything, globex_owner, install_oauth_app,
    install_oauth_grant, issuing_app, join, member, oauth_app, oauth_token, owner, user, wrong,
};

const APPS: &str = "/oauth/apps";

fn new_app() -> Value {
    json!({ "name": "Acme CRM", "redirectUri": "https://CRM.acme.example/callback", "scopes": ["write:customers", "read:customers"] })
}

#[tokio::test]
async fn an_app_is_created_read_changed_and_deleted() {
    let app = app().await;
    let created = app.call("POST", APPS).user(admin()).json(&new_app()).send().await;
    assert_eq!(created.status, 201, "{created:?}");
    let mut body = created.json();
    let id = body["clientId"].as_str().unwrap().to_owned();
    let secret = body["clientSecret"].as_str().unwrap().to_owned();
    assert!(OauthClientId::parse(&id).is_some());
    assert!(secret.len() == 52 && secret.starts_with("cs_"));
    assert_eq!(created.location(), format!("{APPS}/{id}"));
    body["clientId"] = json!("app_…");
    body["clientSecret"] = json!("cs_…");
    assert_eq!(
        body,
        json!({
            "clientId": "app_…", "clientSecret": "cs_…", "organizationId": demo::ACME, "name": "Acme CRM",
            "description": null, "redirectUris": ["https://crm.acme.example/callback"],
            "scopes": ["read:customers", "write:customers"], "type": "confidential", "previousSecretEndsAt": null,
            "createdBy": demo::ADMIN, "createdAt": "2026-01-15T12:00:00.000Z",
            "updatedAt": "2026-01-15T12:00:00.000Z",
        })
    );
    let path = format!("{APPS}/{id}");
    let read = app.get(&path).user(admin()).send().await;
    let mut shown = read.json();
    assert!(shown.get("clientSecret").is_none());
    assert_eq!(app.get(APPS).user(owner()).send().await.json(), json!([shown]));
    // What was read can be sent back.
    shown["name"] = json!("Acme CRM 2");
    shown["redirectUris"] = json!(["https://crm.acme.example/callback", "http://127.0.0.1:9000/cb"]);
    shown["scopes"] = json!(["read:customers"]);
    let etag = read.header("etag");
    let changed = app.call("PUT", &path).user(admin()).header("if-match", etag).json(&shown).send().await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(changed.json()["redirectUris"], shown["redirectUris"]);
    let stale = app.call("PUT", &path).user(admin()).header("if-match", etag);
    assert_eq!(stale.json(&json!({ "name": "x" })).send().await.problem(), "412 precondition_failed");
    for (method, suffix) in [("DELETE", ""), ("POST", "/secret")] {
        let stale = app.call(method, &format!("{path}{suffix}")).user(admin()).header("if-match", etag);
        assert_eq!(stale.send().await.problem(), "412 precondition_failed");
    }
    let same = app.call("PUT", &path).user(admin()).json(&json!({ "name": "Acme CRM 2" })).send().await;
    assert_eq!(same.json(), changed.json());
    let rotated = app.call("POST", &format!("{path}/secret")).user(admin()).send().await;
    assert_eq!(rotated.status, 200, "{rotated:?}");
    assert_ne!(rotated.json()["clientSecret"], json!(secret));
    assert_eq!(rotated.json()["previousSecretEndsAt"], "2026-01-16T12:00:00.000Z");
    assert_eq!(app.call("DELETE", &path).user(admin()).send().await.status, 204);
    assert_eq!(app.get(&path).user(admin()).send().await.problem(), "404 oauth_app_not_found");
    assert_eq!(app.get(APPS).user(admin()).send().await.json(), json!([]));
    let types = event_types(&app, demo::organization(demo::ACME)).await;
    let expected =
        ["oauth_app.revoked", "oauth_app.secret_rotated", "oauth_app.updated", "oauth_app.created"];
    assert_eq!(types[..4], expected);
    let events = app.get(&format!("{ACME}/events?type=oauth_app.updated")).user(owner()).send().await;
    assert_eq!(
        events.json()[0]["data"],
        json!({ "clientId": id, "fields": ["name", "redirectUris", "scopes"] })
    );
    // The secret is nowhere.
    let stored = everything(&app).await.concat();
    assert!(!stored.contains(&secret[3..40]) && !app.logged().concat().contains(&secret[3..40]));
    let export = app.get(&format!("{ACME}/export")).user(owner()).send().await.text;
    assert!(export.contains("oauth_app.created") && !export.contains(&secret[3..40]));
}

#[tokio::test]
async fn a_public_app_has_no_secret_and_stays_public() {
    let app = app().await;
    let mut new = new_app();
    new["type"] = json!("public");
    new["redirectUri"] = json!("com.example.crm:/callback");
    let created = app.call("POST", APPS).user(owner()).json(&new).send().await.json();
    assert!(created.get("clientSecret").is_none());
    let path = format!("{APPS}/{}", created["clientId"].as_str().unwrap());
    let rotate = app.call("POST", &format!("{path}/secret")).user(owner());
    assert_eq!(rotate.send().await.problem(), "409 public_client");
    let change = app.call("PUT", &path).user(owner()).json(&json!({ "type": "confidential" })).send().await;
    assert_eq!(wrong(&change), [("/type".into(), "read_only".into())]);
}

#[tokio::test]
async fn settings_that_are_not_right_are_reported_at_once() {
    let app = app().await;
    let create = async |change: Value| {
        let mut new = new_app();
        new.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let response = app.call("POST", APPS).user(owner()).json(&new).send().await;
        wrong(&response).into_iter().map(|(pointer, code)| format!("{pointer} {code}")).collect::<Vec<_>>()
    };
    let many: Vec<String> = (0..11).map(|number| format!("https://a.example/{number}")).collect();
    for (change, expected) in [
        (json!({ "name": "" }), vec!["/name invalid_length"]),
        (json!({ "name": "a\nb", "scopes": [] }), vec!["/name invalid_length", "/scopes invalid_length"]),
        (json!({ "name": "x".repeat(101) }), vec!["/name invalid_length"]),
        (json!({ "description": "x".repeat(501) }), vec!["/description invalid_length"]),
        (json!({ "description": "a\u{7}b" }), vec!["/description invalid_length"]),
        (json!({ "description": "a\u{202e}b" }), vec!["/description invalid_length"]),
        (json!({ "scopes": ["read:customers", "read:everything"] }), vec!["/scopes/1 unknown_value"]),
        (json!({ "scopes": vec!["read:user"; 51] }), vec!["/scopes too_many"]),
        (json!({ "redirectUris": ["https://a.example/"] }), vec!["/redirectUri ambiguous"]),
        (json!({ "redirectUri": "http://a.example/" }), vec!["/redirectUris/0 invalid_format"]),
        (json!({ "redirectUri": "com.example.crm:/cb" }), vec!["/redirectUris/0 invalid_format"]),
        (json!({ "redirectUri": null, "redirectUris": many }), vec!["/redirectUris too_many"]),
        (
            json!({ "redirectUri": null, "redirectUris": ["https://a.example", "https://A.example/"] }),
            vec!["/redirectUris/1 duplicate"],
        ),
        (json!({ "type": "secret" }), vec!["/type unknown_value"]),
        (json!({ "secret": "x" }), vec!["/secret unknown_field"]),
    ] {
        assert_eq!(create(change.clone()).await, expected, "{change}");
    }
    install_oauth_app(&app, &oauth_app(&app)).await;
    let path = format!("{APPS}/{}", demo::OAUTH_APP);
    let update = async |body: Value| {
        let response = app.call("PUT", &path).user(owner()).json(&body).send().await;
        wrong(&response).into_iter().map(|(pointer, code)| format!("{pointer} {code}")).collect::<Vec<_>>()
    };
    assert_eq!(update(json!({ "name": null, "scopes": null })).await, ["/name required", "/scopes required"]);
    assert_eq!(update(json!({ "clientId": "app_1", "owner": 1 })).await.len(), 2);
    let overlap = app.call("POST", &format!("{path}/secret")).user(owner());
    let response = overlap.json(&json!({ "overlapSeconds": 604_801 })).send().await;
    assert_eq!(wrong(&response), [("/overlapSeconds".into(), "out_of_range".into())]);
    let cleared = json!({ "description": null, "redirectUris": null });
    let cleared = app.call("PUT", &path).user(owner()).json(&cleared).send().await.json();
    assert_eq!((&cleared["description"], &cleared["redirectUris"]), (&json!(null), &json!([])));
}

#[tokio::test]
async fn an_app_belongs_to_the_organization_of_the_credential() {
    let app = app().await;
    // Someone who belongs to two organizations says which one is meant.
    join(&app, demo::GLOBEX, admin(), Role::Member).await;
    app.clock.advance(Duration::from_secs(120));
    let create = || app.call("POST", APPS).user(admin()).json(&new_app());
    assert_eq!(create().send().await.problem(), "400 several_organizations");
    let created = create().header("x-organization-id", demo::ACME).send().await;
    assert_eq!(created.json()["organizationId"], demo::ACME);
    let elsewhere = create().header("x-organization-id", demo::GLOBEX).send().await;
    assert_eq!(elsewhere.problem(), "403 insufficient_role");
    let id = created.json()["clientId"].as_str().unwrap().to_owned();
    // The app of another organization is like one that does not exist.
    for (method, suffix, body) in [
        ("GET", "", None),
        ("PUT", "", Some(json!({ "name": "Mine" }))),
        ("DELETE", "", None),
        ("POST", "/secret", None),
        ("GET", "/tokens", None),
    ] {
        let ask = async |id: &str| {
            let call = app.call(method, &format!("{APPS}/{id}{suffix}")).user(globex_owner());
            let call = if let Some(body) = &body { call.json(body) } else { call };
            let response = call.send().await;
            let request_id = response.header("x-request-id").to_owned();
            format!("{response:?}").replace(&request_id, "…").replace(id, "…")
        };
        let (foreign, unknown) = (ask(&id).await, ask("app_00000000000070008000000000000000").await);
        assert_eq!(foreign, unknown, "{method} {suffix}");
        assert!(foreign.contains("oauth_app_not_found"), "{foreign}");
    }
    let response = app.get(&format!("{APPS}/app_1")).user(globex_owner()).send().await;
    assert_eq!(wrong(&response), [("/path/clientId".into(), "invalid_format".into())]);
    assert_eq!(app.get(APPS).user(member()).send().await.problem(), "403 insufficient_role");
}

#[tokio::test]
async fn an_organization_has_at_most_fifty_apps() {
    let app = app().await;
    for number in 0..49 {
        let id = OauthClientId::new(user(number).uuid());
        install_oauth_app(&app, &OauthApp { id, ..oauth_app(&app) }).await;
    }
    let create = async || app.call("POST", APPS).user(owner()).json(&new_app()).send().await.status;
    let (a, b, c) = tokio::join!(create(), create(), create());
    let mut statuses = [a, b, c];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409]);
    let full = app.call("POST", APPS).user(owner()).json(&new_app()).send().await;
    assert_eq!(full.problem(), "409 app_limit_reached");
    assert_eq!(app.get(APPS).user(owner()).send().await.json().as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn what_an_app_was_granted_is_listed_and_revoked() {
    let app = issuing_app().await;
    install_oauth_app(&app, &oauth_app(&app)).await;
    install_oauth_grant(&app, Some(member())).await;
    let path = format!("{APPS}/{}/tokens", demo::OAUTH_APP);
    for _ in 0..3 {
        app.clock.advance(Duration::from_secs(1));
        let body = json!({ "clientId": demo::OAUTH_APP, "clientSecret": client_secret().text(), "scopes": ["read:user"] });
        assert_eq!(app.call("POST", "/oauth/token").json(&body).send().await.status, 200);
    }
    let listed = app.get(&path).user(admin()).send().await.json();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 4);
    assert!(listed[..3].is_sorted_by(|a, b| a["createdAt"].as_str() >= b["createdAt"].as_str()));
    assert_eq!(
        listed[3],
        json!({
            "id": demo::OAUTH_GRANT, "userId": demo::MEMBER, "scopes": Scope::ALL.map(Scope::name),
            "expiresAt": "2026-01-15T13:00:00.000Z", "createdAt": "2026-01-15T12:00:00.000Z",
            "lastUsedAt": "2026-01-15T12:00:00.000Z",
        })
    );
    assert_eq!(listed[0]["userId"], json!(null));
    let first = app.get(&format!("{path}?limit=3")).user(admin()).send().await;
    let second = app.get(&first.next_page().unwrap()).user(admin()).send().await;
    assert_eq!(
        [first.json().as_array().unwrap().clone(), second.json().as_array().unwrap().clone()].concat(),
        *listed
    );
    // Someone else's token is like one that does not exist.
    let revoke =
        async |id: &str, user| app.call("DELETE", &format!("/oauth/token/{id}")).user(user).send().await;
    for stranger in [globex_owner(), user(9)] {
        assert_eq!(revoke(demo::OAUTH_GRANT, stranger).await.problem(), "404 token_not_found");
    }
    let other = listed[0]["id"].as_str().unwrap();
    assert_eq!(revoke(other, member()).await.problem(), "404 token_not_found");
    assert_eq!(wrong(&revoke("tok_1", admin()).await), [("/path/tokenId".into(), "invalid_format".into())]);
    // The user for whom the app acts revokes it, and an admin revokes any.
    assert_eq!(revoke(demo::OAUTH_GRANT, member()).await.status, 204);
    assert_eq!(revoke(demo::OAUTH_GRANT, member()).await.problem(), "404 token_not_found");
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(revoke(other, admin()).await.status, 204);
    assert_eq!(app.get(&path).user(admin()).send().await.json().as_array().unwrap().len(), 2);
    let events =
        app.get(&format!("{ACME}/events?type=oauth_grant.revoked")).user(owner()).send().await.json();
    assert_eq!(
        events[1]["data"],
        json!({ "tokenId": demo::OAUTH_GRANT, "memberId": demo::MEMBER, "reason": "revoked" })
    );
    assert_eq!(events[1]["actor"], demo::MEMBER);
    // They end by themselves.
    app.clock.advance(Duration::from_secs(3610));
    assert_eq!(app.get(&path).user(admin()).send().await.json(), json!([]));
}

#[tokio::test]
async fn a_purged_organization_leaves_nothing_of_its_apps_behind() {
    let app = issuing_app().await;
    install_oauth_app(&app, &oauth_app(&app)).await;
    install_oauth_grant(&app, Some(member())).await;
    install_oauth_grant(&app, None).await;
    assert_eq!(app.call("DELETE", ACME).user(owner()).send().await.status, 204);
    app.clock.advance(Duration::from_secs(31 * 24 * 60 * 60));
    let job = padron_api::background().find(|job| job.function == "purge-organizations").unwrap();
    let cx = app.background(job, Duration::from_secs(60));
    app.run_in(&cx, job, &json!({})).await.unwrap();
    let left = everything(&app).await.into_iter().filter(|item| item.contains("CLIENT#")).count();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn the_secrets_of_apps_are_encrypted_with_the_new_root_secret() {
    let app = issuing_app().await;
    install_oauth_app(&app, &oauth_app(&app)).await;
    let new = "another root secret of a test's app.";
    let body = json!({ "clientId": demo::OAUTH_APP, "clientSecret": client_secret().text() });
    let with = |current: &'static str, previous: &'static str| {
        app.environment_with(&[("ROOT_SECRET", current), ("ROOT_SECRET_PREVIOUS", previous)])
    };
    let issue = async |environment: &padron_testkit::Environment| {
        environment.send(app.call("POST", "/oauth/token").json(&body)).await.status
    };
    assert_eq!(issue(&with(new, TestApp::ROOT_SECRET)).await, 200);
    assert_eq!(issue(&with(new, "")).await, 401);
    let secrets = Secrets::new(new.as_bytes(), Some(TestApp::ROOT_SECRET.as_bytes())).unwrap();
    let outcome = app.store().reseal(&secrets, None).await.unwrap();
    assert_eq!((outcome.records, outcome.resealed, outcome.unreadable), (1, 1, 0));
    assert_eq!(issue(&with(new, "")).await, 200);
}

#[tokio::test]
async fn an_app_does_not_narrow_a_key_that_has_more_than_the_app() {
    let app = issuing_app().await;
    let scopes = Scopes::of(&[Scope::ReadCustomers, Scope::WriteApiKeys]);
    install_oauth_app(&app, &OauthApp { scopes, ..oauth_app(&app) }).await;
    install_oauth_grant(&app, Some(owner())).await;
    let token = app.sign(&padron_auth::OauthToken { user: Some(owner()), ..oauth_token(&app) });
    let keys = format!("{ACME}/api-keys");
    for (has, status) in
        [(json!(["read:customers", "write:customers"]), 403), (json!(["read:customers"]), 201)]
    {
        let key = json!({ "name": "k", "scopes": has });
        let made = app.call("POST", &keys).user(owner()).json(&key).send().await.json();
        let path = format!("{keys}/{}", made["id"].as_str().unwrap());
        // Otherwise, the app could then rotate the key, and have what it was before.
        let narrowed = json!({ "scopes": ["read:customers"] });
        let narrow = app.call("PUT", &path).bearer(&token).json(&narrowed).send().await;
        assert_eq!(narrow.status, if status == 403 { 403 } else { 200 }, "{narrow:?}");
        let rotate = app.call("POST", &format!("{path}/rotate")).bearer(&token).send().await;
        assert_eq!(rotate.status, status, "{rotate:?}");
    }
}

#[tokio::test]
async fn an_app_gives_no_scopes_that_it_does_not_have() {
    let app = issuing_app().await;
    let scopes = Scopes::of(&[Scope::ReadOauthApps, Scope::WriteOauthApps, Scope::WriteApiKeys]);
    install_oauth_app(&app, &OauthApp { scopes, ..oauth_app(&app) }).await;
    let strong = OauthApp { id: OauthClientId::new(user(1).uuid()), ..oauth_app(&app) };
    install_oauth_app(&app, &strong).await;
    install_oauth_grant(&app, Some(owner())).await;
    let token = app.sign(&oauth_token(&app));
    let for_owner = app.sign(&padron_auth::OauthToken { user: Some(owner()), ..oauth_token(&app) });
    for token in [&token, &for_owner] {
        let ask = |method: &str, path: &str| app.call(method, path).bearer(token);
        let created = ask("POST", APPS).json(&new_app()).send().await;
        assert_eq!(created.problem(), "403 scope_exceeded");
        assert_eq!(created.json()["missing"], json!(["read:customers", "write:customers"]));
        let path = format!("{APPS}/{}", strong.id);
        assert_eq!(ask("POST", &format!("{path}/secret")).send().await.problem(), "403 scope_exceeded");
        let more = json!({ "scopes": ["read:oauth-apps", "read:events"] });
        let own = format!("{APPS}/{}", client_id());
        assert_eq!(ask("PUT", &own).json(&more).send().await.problem(), "403 scope_exceeded");
        let less = json!({ "scopes": ["read:oauth-apps", "write:oauth-apps", "read:events"] });
        assert_eq!(ask("PUT", &path).json(&less).send().await.problem(), "403 scope_exceeded", "nor fewer");
        let mut weak = new_app();
        weak["scopes"] = json!(["read:oauth-apps"]);
        assert_eq!(ask("POST", APPS).json(&weak).send().await.status, 201);
    }
    let key = json!({ "name": "k", "scopes": ["read:customers"] });
    let keys = format!("{ACME}/api-keys");
    let created = app.call("POST", &keys).bearer(&for_owner).json(&key).send().await;
    assert_eq!(created.problem(), "403 scope_exceeded");
    // An app that acts for itself is no member who could own a key.
    let created = app.call("POST", &keys).bearer(&token).json(&key).send().await;
    assert_eq!(created.problem(), "403 user_required");
    let made = app.call("POST", &keys).user(owner()).json(&key).send().await.json();
    let path = format!("{keys}/{}", made["id"].as_str().unwrap());
    let rotate = app.call("POST", &format!("{path}/rotate")).bearer(&for_owner).send().await;
    assert_eq!(rotate.problem(), "403 scope_exceeded");
    assert_eq!(
        app.call("POST", &format!("{path}/rotate")).bearer(&token).send().await.problem(),
        "403 user_required"
    );
    let update = app.call("PUT", &path).bearer(&for_owner).json(&json!({ "scopes": ["read:events"] }));
    assert_eq!(update.send().await.problem(), "403 scope_exceeded");
    // An app deletes itself.
    let own = format!("{APPS}/{}", client_id());
    assert_eq!(app.call("DELETE", &own).bearer(&token).send().await.status, 204);
    assert_eq!(app.get(APPS).bearer(&token).send().await.problem(), "401 token_revoked");
    let events = app.get(&format!("{ACME}/events?type=oauth_app.revoked")).user(owner()).send().await.json();
    assert_eq!(events[0]["actor"], format!("app:{}", client_id()));
}

#[test]
fn a_client_type_has_the_name_that_bodies_have() {
    assert_eq!(ClientType::ALL.map(ClientType::name), ["confidential", "public"]);
}
