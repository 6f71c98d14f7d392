//! Tests of access with tokens of OAuth apps: what they may do, and that they stop at once.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use padron_auth::OauthToken;
use padron_domain::{OauthApp, OauthClientId, OauthGate, Role, Scope, Scopes, UserId};
use padron_emulator::{SigningKey, issuer::hmac_sha256};
use padron_http::{Method, Registration};
use padron_local::demo;
use padron_testkit::{Call, TestApp, TestResponse};
use serde_json::{Value, json};

use crate::support::{
    ACME, admin, api_key, client_id, cost, fill_in_oauth, globex_owner, install_delivery, install_key,
    install_oauth_app, install_oauth_grant, install_webhook, join, member, oauth_app, oauth_token, owner,
    user, with_demo_data,
};

/// Starts an app with the demo data, in which every sample request can succeed.
async fn demo_with_app() -> TestApp {
    let app = with_demo_data(TestApp::start(padron_api::endpoints()).await).await;
    app.install_signing_keys().await;
    install_oauth_app(&app, &oauth_app(&app)).await;
    install_oauth_grant(&app, None).await;
    install_key(
        &app,
        &padron_domain::ApiKey {
            rate_limit: Some(padron_domain::RateLimit::DEFAULT),
            ..api_key(&app, Role::Member)
        },
    )
    .await;
    install_webhook(&app).await;
    install_delivery(&app).await;
    app
}

/// Returns the response to an endpoint's sample request with a token.
async fn send_sample(app: &TestApp, endpoint: &'static Registration, token: &str) -> TestResponse {
    let mut event = crate::wiring::sample_event(endpoint);
    let headers = event["headers"].as_object_mut().unwrap();
    headers.insert("authorization".into(), json!(format!("Bearer {token}")));
    if endpoint.headers.iter().any(|header| header.name == "token") {
        headers.insert("token".into(), json!(token));
    }
    fill_in_oauth(app, &mut event);
    app.response(endpoint, &event.to_string()).await
}

/// Returns why an endpoint cannot be used by any app that acts for itself; `None` if it can.
fn needs_user(endpoint: &Registration) -> Option<&'static str> {
    match endpoint.route.function {
        "get-me"
        | "list-my-invitations"
        | "accept-invitation"
        | "decline-invitation"
        | "check-slug"
        | "create-organization" => Some("403 user_required"),
        "create-api-key" | "rotate-api-key" => Some("403 user_required"),
        _ => None,
    }
}

