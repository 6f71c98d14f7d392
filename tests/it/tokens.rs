//! Tests of which access tokens are accepted, with inline keys and with keys fetched from a URL.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use padron_domain::UserId;
use padron_emulator::{Issuer, SigningKey};
use padron_local::demo;
use padron_testkit::{KeyServer, Page, TestApp, TestResponse};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{ACME, app, owner, with_demo_data};

async fn ask(app: &TestApp, token: &str) -> TestResponse {
    app.get(ACME).bearer(token).send().await
}

async fn outcome(app: &TestApp, token: &str) -> String {
    let response = ask(app, token).await;
    if response.status == 200 { "200".into() } else { response.problem() }
}

/// Starts an app that fetches its key set, and the server that publishes it.
async fn app_with_key_server() -> (TestApp, KeyServer) {
    let builder = TestApp::of(padron_api::endpoints());
    let server =
        KeyServer::start(Page::ok(padron_testkit::Tokens::default().issuer.jwks().to_string())).await;
    let app = builder.variable("JWT_JWKS", "").variable("JWT_JWKS_URL", server.url()).build().await;
    (with_demo_data(app).await, server)
}

fn with(mut value: Value, name: &str, member: Value) -> Value {
    value[name] = member;
    value
}

fn without(mut value: Value, name: &str) -> Value {
    value.as_object_mut().unwrap().remove(name);
    value
}

fn encode(text: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(text)
}

