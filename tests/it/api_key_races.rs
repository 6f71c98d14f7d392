//! Tests of API keys under concurrency: races of writers, many environments, and a root secret that is replaced.

use std::time::Duration;

use futures_util::future::join_all;
use padron_domain::{ApiKey, RateLimit, Role};
use padron_local::demo;
use padron_testkit::{Fault, TestApp};
use serde_json::{Value, json};

use crate::support::{ACME, api_key, app, install_key, join, member_path, owner, sized, user};

const KEYS: &str = "/organizations/550e8400-e29b-41d4-a716-446655440000/api-keys";

#[tokio::test(flavor = "multi_thread")]
async fn no_key_is_left_of_a_member_who_is_removed_at_the_same_time() {
    let app = app().await;
    let (mut created, mut refused) = (0, 0);
    for round in 0..sized(200, 30) {
        let creator = user(1000 + round);
        join(&app, demo::ACME, creator, Role::Admin).await;
        let create = app.call("POST", KEYS).user(creator).json(&json!({ "name": "k" }));
        let remove = app.call("DELETE", &member_path(creator)).user(owner());
        let (create, remove) = tokio::join!(create.send(), remove.send());
        assert_eq!(remove.status, 204, "{remove:?}");
        if create.status == 201 {
            created += 1;
            let key = create.json()["key"].as_str().unwrap().to_owned();
            assert_eq!(app.get(ACME).key(&key).send().await.problem(), "401 invalid_api_key");
        } else {
            refused += 1;
            assert!(
                ["403 not_a_member", "403 insufficient_role"].contains(&&*create.problem()),
                "{create:?}"
            );
        }
    }
    println!("{created} were created first, {refused} refused");
    let live = app.get(&format!("{KEYS}?status=active&limit=100")).user(owner()).send().await;
    assert_eq!(live.json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_rotations_at_once_one_makes_a_key() {
    for _ in 0..sized(50, 10) {
        let app = app().await;
        let created = app.call("POST", KEYS).user(owner()).json(&json!({ "name": "k" })).send().await.json();
        let rotate = format!("{KEYS}/{}/rotate", created["id"].as_str().unwrap());
        let rotations = (0..4).map(|_| app.call("POST", &rotate).user(owner()).send());
        let answers = join_all(rotations).await;
        let made = answers.iter().filter(|response| response.status == 201).count();
        assert_eq!(made, 1, "{answers:?}");
        for response in answers.iter().filter(|response| response.status != 201) {
            assert_eq!(response.problem(), "409 api_key_superseded");
        }
        let keys = app.get(KEYS).user(owner()).send().await.json();
        assert_eq!(keys.as_array().unwrap().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demotion_and_a_widening_at_once_leave_no_more_than_the_creator_has() {
    let app = app().await;
    for round in 0..sized(50, 10) {
        let creator = user(2000 + round);
        join(&app, demo::ACME, creator, Role::Admin).await;
        let created = app.call("POST", KEYS).user(creator).json(&json!({ "name": "k" })).send().await.json();
        let path = format!("{KEYS}/{}", created["id"].as_str().unwrap());
        let widen =
            app.call("PUT", &path).user(owner()).json(&json!({ "role": "admin", "scopes": ["read:events"] }));
        let demote = app
            .call("PUT", &format!("{}/role", member_path(creator)))
            .user(owner())
            .json(&json!({ "role": "member" }));
        let (widen, demote) = tokio::join!(widen.send(), demote.send());
        assert_eq!(demote.status, 200, "{demote:?}");
        assert!(widen.status == 200 || widen.problem() == "409 api_key_creator_not_admin", "{widen:?}");
        let key = app.get(&path).user(owner()).send().await.json();
        assert_eq!(key["role"], "member", "{widen:?}");
        assert_ne!(key["scopes"], json!(["read:events"]), "{widen:?}");
        // The demo's plan has a limited number of seats.
        assert_eq!(app.call("DELETE", &member_path(creator)).user(owner()).send().await.status, 204);
    }
}

#[tokio::test]
async fn twenty_warm_environments_refuse_a_key_after_what_ends_it_was_answered() {
    let endings =
        ["revoke", "rotate", "remove-member", "delete-organization", "update-member-role", "update-api-key"];
    for ending in endings {
        let app = app().await;
        join(&app, demo::ACME, user(1), Role::Admin).await;
        let body = json!({ "name": "k", "role": "admin", "scopes": ["read:organization", "read:events"] });
        let created = app.call("POST", KEYS).user(user(1)).json(&body).send().await.json();
        let key = created["key"].as_str().unwrap();
        let path = format!("{KEYS}/{}", created["id"].as_str().unwrap());
        let events = format!("{ACME}/events");
        let environments: Vec<_> = (0..20).map(|_| app.another_environment()).collect();
        for environment in &environments {
            assert_eq!(environment.get(&app, &events, key).await, "200");
        }
        let member = member_path(user(1));
        let (call, expected) = match ending {
            "revoke" => (app.call("DELETE", &path), "401 invalid_api_key"),
            "rotate" => {
                let rotate = app.call("POST", &format!("{path}/rotate"));
                (rotate.json(&json!({ "overlapSeconds": 0 })), "401 invalid_api_key")
            }
            "remove-member" => (app.call("DELETE", &member), "401 invalid_api_key"),
            "delete-organization" => (app.call("DELETE", ACME), "404 organization_not_found"),
            "update-member-role" => {
                let role = app.call("PUT", &format!("{member}/role"));
                (role.json(&json!({ "role": "member" })), "403 insufficient_scope")
            }
            _ => {
                let narrowed = json!({ "scopes": ["read:organization"] });
                (app.call("PUT", &path).json(&narrowed), "403 insufficient_scope")
            }
        };
        let response = call.user(owner()).send().await;
        assert!((200..300).contains(&response.status), "{ending}: {response:?}");
        for environment in &environments {
            assert_eq!(environment.get(&app, &events, key).await, expected, "{ending}");
        }
    }
}

#[tokio::test]
async fn ten_environments_share_one_limit_and_never_exceed_it() {
    let app = app().await;
    let (limit, requests, step) = sized((600, 5_000, 30), (200, 600, 120));
    let rate_limit = Some(RateLimit { limit, period: 60 });
    let key = install_key(&app, &ApiKey { rate_limit, ..api_key(&app, Role::Member) }).await;
    let environments: Vec<_> = (0..10).map(|_| app.another_environment()).collect();
    app.recorded();
    // 5,000 requests in 150 seconds, or fewer in a little more than a minute, each to the next environment.
    let mut admitted: Vec<u128> = Vec::new();
    let (mut at, step) = (Duration::ZERO, Duration::from_millis(step));
    let mut updates = 0;
    for index in 0..requests {
        let response = environments[index % 10].get(&app, ACME, &key).await;
        match &*response {
            "200" => admitted.push(at.as_millis()),
            other => assert_eq!(other, "429 rate_limited"),
        }
        app.clock.advance(step);
        at += step;
        updates += app.recorded().iter().filter(|request| request.operation == "UpdateItem").count();
    }
    let first = admitted.iter().filter(|at| **at < 60_000).count();
    let limit = usize::try_from(limit).unwrap();
    assert!(first >= limit * 9 / 10, "{first} in the first period");
    for (index, start) in admitted.iter().enumerate() {
        let within = admitted[index..].partition_point(|at| *at < start + 60_000);
        assert!(within <= 2 * limit, "{within} in the period from {start}");
    }
    println!("{first} in the first period, {} in all, {updates} updates", admitted.len());
    // Most requests need no update: a busy environment takes several at once, and asks seldom once the limit is used up.
    assert!(updates <= sized(requests * 2 / 5, requests), "{updates}");
}

#[tokio::test]
async fn keys_outlive_their_root_secret() {
    let app = app().await;
    let key = install_key(&app, &api_key(&app, Role::Member)).await;
    let another =
        app.call("POST", KEYS).user(owner()).json(&json!({ "name": "never used" })).send().await.json();
    let another = another["key"].as_str().unwrap();
    const NEW: &str = "the new root secret of a test's app.";
    let old = TestApp::ROOT_SECRET;
    let environment = |current: &str, previous: &str| {
        app.environment_with(&[("ROOT_SECRET", current), ("ROOT_SECRET_PREVIOUS", previous)])
    };
    let [lost, both] = [environment(NEW, ""), environment(NEW, old)];
    assert_eq!(lost.get(&app, ACME, &key).await, "401 invalid_api_key", "one step would end all keys");
    // Using a key encrypts its hash anew.
    assert_eq!(both.get(&app, ACME, &key).await, "200");
    assert_eq!(environment(NEW, "").get(&app, ACME, &key).await, "200");
    assert_eq!(environment(NEW, "").get(&app, ACME, another).await, "401 invalid_api_key");
    let secrets = padron_store::Secrets::new(NEW.as_bytes(), Some(old.as_bytes())).unwrap();
    let message = padron_local::admin::reseal(&app.store(), &secrets).await.unwrap();
    assert_eq!(
        message,
        "2 secrets of API keys, webhooks, OAuth apps and grants, 1 of them encrypted anew. The previous root secret can be dropped."
    );
    let message = padron_local::admin::reseal(&app.store(), &secrets).await.unwrap();
    assert_eq!(
        message,
        "2 secrets of API keys, webhooks, OAuth apps and grants, 0 of them encrypted anew. The previous root secret can be dropped."
    );
    for key in [&key, another] {
        assert_eq!(environment(NEW, "").get(&app, ACME, key).await, "200");
    }
    let wrong = padron_store::Secrets::new(b"a root secret that nobody ever used", None).unwrap();
    let failure = padron_local::admin::reseal(&app.store(), &wrong).await.unwrap_err();
    assert!(failure.starts_with("2 of 2 secrets"), "{failure}");
}

#[tokio::test]
async fn a_limit_that_cannot_be_asked_lets_pass_and_says_so() {
    let app = app().await;
    let limit = RateLimit { limit: 3, period: 60 };
    let key = install_key(&app, &ApiKey { rate_limit: Some(limit), ..api_key(&app, Role::Member) }).await;
    assert_eq!(app.get(ACME).key(&key).send().await.status, 200);
    app.proxy.always(Some(Fault::ThrottledUpdate));
    let other = app.another_environment();
    // The other environment counts for itself.
    for expected in ["200", "200", "200", "429 rate_limited"] {
        assert_eq!(other.get(&app, ACME, &key).await, expected);
    }
    app.proxy.always(None);
    let unknown: Vec<Value> = other
        .logged()
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["rateLimitUnknown"].clone())
        .collect();
    assert_eq!(unknown, [json!(true), json!(true), json!(true), json!(true)]);
    // The table has counted one of the three.
    for expected in ["200", "200", "429 rate_limited"] {
        assert_eq!(other.get(&app, ACME, &key).await, expected);
    }
}