#[tokio::test]
async fn every_endpoint_lets_apps_in_as_their_scope_allows() {
    let shared = demo_with_app().await;
    let with = |app: &TestApp, user: Option<UserId>, scopes: Scopes| {
        app.sign(&OauthToken { user, scopes, ..oauth_token(app) })
    };
    for endpoint in padron_api::endpoints().filter(|endpoint| !endpoint.is_public && !endpoint.requires_key) {
        let name = endpoint.route.function;
        let Some(scope) = endpoint.scope() else {
            let token = with(&shared, Some(owner()), Scope::ALL.into_iter().collect());
            assert_eq!(
                send_sample(&shared, endpoint, &token).await.problem(),
                "403 apps_not_accepted",
                "{name}"
            );
            continue;
        };
        // One scope is enough, and all the others together are not, apart from those that stand for it.
        let others = Scope::ALL.into_iter().filter(|other| !Scopes::of(&[*other]).allows(scope));
        let others: Scopes = others.collect();
        for user in [None, Some(owner())] {
            let response = send_sample(&shared, endpoint, &with(&shared, user, others)).await;
            assert_eq!(response.problem(), "403 insufficient_scope", "{name}");
            assert_eq!(response.json()["missing"], json!([scope.name()]), "{name}");
            let challenge = response.header("www-authenticate");
            let expected = format!(
                "Bearer error=\"insufficient_scope\", scope=\"{}\", resource_metadata=\"{}/.well-known/oauth-protected-resource\"",
                scope.name(),
                TestApp::URL
            );
            assert_eq!(challenge, expected, "{name}");
        }
        let only = Scopes::of(&[scope]);
        let roles = [
            None,
            Some((member(), Role::Member)),
            Some((admin(), Role::Admin)),
            Some((owner(), Role::Owner)),
        ];
        for acting in roles {
            let (user, role) = acting.map_or((None, Role::Admin), |(user, role)| (Some(user), role));
            let expected = match (user, endpoint.least_role()) {
                (None, _) if needs_user(endpoint).is_some() => needs_user(endpoint),
                (_, Some(least)) if role < least => Some("403 insufficient_role"),
                (Some(user), None) if endpoint.admits_self && user != owner() => Some("403 not_yourself"),
                _ => None,
            };
            let fresh = match expected {
                None if endpoint.route.method != Some(Method::Get) => Some(demo_with_app().await),
                _ => None,
            };
            let app = fresh.as_ref().unwrap_or(&shared);
            let response = send_sample(app, endpoint, &with(app, user, only)).await;
            let of_handler = match name {
                // A grant is for one organization.
                "create-organization" => Some("403 organization_mismatch"),
                // A token of an app has no e-mail address.
                "accept-invitation" | "decline-invitation" => Some("403 email_not_verified"),
                "restore-organization" => Some("409 organization_not_deleted"),
                "create-api-key"
                | "rotate-api-key"
                | "create-oauth-app"
                | "update-oauth-app"
                | "rotate-oauth-app-secret" => Some("403 scope_exceeded"),
                "revoke-api-key" if user == Some(member()) => Some("403 insufficient_role"),
                "revoke-oauth-token" if user == Some(member()) => Some("404 token_not_found"),
                _ => None,
            };
            let expected = match (name, expected) {
                ("revoke-oauth-token", Some(_)) => Some("404 token_not_found"),
                (_, Some(expected)) => Some(expected),
                _ => of_handler,
            };
            match expected {
                Some(problem) => assert_eq!(response.problem(), problem, "{name} as {acting:?}"),
                None => assert!(response.status < 300, "{name} as {acting:?}: {response:?}"),
            }
        }
    }
}

/// The ways in which an app loses its access.
#[derive(Clone, Copy, Debug)]
enum End {
    RevokeToken,
    RevokeByClient,
    DeleteApp,
    RemoveMember,
    DeleteOrganization,
    ShrinkScopes,
    LowerRole,
}