/// Returns tokens that must be refused, by name. Each could come from an attacker who knows all public data, or who holds a token for
/// another purpose.
fn attacks(app: &TestApp) -> Vec<(String, String)> {
    let issuer = &app.tokens.issuer;
    let key = &issuer.key;
    let header = key.header();
    let claims = app.claims(owner());
    let good = issuer.token(&claims);
    let parts: Vec<&str> = good.split('.').collect();
    let mut attacks: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, token: String| attacks.push((name.to_owned(), token));

    // Claims of the wrong type are invalid, not absent (CVE-2026-25537).
    for exp in [
        "\"9999999999\"",
        "null",
        "[9999999999]",
        "-1",
        "-0.5",
        "18446744073709551616",
        "1e300",
        "1e400",
        "NaN",
        "Infinity",
        "true",
        "{}",
    ] {
        let claims =
            claims.to_string().replace(&format!("\"exp\":{}", claims["exp"]), &format!("\"exp\":{exp}"));
        assert!(claims.contains(exp));
        add(&format!("exp {exp}"), key.sign_text(&header.to_string(), &claims));
    }
    for nbf in ["\"0\"", "null", "[0]", "-1", "-1.5", "18446744073709551616", "1e20", "1e400", "NaN", "false"]
    {
        let claims = claims.to_string().replacen('{', &format!("{{\"nbf\":{nbf},"), 1);
        add(&format!("nbf {nbf}"), key.sign_text(&header.to_string(), &claims));
    }
    for required in ["exp", "iss", "sub"] {
        add(&format!("no {required}"), key.sign(&header, &without(claims.clone(), required)));
        add(&format!("{required} null"), key.sign(&header, &with(claims.clone(), required, Value::Null)));
    }
    for (name, value) in [
        ("sub", json!(42)),
        ("sub", json!("")),
        ("sub", json!("x".repeat(2000))),
        ("sub", json!([demo::OWNER])),
        ("iss", json!([issuer.name])),
        ("iat", json!("now")),
        ("token_use", json!(7)),
    ] {
        add(&format!("{name} {value:.20}"), key.sign(&header, &with(claims.clone(), name, value)));
    }
    let twice = claims.to_string().replacen('{', &format!("{{\"sub\":\"{}\",", demo::STRANGER), 1);
    add("sub twice", key.sign_text(&header.to_string(), &twice));
    for payload in ["", "[]", "null", "\"\"", "{}", "{", "{\"sub\":", "\u{0}"] {
        add(&format!("payload {payload:?}"), key.sign_text(&header.to_string(), payload));
    }
    let deep = format!("{}{}", "[".repeat(2000), "]".repeat(2000));
    add("deep payload", key.sign_text(&header.to_string(), &deep));

    // Time claims.
    let now = app.clock.now().seconds();
    add("not valid yet", key.sign(&header, &with(claims.clone(), "nbf", json!(now + 61))));
    add("issued in the future", key.sign(&header, &with(claims.clone(), "iat", json!(now + 61))));

    // Audience and issuer.
    for aud in [
        json!("https://other.test"),
        json!(["https://other.test"]),
        json!([]),
        Value::Null,
        json!(1),
        json!({}),
    ] {
        add(&format!("aud {aud}"), key.sign(&header, &with(claims.clone(), "aud", aud.clone())));
    }
    add("no aud", key.sign(&header, &without(claims.clone(), "aud")));
    for iss in
        ["https://issuer.test", "https://ISSUER.test/", "https://issuer.test/ ", "https://evil.test/", ""]
    {
        add(&format!("iss {iss:?}"), key.sign(&header, &with(claims.clone(), "iss", json!(iss))));
    }

    // Algorithms.
    for alg in
        ["none", "None", "NONE", "nOnE", "", "HS256", "RS384", "RS512", "PS256", "ES256", "EdDSA", "rs256"]
    {
        let header = with(header.clone(), "alg", json!(alg));
        add(&format!("alg {alg:?}"), key.sign(&header, &claims));
        add(&format!("alg {alg:?} unsigned"), format!("{}.{}.", encode(header.to_string()), parts[1]));
    }
    add("alg missing", key.sign(&without(header.clone(), "alg"), &claims));
    add("alg null", key.sign(&with(header.clone(), "alg", Value::Null), &claims));
    for secret in
        [key.jwk().to_string(), issuer.jwks().to_string(), key.jwk()["n"].as_str().unwrap().to_owned()]
    {
        add(
            "HMAC with the public key",
            hmac(&with(header.clone(), "alg", json!("HS256")), &claims, secret.as_bytes()),
        );
    }
    let modulus = BASE64_URL_SAFE_NO_PAD.decode(key.jwk()["n"].as_str().unwrap()).unwrap();
    add("HMAC with the modulus", hmac(&with(header.clone(), "alg", json!("HS256")), &claims, &modulus));

    // Keys that a token contains or names.
    let evil = SigningKey::es256("test");
    let evil_header = evil.header();
    add("another key of that name", evil.sign(&evil_header, &claims));
    for (name, value) in [
        ("jwk", evil.jwk()),
        ("jku", json!("https://evil.test/jwks.json")),
        ("x5u", json!("https://evil.test/cert.pem")),
        ("x5c", json!(["MIIB"])),
    ] {
        add(&format!("own {name}"), evil.sign(&with(evil_header.clone(), name, value.clone()), &claims));
        add(&format!("{name}, well signed"), key.sign(&with(header.clone(), name, value), &claims));
    }
    for kid in [
        "unknown",
        "",
        "TEST",
        "test ",
        "../../../../dev/null",
        "' OR '1'='1",
        "test\u{0}",
        "http://169.254.169.254/",
        "$(id)",
        &"k".repeat(4000),
    ] {
        add(&format!("kid {kid:.30}"), key.sign(&with(header.clone(), "kid", json!(kid)), &claims));
    }
    for kid in [Value::Null, json!(0), json!(["test"]), json!({"$ne": null})] {
        add(&format!("kid {kid}"), key.sign(&with(header.clone(), "kid", kid), &claims));
    }
    add("no kid", key.sign(&without(header.clone(), "kid"), &claims));

    // Headers that change how a token is verified (CVE-2025-59420, CVE-2026-32597).
    for crit in [json!(["x"]), json!(["exp"]), json!([]), json!(["b64"]), json!("b64"), json!(1)] {
        add(&format!("crit {crit}"), key.sign(&with(header.clone(), "crit", crit.clone()), &claims));
    }
    add(
        "b64 false",
        key.sign(&with(with(header.clone(), "crit", json!(["b64"])), "b64", json!(false)), &claims),
    );
    for (name, value) in [("zip", json!("DEF")), ("enc", json!("A256GCM"))] {
        add(name, key.sign(&with(header.clone(), name, value), &claims));
    }
    for typ in ["dpop+jwt", "logout+jwt", "secevent+jwt", "JOSE", "id_token"] {
        add(&format!("typ {typ}"), key.sign(&with(header.clone(), "typ", json!(typ)), &claims));
    }

    // ID tokens. They are signed with the same keys and sometimes have the same audience.
    let plain = with(header.clone(), "typ", json!("JWT"));
    let id = without(claims.clone(), "client_id");
    add("ID token by nonce", key.sign(&plain, &with(id.clone(), "nonce", json!("n"))));
    add("ID token by at_hash", key.sign(&plain, &with(id.clone(), "at_hash", json!("h"))));
    add("ID token by c_hash", key.sign(&plain, &with(id.clone(), "c_hash", json!("h"))));
    add("ID token by s_hash", key.sign(&plain, &with(id.clone(), "s_hash", json!("h"))));
    add("ID token by auth_time", key.sign(&plain, &with(id.clone(), "auth_time", json!(now))));
    let event = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
    add("logout token", key.sign(&plain, &with(id.clone(), "events", event)));
    add("ID token of Cognito", key.sign(&plain, &with(id.clone(), "token_use", json!("id"))));
    add("ID token of Keycloak", key.sign(&plain, &with(id.clone(), "typ", json!("ID"))));
    add("refresh token of Keycloak", key.sign(&plain, &with(id, "typ", json!("Refresh"))));

    // Malformed tokens.
    for cut in 1..good.len() {
        // Cuts of every length near the ends, and some in between (CVE-2026-27840).
        if cut < 40 || cut > good.len() - 40 || cut % 29 == 0 {
            add(&format!("cut by {cut}"), good[..good.len() - cut].to_owned());
            // By chance, what is left begins like an API key, and is refused as one.
            if !good[cut..].starts_with("sk_") {
                add(&format!("headless by {cut}"), good[cut..].to_owned());
            }
        }
    }
    add("four parts", format!("{good}.e30"));
    add("five parts", format!("{good}.e30.e30"));
    add("dots", "..".into());
    add("padded", format!("{}=.{}.{}", parts[0], parts[1], parts[2]));
    add("unsigned", format!("{}.{}.", parts[0], parts[1]));
    add("a signature too long", format!("{good}AAAA"));
    let other = issuer.token(&app.claims(demo::user(demo::ADMIN)));
    let other: Vec<&str> = other.split('.').collect();
    add("another's claims", format!("{}.{}.{}", parts[0], other[1], parts[2]));
    add("another's signature", format!("{}.{}.{}", parts[0], parts[1], other[2]));
    for part in 0..3 {
        for at in [0, parts[part].len() / 2] {
            let mut flipped: Vec<String> = parts.iter().map(ToString::to_string).collect();
            let byte = if flipped[part].as_bytes()[at] == b'A' { "B" } else { "A" };
            flipped[part].replace_range(at..=at, byte);
            add(&format!("flipped {part} at {at}"), flipped.join("."));
        }
    }
    add("oversized", key.sign(&header, &with(claims.clone(), "x", json!("x".repeat(9000)))));
    add("not base64", "!!!.!!!.!!!".into());
    add("a text of a token's letters", "rk_live_51H8ZQ2eZvKYlo2C".into());
    attacks
}

