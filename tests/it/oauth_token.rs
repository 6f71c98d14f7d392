//! Tests of the endpoints of OAuth clients: tokens are issued, introspected and revoked.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use padron_auth::{KeySet, OauthToken, Verifier};
use padron_domain::{OauthApp, OauthClientId, Scope, Scopes};
use padron_local::demo;
use padron_testkit::{TestApp, TestResponse};
use serde_json::{Value, json};

use crate::support::{
    ACME, client_id, client_secret, install_oauth_app, install_oauth_grant, issuing_app, member, oauth_app,
    oauth_token, owner, public_app, user,
};

const TOKEN: &str = "/oauth/token";
const FORM: &str = "application/x-www-form-urlencoded";

/// Sends a form, with the credentials of a client in the header if there are some.
async fn send_form(
    app: &TestApp,
    path: &str,
    basic: Option<(&str, &str)>,
    parameters: &[(&str, &str)],
) -> TestResponse {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(parameters);
    let mut call = app.call("POST", path).header("content-type", FORM).body(form.finish());
    if let Some((id, secret)) = basic {
        call = call
            .header("authorization", &format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}"))));
    }
    call.send().await
}

/// Returns the request of Timbrix's API for a token with these scopes.
fn json_request(scopes: &[&str]) -> Value {
    json!({ "clientId": demo::OAUTH_APP, "clientSecret": client_secret().text(), "scopes": scopes })
}

fn credentials() -> Option<(&'static str, &'static str)> {
    Some((demo::OAUTH_APP, client_secret().text()))
}

async fn app_with_client() -> TestApp {
    let app = issuing_app().await;
    let scopes = Scopes::of(&[Scope::ReadOrganization, Scope::ReadCustomers, Scope::WriteCustomers]);
    install_oauth_app(&app, &OauthApp { scopes, ..oauth_app(&app) }).await;
    app
}

/// Returns status and error of a response of OAuth, after checking its form.
fn oauth_error(response: &TestResponse) -> String {
    let body = response.json();
    assert_eq!(response.header("content-type"), "application/json", "{response:?}");
    assert_eq!(response.header("cache-control"), "no-store");
    assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
    let description = body["error_description"].as_str().unwrap();
    assert!(!description.is_empty() && description.is_ascii(), "{description}");
    format!("{} {}", response.status, body["error"].as_str().unwrap())
}

fn claims(token: &str) -> [Value; 2] {
    let mut parts = token.split('.').map(|part| BASE64_URL_SAFE_NO_PAD.decode(part).unwrap());
    [parts.next(), parts.next()].map(|part| serde_json::from_slice(&part.unwrap()).unwrap())
}

#[tokio::test]
async fn an_app_gets_a_token_for_itself_in_both_forms() {
    let app = app_with_client().await;
    let by_json = app.call("POST", TOKEN).json(&json_request(&["read:organization"])).send().await;
    let grant_type = ("grant_type", "client_credentials");
    let scope = ("scope", "read:organization");
    let by_basic = send_form(&app, TOKEN, credentials(), &[grant_type, scope]).await;
    let id = ("client_id", demo::OAUTH_APP);
    let secret = ("client_secret", client_secret().text());
    let by_post =
        send_form(&app, TOKEN, None, &[grant_type, scope, id, secret, ("audience", "ignored")]).await;
    for response in [by_json, by_basic, by_post] {
        assert_eq!(response.status, 200, "{response:?}");
        assert_eq!(response.header("cache-control"), "no-store");
        let mut body = response.json();
        let token = body["access_token"].as_str().unwrap().to_owned();
        body["access_token"] = json!("…");
        let expected = json!({ "access_token": "…", "token_type": "Bearer", "expires_in": 3600, "scope": "read:organization" });
        assert_eq!(body, expected);
        let [header, mut claims] = claims(&token);
        assert_eq!(header, json!({ "alg": "RS256", "kid": "signs-now", "typ": "at+jwt" }));
        for id in ["jti", "gid"] {
            assert_eq!(claims[id].take().as_str().unwrap().len(), 36);
        }
        assert_eq!(
            claims,
            json!({
                "iss": TestApp::URL, "aud": TestApp::URL, "sub": demo::OAUTH_APP, "client_id": demo::OAUTH_APP,
                "scope": "read:organization", "iat": 1_768_478_400, "exp": 1_768_482_000, "org": demo::ACME,
                "jti": null, "gid": null,
            })
        );
        assert_eq!(app.get(ACME).bearer(&token).send().await.status, 200);
        // Whoever fetches the public keys can verify it.
        let keys = app.get("/oauth/jwks").send().await;
        let keys = KeySet::parse(keys.text.as_bytes()).unwrap();
        assert!(Verifier::verify_own(&token, TestApp::URL, &keys, app.clock.now()).is_ok());
    }
    let all = send_form(&app, TOKEN, credentials(), &[grant_type]).await.json();
    assert_eq!(all["scope"], "read:organization read:customers write:customers");
    let commas = [grant_type, ("scope", "read:customers,write:customers")];
    let commas = send_form(&app, TOKEN, credentials(), &commas).await.json();
    assert_eq!(commas["scope"], "read:customers write:customers");
}