#[tokio::test]
async fn an_app_loses_its_access_with_the_answer_in_every_environment() {
    for end in [
        End::RevokeToken,
        End::RevokeByClient,
        End::DeleteApp,
        End::RemoveMember,
        End::DeleteOrganization,
        End::ShrinkScopes,
        End::LowerRole,
    ] {
        let app = demo_with_app().await;
        install_oauth_grant(&app, Some(admin())).await;
        let token = app.sign(&OauthToken { user: Some(admin()), ..oauth_token(&app) });
        let environments: Vec<_> = (0..20).map(|_| app.another_environment()).collect();
        let paths = [format!("{ACME}/events"), "/users/me".into(), "/organizations".into()];
        let ask = async |environment: &padron_testkit::Environment, path: &str| {
            let response = environment.send(app.get(path).bearer(&token)).await;
            if response.status < 300 { "200".to_owned() } else { response.problem() }
        };
        for environment in &environments {
            for path in &paths {
                assert_eq!(ask(environment, path).await, "200", "{end:?}");
            }
        }
        let call = |method: &str, path: &str| app.call(method, path).user(owner());
        let (call, events, others) = match end {
            End::RevokeToken => (
                call("DELETE", &format!("/oauth/token/{}", demo::OAUTH_GRANT)),
                "401 token_revoked",
                "401 token_revoked",
            ),
            End::RevokeByClient => {
                let secret = crate::support::client_secret().text();
                let body = format!("token={token}&client_id={}&client_secret={secret}", demo::OAUTH_APP);
                let call = app.call("POST", "/oauth/revoke");
                let call = call.header("content-type", "application/x-www-form-urlencoded").body(body);
                (call, "401 token_revoked", "401 token_revoked")
            }
            End::DeleteApp => (
                call("DELETE", &format!("/oauth/apps/{}", demo::OAUTH_APP)),
                "401 token_revoked",
                "401 token_revoked",
            ),
            End::RemoveMember => (
                call("DELETE", &format!("{ACME}/members/{}", demo::ADMIN)),
                "403 not_a_member",
                "401 token_revoked",
            ),
            End::DeleteOrganization => {
                (call("DELETE", ACME), "404 organization_not_found", "401 token_revoked")
            }
            End::ShrinkScopes => {
                let call = call("PUT", &format!("/oauth/apps/{}", demo::OAUTH_APP));
                (
                    call.json(&json!({ "scopes": ["read:customers"] })),
                    "403 insufficient_scope",
                    "403 insufficient_scope",
                )
            }
            End::LowerRole => {
                let call = call("PUT", &format!("{ACME}/members/{}/role", demo::ADMIN));
                (call.json(&json!({ "role": "member" })), "403 insufficient_role", "200")
            }
        };
        let ended = call.send().await;
        assert!(ended.status < 300, "{end:?} {ended:?}");
        for environment in &environments {
            assert_eq!(ask(environment, &paths[0]).await, events, "{end:?}");
            assert_eq!(ask(environment, &paths[1]).await, others, "{end:?}");
            assert_eq!(ask(environment, &paths[2]).await, others, "{end:?}");
        }
    }
}

#[tokio::test]
async fn more_revoked_grants_than_the_gate_lists_end_all_tokens_and_new_ones_work() {
    let app = crate::support::issuing_app().await;
    install_oauth_app(&app, &oauth_app(&app)).await;
    let issue = async || {
        let body =
            json!({ "clientId": demo::OAUTH_APP, "clientSecret": crate::support::client_secret().text() });
        let response = app.call("POST", "/oauth/token").json(&body).send().await;
        response.json()["access_token"].as_str().unwrap().to_owned()
    };
    let survivor = issue().await;
    let mut tokens = Vec::new();
    for number in 0..=OauthGate::MAX_REVOKED {
        let mut grant = install_oauth_grant(&app, Some(member())).await;
        grant.grant = user(u128::try_from(number).unwrap()).uuid();
        app.store().create_oauth_grant(&grant).await.unwrap();
        let token = app.sign(&OauthToken { grant: grant.grant, user: Some(member()), ..oauth_token(&app) });
        assert_eq!(app.get(ACME).bearer(&survivor).send().await.status, 200, "{number}");
        assert_eq!(
            app.call("DELETE", &format!("/oauth/token/{}", grant.id())).user(owner()).send().await.status,
            204
        );
        tokens.push(token);
    }
    for token in &tokens {
        assert_eq!(app.get(ACME).bearer(token).send().await.problem(), "401 token_revoked");
    }
    assert_eq!(
        app.get(ACME).bearer(&survivor).send().await.problem(),
        "401 token_revoked",
        "its app gets a new one"
    );
    assert_eq!(app.get(ACME).bearer(&issue().await).send().await.status, 200);
}