fn hmac(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let message = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    format!("{message}.{}", encode(padron_emulator::issuer::hmac_sha256(secret, message.as_bytes())))
}

async fn assert_forged_tokens_are_refused(app: &TestApp) {
    app.recorded();
    let good = app.token(owner());
    assert_eq!(outcome(app, &good).await, "200");
    app.recorded();
    for (name, token) in attacks(app) {
        let response = ask(app, &token).await;
        assert_eq!(response.problem(), "401 invalid_token", "{name}: {token:.300}");
        assert!(response.header("www-authenticate").starts_with("Bearer error=\"invalid_token\""), "{name}");
        assert_eq!(response.json()["message"], "Authentication required. Provide a valid bearer token.");
    }
    assert_eq!(app.recorded().len(), 0, "no forged token reaches the table");
    assert_eq!(outcome(app, &good).await, "200", "and the good one still does");
}

#[tokio::test]
async fn no_forged_token_is_believed_with_inline_keys() {
    assert_forged_tokens_are_refused(&app().await).await;
}

#[tokio::test]
async fn no_forged_token_is_believed_with_keys_behind_a_url() {
    let (app, server) = app_with_key_server().await;
    assert_forged_tokens_are_refused(&app).await;
    assert_eq!(server.requests(), 1, "made-up `kid`s do not make us call the issuer");
}