#[tokio::test]
async fn a_client_that_does_not_prove_itself_gets_nothing() {
    let app = app_with_client().await;
    let public = public_app(&app);
    install_oauth_app(&app, &public).await;
    let other = padron_auth::ClientSecret::generate().unwrap();
    let (id, secret, unknown) =
        (demo::OAUTH_APP, client_secret().text(), "app_00000000000070008000000000000000");
    let public_id = public.id.to_string();
    let grant = ("grant_type", "client_credentials");
    for (basic, parameters) in [
        (None, vec![]),
        (None, vec![("client_id", id)]),
        (None, vec![("client_secret", secret)]),
        (None, vec![("client_id", id), ("client_secret", other.text())]),
        (None, vec![("client_id", id), ("client_secret", "cs_1")]),
        (None, vec![("client_id", unknown), ("client_secret", secret)]),
        (None, vec![("client_id", "acme"), ("client_secret", secret)]),
        (Some((id, other.text())), vec![]),
        (Some((unknown, secret)), vec![]),
        (Some((id, "")), vec![]),
        (Some((id, secret)), vec![("client_secret", secret)]),
        (Some((id, secret)), vec![("client_id", unknown)]),
        (None, vec![("client_id", &public_id), ("client_secret", secret)]),
    ] {
        for (path, first) in
            [(TOKEN, grant), ("/oauth/revoke", ("token", "x")), ("/oauth/introspect", ("token", "x"))]
        {
            let parameters = [&[first][..], &parameters].concat();
            let response = send_form(&app, path, basic, &parameters).await;
            assert_eq!(oauth_error(&response), "401 invalid_client", "{path} {parameters:?}");
            assert_eq!(response.header("www-authenticate"), "Basic realm=\"oauth\"");
        }
        app.clock.advance(Duration::from_secs(60));
    }
    for (field, value) in [("clientSecret", other.text()), ("clientId", unknown), ("clientId", "x")] {
        let mut body = json_request(&[]);
        body[field] = json!(value);
        let response = app.call("POST", TOKEN).json(&body).send().await;
        assert_eq!(response.problem(), "401 invalid_client");
        assert_eq!(response.json()["error"], "invalid_client");
    }
    let as_bearer =
        app.call("POST", "/oauth/revoke").header("content-type", FORM).body("token=x").bearer("a.b.c");
    assert_eq!(oauth_error(&as_bearer.send().await), "401 invalid_client");
    // A public client cannot act for itself, and cannot introspect.
    let public = [("client_id", &*public_id), grant, ("token", "x")];
    for path in [TOKEN, "/oauth/introspect"] {
        assert_eq!(oauth_error(&send_form(&app, path, None, &public).await), "400 unauthorized_client");
    }
    assert_eq!(send_form(&app, "/oauth/revoke", None, &public).await.status, 200);
    let stored = app.logged().concat();
    assert!(!stored.contains(&secret[3..30]) && !stored.contains(&other.text()[3..30]));
}