#[tokio::test]
async fn tokens_that_are_not_this_server_s_are_refused() {
    let app = demo_with_app().await;
    let own = TestApp::signing_key_pair();
    let header = || json!({ "alg": "RS256", "kid": own.kid, "typ": "at+jwt" });
    let token = oauth_token(&app);
    let claims = || {
        json!({
            "iss": TestApp::URL, "aud": TestApp::URL, "sub": demo::OAUTH_APP, "client_id": demo::OAUTH_APP,
            "scope": "admin:all", "iat": token.issued_at, "exp": token.expires_at, "jti": token.id, "gid": token.grant,
            "org": demo::ACME,
        })
    };
    let ask = async |token: &str| {
        let response = app.get(ACME).bearer(token).send().await;
        if response.status < 300 { "200".to_owned() } else { response.problem() }
    };
    assert_eq!(ask(&own.sign(&header(), &claims())).await, "200");
    let with = |change: Value| {
        let mut claims = claims();
        claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        claims
    };
    let now = token.issued_at;
    for (change, expected) in [
        (json!({ "exp": now }), "401 token_expired"),
        (json!({ "exp": now - 1 }), "401 token_expired"),
        (json!({ "exp": "2027" }), "401 invalid_token"),
        (json!({ "exp": null }), "401 invalid_token"),
        (json!({ "iat": now + 6 }), "401 invalid_token"),
        (json!({ "aud": "https://padron.test/apis" }), "401 invalid_token"),
        (json!({ "aud": [TestApp::URL] }), "401 invalid_token"),
        (json!({ "aud": app.tokens.issuer.audience }), "401 invalid_token"),
        (json!({ "iss": "https://padron.test/api/" }), "401 invalid_token"),
        (json!({ "iss": app.tokens.issuer.name }), "401 invalid_token"),
        (json!({ "scope": "admin:all root" }), "401 invalid_token"),
        (json!({ "scope": ["admin:all"] }), "401 invalid_token"),
        (json!({ "sub": "admin" }), "401 invalid_token"),
        (json!({ "gid": "x" }), "401 invalid_token"),
        (json!({ "org": null }), "401 invalid_token"),
        (json!({ "client_id": "x" }), "401 invalid_token"),
        // An app that does not exist.
        (
            json!({ "client_id": "app_00000000000070008000000000000000", "sub": demo::OWNER }),
            "401 token_revoked",
        ),
    ] {
        assert_eq!(ask(&own.sign(&header(), &with(change.clone()))).await, expected, "{change}");
    }
    for name in ["iss", "aud", "sub", "client_id", "scope", "iat", "exp", "jti", "gid", "org"] {
        let mut without = claims();
        without.as_object_mut().unwrap().remove(name);
        assert_eq!(ask(&own.sign(&header(), &without)).await, "401 invalid_token", "{name}");
    }
    for (name, value) in [
        ("typ", json!("JWT")),
        ("typ", json!("logout+jwt")),
        ("typ", Value::Null),
        ("alg", json!("PS256")),
        ("alg", json!("none")),
        ("kid", json!("another")),
        ("kid", json!("signs-next")),
        ("crit", json!(["exp"])),
        ("jwk", own.jwk()),
        ("jku", json!("https://evil.example/jwks")),
    ] {
        let mut header = header();
        header[name] = value.clone();
        assert_eq!(ask(&own.sign(&header, &claims())).await, "401 invalid_token", "{name} {value}");
    }
    // Without a signature (CVE-2015-9235), and with the public key as an HMAC secret (CVE-2016-5431).
    let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let mut none = header();
    none["alg"] = json!("none");
    assert_eq!(ask(&format!("{}.{}.", encode(&none), encode(&claims()))).await, "401 invalid_token");
    let mut symmetric = header();
    symmetric["alg"] = json!("HS256");
    let message = format!("{}.{}", encode(&symmetric), encode(&claims()));
    let public = app.get("/oauth/jwks").send().await.text;
    let mac = BASE64_URL_SAFE_NO_PAD.encode(hmac_sha256(public.as_bytes(), message.as_bytes()));
    assert_eq!(ask(&format!("{message}.{mac}")).await, "401 invalid_token");
    // Signed by another key with the same id, and by the operator's issuer.
    let document = SigningKey::new_rsa_document();
    let another = SigningKey::rs256(&own.kid, &document).unwrap();
    assert_eq!(ask(&another.sign(&header(), &claims())).await, "401 invalid_token");
    let operators = &app.tokens.issuer.key;
    assert_eq!(ask(&operators.sign(&operators.header(), &claims())).await, "401 invalid_token");
    // The server's key signs nothing for the operator's issuer.
    assert_eq!(ask(&own.sign(&header(), &app.claims(owner()))).await, "401 invalid_token");
    assert_eq!(ask(&app.sign_as("https://other.test/api", &token)).await, "401 invalid_token");
    // A part of it was changed.
    let text = own.sign(&header(), &claims());
    let changed = text.replacen(&encode(&claims()), &encode(&with(json!({ "org": demo::GLOBEX }))), 1);
    assert_eq!(ask(&changed).await, "401 invalid_token");
}