#[tokio::test]
async fn a_log_of_all_that_holds_no_token_and_nothing_personal() {
    let app = app().await;
    let claims = with(app.claims(owner()), "email", json!("olivia@acme.example"));
    let claims = with(with(claims, "email_verified", json!(true)), "name", json!("Olivia Owner"));
    let good = app.tokens.issuer.token(&claims);
    assert_eq!(outcome(&app, &good).await, "200");
    let forged: Vec<String> = attacks(&app).into_iter().map(|(_, token)| token).collect();
    for token in &forged {
        ask(&app, token).await;
    }
    let logged = app.logged().join("\n");
    assert!(logged.lines().count() > forged.len(), "every request is logged");
    for secret in ["olivia", "Olivia", demo::OWNER, "Bearer", "eyJ", "kid", "evil.test"] {
        assert!(!logged.contains(secret) || secret == "kid", "{secret}");
    }
    for token in forged.iter().chain([&good]).filter(|token| token.len() > 20) {
        assert!(!logged.contains(&token[..20]));
    }
}

// Time

#[tokio::test]
async fn clocks_may_be_a_minute_apart_and_no_more() {
    let app = app().await;
    let key = &app.tokens.issuer.key;
    let now = app.clock.now().seconds();
    let sign = |name: &str, at: i64| key.sign(&key.header(), &with(app.claims(owner()), name, json!(at)));
    for (name, at, expected) in [
        ("exp", now + 1, "200"),
        ("exp", now - 59, "200"),
        ("exp", now - 60, "401 token_expired"),
        ("exp", now - 100_000, "401 token_expired"),
        ("exp", 0, "401 token_expired"),
        ("nbf", now + 60, "200"),
        ("nbf", now + 61, "401 invalid_token"),
        ("iat", now + 60, "200"),
    ] {
        assert_eq!(outcome(&app, &sign(name, at)).await, expected, "{name} {}", at - now);
    }
    let huge = with(app.claims(owner()), "exp", json!(u64::MAX));
    assert_eq!(outcome(&app, &key.sign(&key.header(), &huge)).await, "200", "no overflow");
}

#[tokio::test]
async fn expired_is_said_only_of_what_was_good() {
    let app = app().await;
    let old = with(app.claims(owner()), "exp", json!(1));
    let response = ask(&app, &app.tokens.issuer.token(&old)).await;
    assert_eq!(response.problem(), "401 token_expired");
    assert_eq!(
        response.header("www-authenticate"),
        "Bearer error=\"invalid_token\", error_description=\"The token has expired\", resource_metadata=\"https://padron.test/api/.well-known/oauth-protected-resource\""
    );
    let forged = SigningKey::es256("test");
    assert_eq!(outcome(&app, &forged.sign(&forged.header(), &old)).await, "401 invalid_token");
    let foreign = with(old, "aud", json!("https://other.test"));
    assert_eq!(outcome(&app, &app.tokens.issuer.token(&foreign)).await, "401 invalid_token");
}

// Headers

#[tokio::test]
async fn a_token_is_taken_from_one_authorization_header_and_from_nowhere_else() {
    let app = app().await;
    let token = app.token(owner());
    let ask = |name: &'static str, value: String| app.get(ACME).header(name, &value).send();
    assert_eq!(ask("authorization", format!("bearer {token}")).await.status, 200, "schemes have no case");
    for (name, value) in [
        ("authorization", token.clone()),
        ("authorization", format!("Token {token}")),
        ("authorization", format!("Basic {token}")),
        ("authorization", String::new()),
        ("cookie", format!("authorization=Bearer {token}; token={token}")),
        ("x-authorization", format!("Bearer {token}")),
        ("token", token.clone()),
    ] {
        assert_eq!(ask(name, value).await.problem(), "401 authentication_required", "{name}");
    }
    assert_eq!(app.get(&format!("{ACME}?access_token={token}")).send().await.status, 401);
    let twice = app.get(ACME).bearer(&token).bearer(&token).send().await;
    assert_eq!(twice.problem(), "401 invalid_token", "two headers are none");
}