#[tokio::test]
async fn requests_that_are_not_right_say_what_is_wrong() {
    let app = app_with_client().await;
    let form = async |parameters: &[(&str, &str)]| {
        let response = send_form(&app, TOKEN, credentials(), parameters).await;
        if response.status == 200 { "200".to_owned() } else { oauth_error(&response) }
    };
    let grant = ("grant_type", "client_credentials");
    for (parameters, expected) in [
        (vec![], "400 invalid_request"),
        (vec![("grant_type", "")], "400 invalid_request"),
        (vec![grant, grant], "400 invalid_request"),
        (vec![grant, ("state", "1"), ("state", "2")], "400 invalid_request"),
        (vec![("grant_type", "password")], "400 unsupported_grant_type"),
        (vec![("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")], "400 unsupported_grant_type"),
        (vec![grant, ("scope", "read:everything")], "400 invalid_scope"),
        (vec![grant, ("scope", "read:members")], "400 invalid_scope"),
        (vec![grant, ("scope", "READ:customers")], "400 invalid_scope"),
        (vec![grant, ("resource", "https://padron.test/apis")], "400 invalid_target"),
        (vec![grant, ("resource", "https://other.test/api")], "400 invalid_target"),
        (vec![grant, ("resource", "https://padron.test/api/../x")], "400 invalid_target"),
        (vec![grant, ("resource", "https://padron.test/api/a?b")], "400 invalid_target"),
        (vec![grant, ("resource", "https://padron.test/api/")], "200"),
        (vec![grant, ("resource", ""), ("scope", "")], "200"),
    ] {
        assert_eq!(form(&parameters).await, expected, "{parameters:?}");
    }
    let send = async |media_type: &str, body: String| {
        let call = app.call("POST", TOKEN).header("content-type", media_type).body(body);
        call.send().await
    };
    assert_eq!(oauth_error(&send("text/plain", "x".into()).await), "415 invalid_request");
    assert_eq!(oauth_error(&send(FORM, "a".repeat(16 * 1024 + 1)).await), "413 invalid_request");
    let large = send("application/json", format!("{{\"a\":\"{}\"}}", "a".repeat(16 * 1024))).await;
    assert_eq!(large.problem(), "413 payload_too_large");
    let odd = send("application/json", "{\"clientId\":1}".into()).await;
    assert_eq!(
        (odd.problem(), &odd.json()["error"]),
        ("400 invalid_request".into(), &json!("invalid_request"))
    );
    app.clock.advance(Duration::from_secs(60));
    let response = app.call("POST", TOKEN).json(&json_request(&["read:members"])).send().await;
    assert_eq!(
        (response.problem(), &response.json()["error"]),
        ("400 invalid_scope".into(), &json!("invalid_scope"))
    );
    for path in ["/oauth/revoke", "/oauth/introspect"] {
        assert_eq!(oauth_error(&send_form(&app, path, credentials(), &[]).await), "400 invalid_request");
        let response = app.call("POST", path).json(&json!({ "token": "x" })).send().await;
        assert_eq!(oauth_error(&response), "415 invalid_request");
    }
}

#[tokio::test]
async fn requests_are_limited_by_client_and_network_before_any_secret() {
    let app = app_with_client().await;
    let send = async |address: &str, secret: &str| {
        let mut body = json_request(&[]);
        body["clientSecret"] = json!(secret);
        app.call("POST", TOKEN).from_address(address).json(&body).send().await
    };
    let mut statuses = Vec::new();
    for _ in 0..40 {
        statuses.push(send("203.0.113.1", "cs_guessed").await.status);
    }
    assert!(statuses.contains(&401) && statuses.ends_with(&[429]), "{statuses:?}");
    let limited = send("203.0.113.1", client_secret().text()).await;
    assert_eq!(limited.problem(), "429 rate_limited");
    assert_eq!(limited.json()["error"], "temporarily_unavailable");
    assert!(!limited.header("retry-after").is_empty());
    assert_eq!(send("203.0.113.2", client_secret().text()).await.status, 200);
    for path in ["/oauth/revoke", "/oauth/introspect", TOKEN] {
        let mut last = None;
        for _ in 0..1300 {
            let response =
                send_form(&app, path, None, &[("client_id", "x"), ("client_secret", "y"), ("token", "z")])
                    .await;
            let is_limited = response.status == 429;
            last = Some(response);
            if is_limited {
                break;
            }
        }
        assert_eq!(oauth_error(&last.unwrap()), "429 temporarily_unavailable", "{path}");
    }
}

#[tokio::test]
async fn a_token_for_a_resource_is_valid_there_only() {
    let app = app_with_client().await;
    let issue = async |resource: &str| {
        let parameters = [("grant_type", "client_credentials"), ("resource", resource)];
        let response = send_form(&app, TOKEN, credentials(), &parameters).await.json();
        response["access_token"].as_str().unwrap().to_owned()
    };
    let below = issue(&format!("{}{ACME}/customers", TestApp::URL)).await;
    assert_eq!(claims(&below)[1]["aud"], format!("{}{ACME}/customers", TestApp::URL));
    assert_eq!(app.get(&format!("{ACME}/customers")).bearer(&below).send().await.status, 200);
    assert_eq!(app.get(ACME).bearer(&below).send().await.problem(), "401 invalid_token");
    let organization = issue(&format!("{}{ACME}/", TestApp::URL)).await;
    assert_eq!(app.get(ACME).bearer(&organization).send().await.status, 200);
    assert_eq!(app.get(&format!("{ACME}/customers")).bearer(&organization).send().await.status, 200);
    let part = issue(&format!("{}{}", TestApp::URL, &ACME[..ACME.len() - 1])).await;
    assert_eq!(app.get(ACME).bearer(&part).send().await.problem(), "401 invalid_token");
}