#[tokio::test]
async fn a_token_is_for_one_organization() {
    let app = demo_with_app().await;
    join(&app, demo::GLOBEX, member(), Role::Member).await;
    let globex = format!("/organizations/{}", demo::GLOBEX);
    for user in [None, Some(member())] {
        let token = app.sign(&OauthToken { user, ..oauth_token(&app) });
        let problem = async |call: Call<'_>| call.bearer(&token).send().await.problem();
        assert_eq!(problem(app.get(&globex)).await, "403 organization_mismatch");
        assert_eq!(problem(app.get("/organizations/x")).await, "400 invalid_request");
        assert_eq!(
            problem(app.get(&format!("{ACME}/customers")).header("x-organization-id", demo::GLOBEX)).await,
            "403 organization_mismatch"
        );
        let listed = app.get("/organizations").bearer(&token).send().await.json();
        let ids: Vec<_> = listed["data"]
            .as_array()
            .unwrap_or(&listed.as_array().cloned().unwrap_or_default())
            .iter()
            .map(|one| one["id"].clone())
            .collect();
        assert_eq!(ids, [json!(demo::ACME)], "{listed}");
    }
    let token = app.sign(&OauthToken { user: Some(member()), ..oauth_token(&app) });
    let own = app.get(&format!("/users/{}/organizations", demo::MEMBER)).bearer(&token).send().await.json();
    assert_eq!((own.as_array().unwrap().len(), &own[0]["role"]), (1, &json!("member")));
    let others = app.get(&format!("/users/{}/organizations", demo::OWNER)).bearer(&token).send().await;
    assert_eq!(others.problem(), "403 not_yourself");
    let app_itself = app.sign(&oauth_token(&app));
    let others = app.get(&format!("/users/{}/organizations", demo::OWNER)).bearer(&app_itself).send().await;
    assert_eq!(others.json()[0]["role"], "owner");
    // Where no organization is named, it is the token's.
    let apps = app.get("/oauth/apps").bearer(&app_itself).send().await.json();
    assert_eq!(apps[0]["clientId"], demo::OAUTH_APP);
}

#[tokio::test]
async fn a_request_costs_one_unit_more_and_no_call() {
    let app = demo_with_app().await;
    let for_user = app.sign(&OauthToken { user: Some(owner()), ..oauth_token(&app) });
    let for_itself = app.sign(&oauth_token(&app));
    // The keys are read once a minute.
    app.get(ACME).bearer(&for_user).send().await;
    let batch = |units: f64| vec![("BatchGetItem".to_owned(), units)];
    assert_eq!(cost(&app, app.get(ACME).user(owner())).await, batch(2.0));
    assert_eq!(cost(&app, app.get(ACME).bearer(&for_user)).await, batch(3.0));
    assert_eq!(cost(&app, app.get(ACME).bearer(&for_itself)).await, batch(2.0));
    app.clock.advance(Duration::from_secs(61));
    let keys = [batch(1.0), batch(3.0)].concat();
    assert_eq!(cost(&app, app.get(ACME).bearer(&for_user)).await, keys);
    // An operator's token never needs them.
    app.clock.advance(Duration::from_secs(61));
    assert_eq!(cost(&app, app.get(ACME).user(owner())).await, batch(2.0));
}