// Algorithms and issuers

#[tokio::test]
async fn rs256_es256_and_eddsa_are_verified_by_the_keys_own_algorithm() {
    let keys = [SigningKey::es256("ec"), SigningKey::eddsa("ed")];
    let mut jwks = padron_testkit::Tokens::default().issuer.jwks();
    for key in &keys {
        jwks["keys"].as_array_mut().unwrap().push(key.jwk());
    }
    let app = TestApp::of(padron_api::endpoints()).variable("JWT_JWKS", jwks.to_string()).build().await;
    let app = with_demo_data(app).await;
    let claims = app.claims(owner());
    for key in [&app.tokens.issuer.key, &keys[0], &keys[1]] {
        assert_eq!(outcome(&app, &key.sign(&key.header(), &claims)).await, "200", "{}", key.algorithm());
        for alg in ["RS256", "ES256", "EdDSA", "HS256", "none"] {
            if alg != key.algorithm() {
                let header = with(key.header(), "alg", json!(alg));
                assert_eq!(outcome(&app, &key.sign(&header, &claims)).await, "401 invalid_token", "{alg}");
            }
        }
        for kid in ["test", "ec", "ed"] {
            if kid != key.kid {
                let header = with(key.header(), "kid", json!(kid));
                assert_eq!(outcome(&app, &key.sign(&header, &claims)).await, "401 invalid_token", "{kid}");
            }
        }
    }
    let named_anew = with(keys[1].header(), "alg", json!("Ed25519"));
    assert_eq!(outcome(&app, &keys[1].sign(&named_anew, &claims)).await, "200", "RFC 9864");
}

#[tokio::test]
async fn auth0s_access_tokens_are_understood() {
    let app = app().await;
    let key = &app.tokens.issuer.key;
    let header = json!({ "alg": "RS256", "typ": "JWT", "kid": "test" });
    let now = app.clock.now().seconds();
    let claims = json!({
        "iss": app.tokens.issuer.name, "sub": "auth0|65f0c1a2b3c4d5e6f7a8b9c0",
        "aud": [app.tokens.issuer.audience, "https://tenant.eu.auth0.com/userinfo"],
        "iat": now, "exp": now + 86_400, "azp": "aBcDeFgHiJkLmNoPqRsTuVwXyZ012345", "scope": "openid profile email",
    });
    // A subject that is not a UUID is always mapped to the same UUID. This user is known, but not a member.
    assert_eq!(outcome(&app, &key.sign(&header, &claims)).await, "403 not_a_member");
    let id_token = with(without(claims, "scope"), "nonce", json!("aHR0cHM"));
    assert_eq!(outcome(&app, &key.sign(&header, &id_token)).await, "401 invalid_token");
}

#[tokio::test]
async fn a_subject_that_is_no_uuid_is_the_uuid_of_issuer_and_subject() {
    let app = app().await;
    let issuer = &app.tokens.issuer;
    let subject = "auth0|65f0c1a2b3c4d5e6f7a8b9c0";
    let namespace = Uuid::new_v5(&Uuid::NAMESPACE_URL, issuer.name.as_bytes());
    let user = UserId::new(Uuid::new_v5(&namespace, subject.as_bytes()));
    app.recorded();
    outcome(&app, &issuer.token(&with(app.claims(owner()), "sub", json!(subject)))).await;
    assert!(app.recorded()[0].body.to_string().contains(&format!("MEMBER#{user}")));
    let upper = with(app.claims(owner()), "sub", json!(demo::OWNER.to_uppercase()));
    assert_eq!(outcome(&app, &issuer.token(&upper)).await, "200", "a UUID has no case");
}