#[tokio::test]
async fn an_old_secret_works_until_the_overlap_ends() {
    let app = app_with_client().await;
    let issue = async |secret: &str| {
        app.clock.advance(Duration::from_secs(60));
        let parameters = [("grant_type", "client_credentials")];
        send_form(&app, TOKEN, Some((demo::OAUTH_APP, secret)), &parameters).await.status
    };
    let rotate = async |overlap: u64| {
        let call = app.call("POST", &format!("/oauth/apps/{}/secret", demo::OAUTH_APP)).user(owner());
        let response = call.json(&json!({ "overlapSeconds": overlap })).send().await.json();
        response["clientSecret"].as_str().unwrap().to_owned()
    };
    let second = rotate(3600).await;
    assert_eq!((issue(client_secret().text()).await, issue(&second).await), (200, 200));
    let third = rotate(3600).await;
    assert_eq!(issue(client_secret().text()).await, 401, "at most two work");
    assert_eq!((issue(&second).await, issue(&third).await), (200, 200));
    app.clock.advance(Duration::from_secs(3600));
    assert_eq!((issue(&second).await, issue(&third).await), (401, 200));
    let fourth = rotate(0).await;
    assert_eq!((issue(&third).await, issue(&fourth).await), (401, 200));
}

#[tokio::test]
async fn an_app_acts_for_a_user_only_within_what_they_have_granted() {
    let app = issuing_app().await;
    let scopes = Scopes::of(&[Scope::ReadOrganization, Scope::ReadCustomers, Scope::ReadMembers]);
    install_oauth_app(&app, &OauthApp { scopes, ..oauth_app(&app) }).await;
    let issue = async |user: &str, scopes: &[&str]| {
        app.clock.advance(Duration::from_secs(60));
        let mut body = json_request(scopes);
        body["userId"] = json!(user);
        app.call("POST", TOKEN).json(&body).send().await
    };
    for user in [demo::MEMBER, demo::OWNER, "nobody"] {
        let response = issue(user, &[]).await;
        assert_eq!(response.problem(), "400 invalid_grant");
        assert_eq!(response.json()["error"], "invalid_grant");
    }
    let mut grant = install_oauth_grant(&app, Some(member())).await;
    grant.scopes = Scopes::of(&[Scope::ReadOrganization, Scope::ReadEvents]);
    grant.expires_at = app.clock.now().plus(Duration::from_secs(600));
    app.store().create_oauth_grant(&grant).await.unwrap();
    let issued = issue(demo::MEMBER, &[]).await.json();
    assert_eq!(issued["scope"], "read:organization", "what was granted, and what the app still has");
    let token = issued["access_token"].as_str().unwrap();
    let claims = &claims(token)[1];
    assert_eq!((&claims["sub"], &claims["gid"]), (&json!(demo::MEMBER), &json!(grant.grant)));
    assert_eq!(app.get(ACME).bearer(token).send().await.status, 200);
    assert_eq!(issue(demo::MEMBER, &["read:customers"]).await.problem(), "400 invalid_grant");
    assert_eq!(issue(demo::OWNER, &[]).await.problem(), "400 invalid_grant");
    app.clock.advance(Duration::from_secs(600));
    assert_eq!(issue(demo::MEMBER, &[]).await.problem(), "400 invalid_grant", "it has ended");
}