#[tokio::test]
async fn events_name_the_app_and_the_user_for_whom_it_acts() {
    let app = demo_with_app().await;
    let create = async |user: Option<UserId>, email: &str| {
        let token = app.sign(&OauthToken { user, ..oauth_token(&app) });
        let body = json!({ "email": email, "role": "member" });
        let call = app.call("POST", &format!("{ACME}/members/invite")).bearer(&token).json(&body);
        assert_eq!(call.send().await.status, 201);
        app.get(&format!("{ACME}/events?limit=1")).user(owner()).send().await.json()[0].clone()
    };
    app.clock.advance(Duration::from_secs(1));
    let event = create(Some(admin()), "a@example.com").await;
    assert_eq!((&event["actor"], &event["via"]), (&json!(demo::ADMIN), &json!(demo::OAUTH_APP)));
    app.clock.advance(Duration::from_secs(1));
    let event = create(None, "b@example.com").await;
    assert_eq!((&event["actor"], &event["via"]), (&json!(format!("app:{}", demo::OAUTH_APP)), &Value::Null));
    assert!(event.get("via").is_none());
}

#[tokio::test]
async fn an_idempotency_key_is_of_one_app_and_one_user() {
    let app = demo_with_app().await;
    let other = OauthApp { id: OauthClientId::new(user(1).uuid()), ..oauth_app(&app) };
    install_oauth_app(&app, &other).await;
    let path = format!("{ACME}/members/invite");
    let mut ids = Vec::new();
    let credentials = [
        app.token(admin()),
        app.sign(&OauthToken { user: Some(admin()), ..oauth_token(&app) }),
        app.sign(&OauthToken { user: Some(admin()), client: other.id, ..oauth_token(&app) }),
        app.sign(&oauth_token(&app)),
    ];
    for (number, token) in credentials.iter().enumerate() {
        let body = json!({ "email": format!("{number}@example.com"), "role": "member" });
        let send = async || {
            app.call("POST", &path).bearer(token).header("idempotency-key", "one").json(&body).send().await
        };
        let (first, second) = (send().await, send().await);
        assert_eq!(first.status, 201, "{first:?}");
        assert_eq!((&first.text, second.header("idempotent-replayed")), (&second.text, "true"));
        ids.push(first.json()["id"].clone());
    }
    ids.dedup();
    assert_eq!(ids.len(), 4);
}

#[tokio::test]
async fn two_apps_of_an_admin_do_not_lock_each_other_out() {
    let app = demo_with_app().await;
    // A revocation that races with writes of the same app: each is decided by what was true.
    let token = app.sign(&oauth_token(&app));
    let invite = |number: usize| {
        let body = json!({ "email": format!("{number}@example.com"), "role": "member" });
        let call = app.call("POST", &format!("{ACME}/members/invite")).bearer(&token).json(&body);
        async move { call.send().await.status }
    };
    let revoke = app.call("DELETE", &format!("/oauth/token/{}", demo::OAUTH_GRANT)).user(globex_owner());
    assert_eq!(revoke.send().await.status, 404);
    let revoke = app.call("DELETE", &format!("/oauth/token/{}", demo::OAUTH_GRANT)).user(owner());
    let (statuses, revoked) =
        tokio::join!(futures_util::future::join_all((0..12).map(invite)), revoke.send());
    assert_eq!(revoked.status, 204, "{revoked:?}");
    assert!(statuses.iter().all(|status| [201, 401, 409].contains(status)), "{statuses:?}");
    assert_eq!(invite(99).await, 401);
    let created =
        app.get(&format!("{ACME}/events?type=invite.created&limit=100")).user(owner()).send().await.json();
    let by_app = format!("app:{}", client_id());
    let of_app = created.as_array().unwrap().iter().filter(|event| event["actor"] == by_app.as_str()).count();
    assert_eq!(of_app, statuses.iter().filter(|status| **status == 201).count());
}