#[tokio::test]
async fn cognitos_access_tokens_are_understood_and_its_id_tokens_refused() {
    let app = TestApp::of(padron_api::endpoints())
        .variable("JWT_AUDIENCE", "")
        .variable("JWT_CLIENT_ID", "otherclient, 7lhlkkfbfb4q5kpp90urffao")
        .build()
        .await;
    let app = with_demo_data(app).await;
    let key = &app.tokens.issuer.key;
    let header = json!({ "alg": "RS256", "kid": "test" });
    let now = app.clock.now().seconds();
    let access = json!({
        "iss": app.tokens.issuer.name, "sub": demo::OWNER, "client_id": "7lhlkkfbfb4q5kpp90urffao",
        "token_use": "access", "scope": "aws.cognito.signin.user.admin", "auth_time": now, "iat": now,
        "exp": now + 3600, "jti": "a", "origin_jti": "b", "event_id": "c", "username": demo::OWNER, "version": 2,
    });
    assert_eq!(outcome(&app, &key.sign(&header, &access)).await, "200");
    let id = json!({
        "iss": app.tokens.issuer.name, "sub": demo::OWNER, "aud": "7lhlkkfbfb4q5kpp90urffao", "token_use": "id",
        "auth_time": now, "iat": now, "exp": now + 3600, "email": "a@b.example", "email_verified": true,
        "cognito:username": demo::OWNER,
    });
    for refused in [
        id.clone(),
        with(id, "client_id", json!("7lhlkkfbfb4q5kpp90urffao")),
        with(access.clone(), "client_id", json!("someone-elses")),
        without(access.clone(), "client_id"),
        without(access.clone(), "token_use"),
        with(without(access, "client_id"), "aud", json!("7lhlkkfbfb4q5kpp90urffao")),
    ] {
        assert_eq!(outcome(&app, &key.sign(&header, &refused)).await, "401 invalid_token", "{refused}");
    }
}

// Keys fetched from a URL