#[tokio::test]
async fn introspection_tells_of_the_client_s_own_tokens_that_work() {
    let app = app_with_client().await;
    let other = OauthApp { id: OauthClientId::new(user(1).uuid()), ..oauth_app(&app) };
    install_oauth_app(&app, &other).await;
    install_oauth_grant(&app, Some(member())).await;
    let introspect = async |client: &str, token: &str| {
        let basic = Some((client, client_secret().text()));
        let parameters = [("token", token), ("token_type_hint", "refresh_token")];
        send_form(&app, "/oauth/introspect", basic, &parameters).await.json()
    };
    let for_member = OauthToken { user: Some(member()), ..oauth_token(&app) };
    let token = app.sign(&for_member);
    assert_eq!(
        introspect(demo::OAUTH_APP, &token).await,
        json!({
            "active": true, "scope": "read:organization read:customers write:customers", "client_id": demo::OAUTH_APP,
            "token_type": "Bearer", "sub": demo::MEMBER, "aud": TestApp::URL, "iss": TestApp::URL,
            "iat": for_member.issued_at, "exp": for_member.expires_at, "jti": for_member.id, "org": demo::ACME,
        })
    );
    let inactive = json!({ "active": false });
    let expired = app.sign(&OauthToken { expires_at: for_member.issued_at, ..for_member.clone() });
    let for_stranger = app.sign(&OauthToken { user: Some(user(5)), ..for_member.clone() });
    let of_operator = app.token(member());
    for (client, token) in [
        (demo::OAUTH_APP, "x"),
        (demo::OAUTH_APP, &*expired),
        (demo::OAUTH_APP, &*for_stranger),
        (demo::OAUTH_APP, &*of_operator),
        (&*other.id.to_string(), &*token),
    ] {
        assert_eq!(introspect(client, token).await, inactive, "{token}");
    }
    assert_eq!(introspect(demo::OAUTH_APP, &token).await["active"], true);
    let leave = app.call("DELETE", &format!("{ACME}/members/{}", demo::MEMBER)).user(owner());
    assert_eq!(leave.send().await.status, 204);
    assert_eq!(introspect(demo::OAUTH_APP, &token).await, inactive);
    let own = app.sign(&oauth_token(&app));
    assert_eq!(introspect(demo::OAUTH_APP, &own).await["active"], true);
    assert_eq!(app.call("DELETE", ACME).user(owner()).send().await.status, 204);
    assert_eq!(introspect(demo::OAUTH_APP, &own).await, inactive);
}

#[tokio::test]
async fn a_client_revokes_its_own_tokens_and_no_others() {
    let app = app_with_client().await;
    let other = OauthApp { id: OauthClientId::new(user(1).uuid()), ..oauth_app(&app) };
    install_oauth_app(&app, &other).await;
    let parameters = [("grant_type", "client_credentials")];
    let issued = send_form(&app, TOKEN, credentials(), &parameters).await.json();
    let token = issued["access_token"].as_str().unwrap();
    let revoke = async |client: &str, token: &str| {
        let basic = Some((client, client_secret().text()));
        let response = send_form(&app, "/oauth/revoke", basic, &[("token", token)]).await;
        assert_eq!((response.status, &*response.text), (200, ""), "{response:?}");
    };
    revoke(&other.id.to_string(), token).await;
    revoke(demo::OAUTH_APP, "x").await;
    revoke(demo::OAUTH_APP, &app.token(owner())).await;
    assert_eq!(app.get(ACME).bearer(token).send().await.status, 200);
    revoke(demo::OAUTH_APP, token).await;
    assert_eq!(app.get(ACME).bearer(token).send().await.problem(), "401 token_revoked");
    // Again, and one whose grant is not there any more.
    revoke(demo::OAUTH_APP, token).await;
    revoke(demo::OAUTH_APP, &app.sign(&oauth_token(&app))).await;
    let events =
        app.get(&format!("{ACME}/events?type=oauth_grant.revoked")).user(owner()).send().await.json();
    assert_eq!(events.as_array().unwrap().len(), 1);
    assert_eq!(events[0]["actor"], format!("app:{}", client_id()));
}

#[tokio::test]
async fn fifty_revocations_at_once_leave_nothing_alive_and_write_one_event() {
    let app = app_with_client().await;
    install_oauth_grant(&app, None).await;
    let token = app.sign(&oauth_token(&app));
    let revoke =
        || async { send_form(&app, "/oauth/revoke", credentials(), &[("token", &token)]).await.status };
    let statuses = futures_util::future::join_all((0..50).map(|_| revoke())).await;
    assert!(statuses.iter().all(|status| [200, 409, 429].contains(status)), "{statuses:?}");
    assert!(statuses.contains(&200));
    assert_eq!(app.get(ACME).bearer(&token).send().await.problem(), "401 token_revoked");
    let events =
        app.get(&format!("{ACME}/events?type=oauth_grant.revoked")).user(owner()).send().await.json();
    assert_eq!(events.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_token_costs_what_the_contract_says() {
    let app = app_with_client().await;
    let issue = async || {
        app.clock.advance(Duration::from_secs(1));
        app.recorded();
        let response = app.call("POST", TOKEN).json(&json_request(&[])).send().await;
        assert_eq!(response.status, 200, "{response:?}");
        let requests = app.recorded();
        let costs = requests.iter().map(|request| (request.operation.clone(), request.units()));
        costs.collect::<Vec<_>>()
    };
    issue().await;
    // A warm environment knows the keys and has counted a part of the limit: client and gate, the organization, and the grant.
    let expected = [("BatchGetItem", 2.0), ("BatchGetItem", 1.0), ("PutItem", 1.0)];
    let warm = issue().await;
    assert!(warm.ends_with(&expected.map(|(name, units)| (name.to_owned(), units))), "{warm:?}");
}