#[tokio::test]
async fn a_key_set_is_fetched_once_and_again_for_a_new_key_after_a_minute() {
    let (app, server) = app_with_key_server().await;
    let good = app.token(owner());
    for _ in 0..3 {
        assert_eq!(outcome(&app, &good).await, "200");
    }
    assert_eq!(server.requests(), 1);

    let new = Issuer { key: SigningKey::es256("new"), ..clone(&app.tokens.issuer) };
    let fresh = |app: &TestApp| new.token(&app.claims(owner()));
    server.set(Page::ok(new.jwks().to_string()));
    for _ in 0..3 {
        assert_eq!(outcome(&app, &fresh(&app)).await, "401 invalid_token");
    }
    assert_eq!(server.requests(), 1, "not within the minute");
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(outcome(&app, &fresh(&app)).await, "200");
    assert_eq!(server.requests(), 2);
    assert_eq!(
        outcome(&app, &good).await,
        "401 invalid_token",
        "a key that was withdrawn is gone, for a token seen before too"
    );
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn a_withdrawn_key_stops_working_without_any_new_key() {
    let (app, server) = app_with_key_server().await;
    let seen_before = app.token(owner());
    assert_eq!(outcome(&app, &seen_before).await, "200");
    server.set(Page::ok(json!({ "keys": [SigningKey::es256("other").jwk()] }).to_string()));
    app.clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(outcome(&app, &seen_before).await, "401 invalid_token");
    assert_eq!(outcome(&app, &app.token(owner())).await, "401 invalid_token");
}

#[tokio::test]
async fn requests_at_once_fetch_the_key_set_once() {
    let (app, server) = app_with_key_server().await;
    server.set(Page { delay: Duration::from_millis(50), ..Page::ok(app.tokens.issuer.jwks().to_string()) });
    let token = app.token(owner());
    let asked = (0..16).map(|_| ask(&app, &token));
    let answers = futures_util::future::join_all(asked).await;
    assert!(answers.iter().all(|response| response.status == 200));
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn an_issuer_that_fails_gives_503_and_then_serves_from_what_it_had() {
    let (app, server) = app_with_key_server().await;
    let good = Page::ok(app.tokens.issuer.jwks().to_string());
    let huge = format!("{{\"keys\":[],\"x\":\"{}\"}}", "x".repeat(100_000));
    let many = json!({ "keys": vec![app.tokens.issuer.key.jwk(); 33] });
    let redirect = Page { status: 302, location: Some(server.url()), ..good.clone() };
    for page in [
        Page { status: 500, ..good.clone() },
        Page { status: 404, ..good.clone() },
        redirect,
        Page::ok(""),
        Page::ok("{}"),
        Page::ok("<html>"),
        Page::ok("{\"keys\":[]}"),
        Page::ok(huge),
        Page::ok(many.to_string()),
        Page { delay: Duration::from_secs(60), ..good.clone() },
    ] {
        server.set(page.clone());
        app.clock.advance(Duration::from_secs(2));
        let response = ask(&app, &app.token(owner())).await;
        assert_eq!(response.problem(), "503 service_unavailable", "{page:?}");
        assert_eq!(response.header("retry-after"), "1");
    }
    let asked = server.requests();
    assert_eq!(ask(&app, &app.token(owner())).await.status, 503);
    assert_eq!(server.requests(), asked, "an issuer in trouble is not asked at every request");

    server.set(good.clone());
    app.clock.advance(Duration::from_secs(2));
    assert_eq!(outcome(&app, &app.token(owner())).await, "200");
    server.set(Page { status: 500, ..good.clone() });
    app.clock.advance(Duration::from_secs(60 * 60));
    assert_eq!(outcome(&app, &app.token(owner())).await, "200", "an hour's outage of the issuer is not ours");

    // A token signed with a new key cannot be verified during the outage. It is accepted as soon as the issuer is back.
    let new = Issuer { key: SigningKey::es256("new"), ..clone(&app.tokens.issuer) };
    let fresh = |app: &TestApp| new.token(&app.claims(owner()));
    assert_eq!(outcome(&app, &fresh(&app)).await, "503 service_unavailable");
    let mut both = app.tokens.issuer.jwks();
    both["keys"].as_array_mut().unwrap().push(new.key.jwk());
    server.set(Page::ok(both.to_string()));
    app.clock.advance(Duration::from_secs(2));
    assert_eq!(outcome(&app, &fresh(&app)).await, "200");
    server.set(Page { status: 500, ..good });
    app.clock.advance(Duration::from_secs(24 * 60 * 60));
    assert_eq!(outcome(&app, &app.token(owner())).await, "503 service_unavailable", "but not for ever");
}

#[tokio::test]
async fn an_issuer_without_a_valid_certificate_is_not_asked() {
    let server =
        KeyServer::start(Page::ok(padron_testkit::Tokens::default().issuer.jwks().to_string())).await;
    // The server does not speak TLS. The handshake fails, and with it the request, but not the process.
    let url = server.url().replace("http://", "https://");
    let app = TestApp::of(padron_api::endpoints())
        .variable("JWT_JWKS", "")
        .variable("JWT_JWKS_URL", url)
        .build()
        .await;
    let app = with_demo_data(app).await;
    assert_eq!(outcome(&app, &app.token(owner())).await, "503 service_unavailable");
    assert_eq!(server.requests(), 0);
}

// Cached tokens

#[tokio::test]
async fn a_token_seen_before_expires_all_the_same() {
    for app in [app().await, app_with_key_server().await.0] {
        let token = app.token(owner());
        assert_eq!(outcome(&app, &token).await, "200");
        app.clock.advance(Duration::from_secs(3600 + 59));
        assert_eq!(outcome(&app, &token).await, "200");
        app.clock.advance(Duration::from_secs(1));
        assert_eq!(outcome(&app, &token).await, "401 token_expired");
    }
}

#[tokio::test]
async fn a_token_seen_before_opens_nothing_to_one_that_differs_in_a_letter() {
    let app = app().await;
    let token = app.token(owner());
    for _ in 0..2 {
        assert_eq!(outcome(&app, &token).await, "200");
        for at in [3, token.len() / 2, token.len() - 3] {
            let mut other = token.clone();
            let letter = if &token[at..=at] == "A" { "B" } else { "A" };
            other.replace_range(at..=at, letter);
            assert_eq!(outcome(&app, &other).await, "401 invalid_token");
        }
    }
}

#[tokio::test]
async fn more_users_than_are_remembered_are_served_all_the_same() {
    let app = app().await;
    let token = app.token(owner());
    for index in 0..600_u128 {
        let stranger = UserId::new(Uuid::from_u128(index + 1));
        assert_eq!(outcome(&app, &app.token(stranger)).await, "403 not_a_member");
    }
    assert_eq!(outcome(&app, &token).await, "200");
}

fn clone(issuer: &Arc<Issuer>) -> Issuer {
    Issuer { name: issuer.name.clone(), audience: issuer.audience.clone(), key: SigningKey::es256("unused") }
}
