//! Tests of the authorization code flow: sign-in, consent, the exchange of codes and of refresh tokens.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use futures_util::future::join_all;
use padron_domain::{OauthApp, OauthClientId, Scope, Scopes, UserId};
use padron_local::demo;
use padron_testkit::{TestApp, TestResponse};
use serde_json::{Value, json};

use crate::{
    browser::{
        Browser, FORM, ORIGIN, Parameters, REDIRECT_URI, VERIFIER, challenge, field, form_of, query_of,
        request,
    },
    support::{
        ACME, admin, client_secret, event_types, globex_owner, install_oauth_app, issuing_app, member,
        oauth_app, owner, public_app, user,
    },
};

/// Returns the values of the placeholders in the sample request of a step of the flow, after the steps before it.
pub(crate) async fn placeholders(app: &TestApp, function: &str) -> Vec<(&'static str, String)> {
    let mut browser = Browser::new(app);
    let cookie = |browser: &Browser<'_>, name: &str| browser.cookies[name].clone();
    if function == "oauth-callback" {
        let to_issuer = browser.authorize(&[]).await;
        let back = app.login().choose(to_issuer.header("location"), &owner().to_string()).unwrap();
        let query = query_of(&back);
        return vec![
            ("<your_login>", cookie(&browser, "__Host-padron-login")),
            ("<your_issuer_s_code>", query["code"].clone()),
            ("<your_state>", query["state"].clone()),
        ];
    }
    if matches!(function, "oauth-exchange" | "oauth-refresh") {
        let without = [("code_challenge", ""), ("code_challenge_method", "")];
        let code = browser.code(owner(), &without).await;
        if function == "oauth-exchange" {
            return vec![("<your_code>", code)];
        }
        let grant = ("grant_type", "authorization_code");
        let tokens = token(app, &[grant, ("code", &code), ("redirect_uri", REDIRECT_URI)]).await.json();
        return vec![("<your_refresh_token>", text(&tokens, "refresh_token").to_owned())];
    }
    let to_consent = browser.sign_in(owner(), &[]).await;
    let page = browser.open(to_consent.header("location")).await;
    vec![
        ("<your_session>", cookie(&browser, "__Host-padron")),
        ("<your_request>", field(&page.text, "request")),
        ("<your_form_token>", field(&page.text, "form_token")),
    ]
}

async fn app_with_client() -> TestApp {
    let app = issuing_app().await;
    let scopes = Scopes::of(&[
        Scope::ReadOrganization,
        Scope::ReadCustomers,
        Scope::WriteCustomers,
        Scope::AdminOrganization,
    ]);
    install_oauth_app(&app, &OauthApp { scopes, ..oauth_app(&app) }).await;
    app
}

/// Sends a form to the token endpoint as the confidential client.
async fn token(app: &TestApp, parameters: Parameters<'_>) -> TestResponse {
    let credentials = [("client_id", demo::OAUTH_APP), ("client_secret", client_secret().text())];
    let parameters: Vec<(&str, &str)> = parameters.iter().copied().chain(credentials).collect();
    app.call("POST", "/oauth/token").header("content-type", FORM).body(form_of(&parameters)).send().await
}

async fn exchange(app: &TestApp, code: &str) -> TestResponse {
    let (grant, redirect) = (("grant_type", "authorization_code"), ("redirect_uri", REDIRECT_URI));
    token(app, &[grant, ("code", code), redirect, ("code_verifier", VERIFIER)]).await
}

async fn refresh(app: &TestApp, refresh_token: &str) -> TestResponse {
    token(app, &[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
}

fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().unwrap_or_else(|| panic!("no {name}: {body}"))
}

fn outcome(response: &TestResponse) -> String {
    if response.status == 200 {
        return "200".into();
    }
    format!("{} {}", response.status, text(&response.json(), "error"))
}

/// Returns the tokens of a user who has allowed everything that [`request`] asks for.
async fn tokens(app: &TestApp, user: UserId) -> Value {
    let code = Browser::new(app).code(user, &[]).await;
    let response = exchange(app, &code).await;
    assert_eq!(response.status, 200, "{response:?}");
    response.json()
}

/// Returns what a request for Acme Corp with this token answers.
async fn access(app: &TestApp, tokens: &Value) -> String {
    let response = app.get(ACME).bearer(text(tokens, "access_token")).send().await;
    if response.status == 200 { "200".into() } else { response.problem() }
}

#[tokio::test]
async fn a_user_allows_an_app_to_act_for_them() {
    let app = app_with_client().await;
    let mut browser = Browser::new(&app);
    let to_issuer = browser.authorize(&[]).await;
    assert_eq!((to_issuer.status, to_issuer.header("cache-control")), (302, "no-store"));
    let asked = query_of(to_issuer.header("location"));
    assert_eq!(asked["redirect_uri"], format!("{}/oauth/callback", TestApp::URL));
    assert_eq!((&*asked["scope"], &*asked["code_challenge_method"]), ("openid email profile", "S256"));
    let back = app.login().choose(to_issuer.header("location"), &member().to_string()).unwrap();
    let to_consent = browser.open(&back).await;
    assert_eq!(browser.cookies.keys().collect::<Vec<_>>(), ["__Host-padron"], "the sign-in is over");
    let page = browser.open(to_consent.header("location")).await;
    for part in ["Acme CRM", "Acme Corp", "crm.acme.example", "Read customers", "read:organization"] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    assert!(!page.text.contains("<script") && !page.text.contains("write:customers"), "{}", page.text);
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(policy.ends_with("base-uri 'none'; frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.header("cache-control"), "no-store");
    let answer = browser.decide(&page.text, "allow").await;
    assert_eq!(answer.status, 303);
    app.clock.advance(Duration::from_millis(1));
    let answer = query_of(
        answer.header("location").strip_prefix(REDIRECT_URI).map(|_| answer.header("location")).unwrap(),
    );
    assert_eq!((&*answer["state"], &*answer["iss"]), ("the state", TestApp::URL));
    // As Timbrix's clients do it.
    let body = json!({
        "code": answer["code"], "clientId": demo::OAUTH_APP, "clientSecret": client_secret().text(),
        "redirectUri": REDIRECT_URI, "grantType": "authorization_code", "codeVerifier": VERIFIER,
    });
    let response = app.call("POST", "/oauth/token/exchange").json(&body).send().await;
    assert_eq!((response.status, response.header("cache-control")), (200, "no-store"), "{response:?}");
    let first = response.json();
    assert_eq!((&first["token_type"], &first["expires_in"]), (&json!("Bearer"), &json!(3600)));
    assert_eq!(first["scope"], "read:organization read:customers");
    assert_eq!(access(&app, &first).await, "200");
    let body = json!({
        "refreshToken": first["refresh_token"], "clientId": demo::OAUTH_APP, "clientSecret": client_secret().text(),
    });
    let response = app.call("POST", "/oauth/token/refresh").json(&body).send().await;
    assert_eq!(response.status, 200, "{response:?}");
    let second = response.json();
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_eq!(access(&app, &second).await, "200");
    // The user sees it, and takes it back.
    let mine = app.get("/users/me/oauth-grants").user(member()).send().await.json();
    assert_eq!(mine.as_array().unwrap().len(), 1, "{mine}");
    assert_eq!((&mine[0]["appName"], &mine[0]["organizationId"]), (&json!("Acme CRM"), &json!(demo::ACME)));
    assert_eq!(app.get("/users/me/oauth-grants").user(owner()).send().await.json(), json!([]));
    let path = format!("/users/me/oauth-grants/{}", text(&mine[0], "id"));
    app.clock.advance(Duration::from_millis(1));
    assert_eq!(app.call("DELETE", &path).user(owner()).send().await.problem(), "404 token_not_found");
    assert_eq!(app.call("DELETE", &path).user(member()).send().await.status, 204);
    assert_eq!(access(&app, &first).await, "401 token_revoked");
    assert_eq!(outcome(&refresh(&app, text(&second, "refresh_token")).await), "400 invalid_grant");
    let events = event_types(&app, demo::organization(demo::ACME)).await;
    assert_eq!(events[..2], ["oauth_grant.revoked", "oauth_grant.created"]);
    // Nothing that gives access is logged.
    let logged = app.logged().join("\n");
    for secret in
        [&answer["code"], text(&first, "access_token"), text(&first, "refresh_token"), client_secret().text()]
    {
        assert!(!logged.contains(secret), "{secret}");
    }
    assert!(browser.cookies.values().all(|cookie| !logged.contains(cookie)));
}

#[tokio::test]
async fn a_request_of_an_unknown_client_or_to_an_unknown_address_leads_nowhere() {
    let app = app_with_client().await;
    for change in [
        ("client_id", "app_00000000000070008000000000000000"),
        ("client_id", "acme"),
        ("client_id", ""),
        ("redirect_uri", "https://crm.acme.example/callback/"),
        ("redirect_uri", "https://crm.acme.example/callback?next=https://evil.example"),
        ("redirect_uri", "https://crm.acme.example.evil.example/callback"),
        ("redirect_uri", "https://crm.acme.example@evil.example/callback"),
        ("redirect_uri", "https://crm.acme.example/callback#"),
        ("redirect_uri", "javascript:alert(1)"),
        ("redirect_uri", "http://crm.acme.example/callback"),
    ] {
        let page = Browser::new(&app).authorize(&[change]).await;
        assert_eq!((page.status, page.header("location")), (400, ""), "{change:?}");
        assert!(page.header("content-type").starts_with("text/html"), "{page:?}");
        assert!(!page.text.contains("evil"), "{}", page.text);
    }
    let twice = format!("{}&client_id={}", form_of(&request(&[], &challenge())), demo::OAUTH_APP);
    let twice = app
        .get(&format!("/oauth/authorize?{twice}"))
        .header("accept-language", "es-MX,en;q=0.5")
        .send()
        .await;
    assert_eq!(twice.status, 400);
    assert!(twice.text.contains("Este enlace no es válido"), "{}", twice.text);
}

#[tokio::test]
async fn every_other_error_goes_to_the_app() {
    let app = app_with_client().await;
    let public = public_app(&app);
    install_oauth_app(&app, &public).await;
    let public_id = public.id.to_string();
    let long = "s".repeat(2049);
    for (changes, error) in [
        (vec![("response_type", "token")], "unsupported_response_type"),
        (vec![("response_type", "")], "invalid_request"),
        (vec![("response_mode", "fragment")], "invalid_request"),
        (vec![("request", "e30.e30.")], "request_not_supported"),
        (vec![("request_uri", "https://crm.acme.example/request")], "request_uri_not_supported"),
        (vec![("scope", "everything")], "invalid_scope"),
        (vec![("scope", "admin:all")], "invalid_scope"),
        (vec![("code_challenge_method", "plain")], "invalid_request"),
        (vec![("code_challenge_method", "")], "invalid_request"),
        (vec![("code_challenge", "short")], "invalid_request"),
        (vec![("code_challenge", "")], "invalid_request"),
        (vec![("code_challenge", ""), ("code_challenge_method", ""), ("state", "")], "invalid_request"),
        (vec![("state", &long)], "invalid_request"),
        (vec![("resource", "https://other.example")], "invalid_target"),
        (vec![("prompt", "none login")], "invalid_request"),
        (vec![("prompt", "NONE")], "invalid_request"),
        (vec![("prompt", "none")], "login_required"),
        // A public client always has a challenge.
        (
            vec![("client_id", &public_id), ("code_challenge", ""), ("code_challenge_method", "")],
            "invalid_request",
        ),
    ] {
        let response = Browser::new(&app).authorize(&changes).await;
        assert_eq!(response.status, 302, "{changes:?} {response:?}");
        let location = response.header("location");
        assert!(location.starts_with(&format!("{REDIRECT_URI}?")), "{changes:?} {location}");
        let answer = query_of(location);
        assert_eq!(answer["error"], error, "{changes:?}");
        assert_eq!(answer["iss"], TestApp::URL);
        assert!(!answer.contains_key("code"));
    }
    let repeated = format!("{}&scope=read:customers", form_of(&request(&[], &challenge())));
    let repeated = app.get(&format!("/oauth/authorize?{repeated}")).send().await;
    assert_eq!(query_of(repeated.header("location"))["error"], "invalid_request");
    // Timbrix's apps may do without a challenge, and separate scopes by commas.
    let without =
        [("code_challenge", ""), ("code_challenge_method", ""), ("scope", "read:customers,write:customers")];
    let code = Browser::new(&app).code(member(), &without).await;
    let grant = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", REDIRECT_URI)];
    assert_eq!(token(&app, &grant).await.json()["scope"], "read:customers write:customers");
}

#[tokio::test]
async fn a_user_may_deny_and_allow_less() {
    let app = app_with_client().await;
    let mut browser = Browser::new(&app);
    let to_consent = browser.sign_in(owner(), &[]).await;
    let page = browser.open(to_consent.header("location")).await;
    let denied = browser.decide(&page.text, "deny").await;
    assert_eq!(query_of(denied.header("location"))["error"], "access_denied");
    // A box that is unticked is not sent.
    let page = page.text.replacen(" checked", "", 1);
    let answer = browser.decide(&page, "allow").await;
    let code = &query_of(answer.header("location"))["code"];
    assert_eq!(exchange(&app, code).await.json()["scope"], "read:customers");
    // Everything of an organization is not ticked from the start.
    let more = [("scope", "read:customers admin:organization"), ("prompt", "consent")];
    let to_consent = browser.authorize(&more).await;
    let page = browser.open(to_consent.header("location")).await;
    assert_eq!(page.text.matches("type=\"checkbox\"").count(), 2, "{}", page.text);
    let answer = browser.decide(&page.text, "allow").await;
    let code = &query_of(answer.header("location"))["code"];
    assert_eq!(exchange(&app, code).await.json()["scope"], "read:customers");
    // A scope that the request does not have cannot be added.
    let page = page.text.replace("scope:read:customers", "scope:write:customers");
    let answer = browser.decide(&page, "allow").await;
    assert_eq!(query_of(answer.header("location"))["error"], "access_denied");
}

#[tokio::test]
async fn what_was_allowed_before_is_not_asked_again() {
    let app = app_with_client().await;
    let mut browser = Browser::new(&app);
    let code = browser.code(member(), &[]).await;
    assert_eq!(exchange(&app, &code).await.status, 200);
    let again = browser.authorize(&[("prompt", "none")]).await;
    let code = &query_of(again.header("location"))["code"];
    assert_eq!(exchange(&app, code).await.status, 200);
    let consent = browser.authorize(&[("prompt", "consent")]).await;
    assert!(consent.header("location").contains("/oauth/consent?request="), "{consent:?}");
    let login = browser.authorize(&[("prompt", "login")]).await;
    assert!(login.header("location").contains("prompt=login"), "{login:?}");
    let more = browser.authorize(&[("scope", "write:customers"), ("prompt", "none")]).await;
    assert_eq!(query_of(more.header("location"))["error"], "consent_required");
    // An app that cannot prove who it is asks each time.
    let public = public_app(&app);
    install_oauth_app(&app, &public).await;
    let id = public.id.to_string();
    for _ in 0..2 {
        let to_consent = browser.authorize(&[("client_id", &id)]).await;
        let page = browser.open(to_consent.header("location")).await;
        let answer = browser.decide(&page.text, "allow").await;
        let code = query_of(answer.header("location"))["code"].clone();
        let parameters = [
            ("grant_type", "authorization_code"),
            ("client_id", &id),
            ("code", &code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
        ];
        let call = app.call("POST", "/oauth/token").header("content-type", FORM);
        assert_eq!(call.body(form_of(&parameters)).send().await.status, 200);
    }
    // Nor after the user has signed out.
    let page = browser.authorize(&[("prompt", "consent")]).await;
    let page = browser.open(page.header("location")).await;
    let form = form_of(&[
        ("form_token", &field(&page.text, "form_token")),
        ("request", &field(&page.text, "request")),
    ]);
    let call = app.call("POST", "/oauth/sign-out").header("origin", ORIGIN).header("content-type", FORM);
    let stolen = browser.cookies.clone();
    let signed_out = browser.send(call.body(form)).await;
    assert!(query_of(signed_out.header("location"))["prompt"] == "login", "{signed_out:?}");
    assert!(!browser.cookies.contains_key("__Host-padron"), "{:?}", browser.cookies);
    browser.cookies = stolen;
    let after = browser.authorize(&[("prompt", "none")]).await;
    assert_eq!(query_of(after.header("location"))["error"], "login_required");
}

#[tokio::test]
async fn a_code_is_bound_to_the_request_that_it_answers() {
    let app = app_with_client().await;
    let other = OauthApp { id: OauthClientId::new(user(1).uuid()), ..oauth_app(&app) };
    install_oauth_app(&app, &other).await;
    let code = Browser::new(&app).code(member(), &[]).await;
    let grant = ("grant_type", "authorization_code");
    let (code_, redirect) = (("code", &*code), ("redirect_uri", REDIRECT_URI));
    let verifier = ("code_verifier", VERIFIER);
    for parameters in [
        vec![grant, code_, redirect],
        vec![grant, code_, redirect, ("code_verifier", "another verifier of forty-three characters or so")],
        vec![grant, code_, redirect, ("code_verifier", "")],
        vec![grant, code_, verifier],
        vec![grant, code_, ("redirect_uri", "https://crm.acme.example/other"), verifier],
        vec![grant, ("code", "unknown"), redirect, verifier],
    ] {
        assert_eq!(outcome(&token(&app, &parameters).await), "400 invalid_grant", "{parameters:?}");
    }
    let other_id = other.id.to_string();
    let of_other = [
        grant,
        code_,
        redirect,
        verifier,
        ("client_id", &other_id),
        ("client_secret", client_secret().text()),
    ];
    let call = app.call("POST", "/oauth/token").header("content-type", FORM);
    assert_eq!(outcome(&call.body(form_of(&of_other)).send().await), "400 invalid_grant");
    // None of this has used it up.
    assert_eq!(exchange(&app, &code).await.status, 200);
    // A code without a challenge is refused with a verifier: somebody else has put it into the client.
    let without = [("code_challenge", ""), ("code_challenge_method", ""), ("prompt", "consent")];
    let code = Browser::new(&app).code(member(), &without).await;
    assert_eq!(outcome(&exchange(&app, &code).await), "400 invalid_grant");
    let code = Browser::new(&app).code(member(), &[("prompt", "consent")]).await;
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(outcome(&exchange(&app, &code).await), "400 invalid_grant", "it has expired");
}

#[tokio::test]
async fn a_code_that_is_used_twice_ends_what_it_was_exchanged_for() {
    let app = app_with_client().await;
    let code = Browser::new(&app).code(member(), &[]).await;
    let first = exchange(&app, &code).await.json();
    assert_eq!(access(&app, &first).await, "200");
    // Events of one instant have no order.
    app.clock.advance(Duration::from_millis(1));
    assert_eq!(outcome(&exchange(&app, &code).await), "400 invalid_grant");
    assert_eq!(access(&app, &first).await, "401 token_revoked");
    assert_eq!(outcome(&refresh(&app, text(&first, "refresh_token")).await), "400 invalid_grant");
    let events = app.get(&format!("{ACME}/events?limit=1")).user(owner()).send().await.json();
    assert_eq!(events[0]["type"], "oauth_grant.revoked");
    assert_eq!(events[0]["data"]["reason"], "reuse");
}

#[tokio::test]
async fn fifty_exchanges_at_once_give_one_answer() {
    let app = app_with_client().await;
    let code = Browser::new(&app).code(member(), &[]).await;
    let outcomes = join_all((0..50).map(|_| exchange(&app, &code))).await;
    let mut outcomes: Vec<String> = outcomes.iter().map(outcome).collect();
    outcomes.sort();
    assert_eq!(outcomes[0], "200");
    assert!(outcomes[1..].iter().all(|outcome| outcome == "400 invalid_grant"), "{outcomes:?}");
}

#[tokio::test]
async fn fifty_refreshes_at_once_have_one_successor() {
    let app = app_with_client().await;
    let first = tokens(&app, member()).await;
    app.clock.advance(Duration::from_secs(61));
    let responses = join_all((0..50).map(|_| refresh(&app, text(&first, "refresh_token")))).await;
    let mut successors = std::collections::BTreeSet::new();
    for response in &responses {
        assert_eq!(response.status, 200, "{response:?}");
        successors.insert(text(&response.json(), "refresh_token").to_owned());
        assert_eq!(access(&app, &response.json()).await, "200");
    }
    assert_eq!(successors.len(), 1, "{successors:?}");
    // After half a minute, only a thief or a broken client comes with the old one.
    app.clock.advance(Duration::from_secs(31));
    assert_eq!(outcome(&refresh(&app, text(&first, "refresh_token")).await), "400 invalid_grant");
    assert_eq!(outcome(&refresh(&app, successors.first().unwrap()).await), "400 invalid_grant");
    assert_eq!(access(&app, &responses[0].json()).await, "401 token_revoked");
}

#[tokio::test]
async fn a_refresh_token_that_is_not_right_does_no_harm() {
    let app = app_with_client().await;
    let first = tokens(&app, member()).await;
    let genuine = text(&first, "refresh_token");
    let forged = padron_auth::RefreshSeed::generate().unwrap();
    let parsed = padron_auth::RefreshToken::parse(genuine).unwrap();
    let last = if genuine.ends_with('0') { '1' } else { '0' };
    let forgeries = [
        forged.token(parsed.id, 1).text(),
        forged.token(parsed.id, 2).text(),
        format!("{}{last}", &genuine[..genuine.len() - 1]),
        "rt_".into(),
        text(&first, "access_token").into(),
    ];
    for forgery in forgeries {
        assert_eq!(outcome(&refresh(&app, &forgery).await), "400 invalid_grant", "{forgery}");
    }
    let grant = ("grant_type", "refresh_token");
    let token_ = ("refresh_token", genuine);
    let wider = token(&app, &[grant, token_, ("scope", "write:customers")]).await;
    assert_eq!(outcome(&wider), "400 invalid_scope");
    let resource = format!("{}/organizations", TestApp::URL);
    let narrower = token(&app, &[grant, token_, ("scope", "read:customers"), ("resource", &resource)]).await;
    assert_eq!(narrower.json()["scope"], "read:customers");
    // The next one has all scopes of the grant again.
    let all = refresh(&app, text(&narrower.json(), "refresh_token")).await.json();
    assert_eq!(all["scope"], "read:organization read:customers");
    assert_eq!(access(&app, &all).await, "200");
    // A refresh token is no access token.
    assert_eq!(app.get(ACME).bearer(text(&all, "refresh_token")).send().await.problem(), "401 invalid_token");
    // It ends after thirty days without use.
    app.clock.advance(Duration::from_secs(30 * 24 * 3600 + 1));
    assert_eq!(outcome(&refresh(&app, text(&all, "refresh_token")).await), "400 invalid_grant");
}

#[tokio::test]
async fn a_refresh_and_a_revocation_at_once_leave_nothing_alive() {
    let app = app_with_client().await;
    for round in 0..10 {
        app.clock.advance(Duration::from_secs(61));
        let first = tokens(&app, member()).await;
        let revoke = async {
            let parameters = [
                ("token", text(&first, "refresh_token")),
                ("client_id", demo::OAUTH_APP),
                ("client_secret", client_secret().text()),
            ];
            let call = app.call("POST", "/oauth/revoke").header("content-type", FORM);
            assert_eq!(call.body(form_of(&parameters)).send().await.status, 200);
        };
        // Every other time, the refresh repeats one whose response was lost.
        if round % 2 == 1 {
            assert_eq!(refresh(&app, text(&first, "refresh_token")).await.status, 200);
        }
        let (refreshed, ()) =
            futures_util::future::join(refresh(&app, text(&first, "refresh_token")), revoke).await;
        assert_eq!(access(&app, &first).await, "401 token_revoked");
        if refreshed.status == 200 {
            let second = refreshed.json();
            assert_eq!(access(&app, &second).await, "401 token_revoked");
            assert_eq!(outcome(&refresh(&app, text(&second, "refresh_token")).await), "400 invalid_grant");
        }
    }
}

/// Returns what the introspection endpoint says of a token.
async fn introspect(app: &TestApp, token: &str) -> Value {
    let credentials = [("client_id", demo::OAUTH_APP), ("client_secret", client_secret().text())];
    let form = form_of(&[credentials.as_slice(), &[("token", token)]].concat());
    app.call("POST", "/oauth/introspect").header("content-type", FORM).body(form).send().await.json()
}

#[tokio::test]
async fn introspection_tells_of_a_refresh_token_that_can_be_exchanged() {
    let app = app_with_client().await;
    let first = tokens(&app, member()).await;
    let refresh_token = text(&first, "refresh_token");
    let seconds = app.clock.now().seconds();
    assert_eq!(
        introspect(&app, refresh_token).await,
        json!({
            "active": true, "scope": "read:organization read:customers", "client_id": demo::OAUTH_APP, "sub": demo::MEMBER,
            "aud": TestApp::URL, "iss": TestApp::URL, "iat": seconds, "exp": seconds + 30 * 24 * 60 * 60, "org": demo::ACME,
        })
    );
    // Asking changes nothing.
    app.clock.advance(Duration::from_secs(1));
    let second = refresh(&app, refresh_token).await.json();
    let inactive = json!({ "active": false });
    assert_eq!(introspect(&app, refresh_token).await, inactive, "it was replaced");
    let mut forged = text(&second, "refresh_token").to_owned();
    forged.replace_range(40..41, if &forged[40..41] == "a" { "b" } else { "a" });
    assert_eq!(introspect(&app, &forged).await, inactive);
    assert_eq!(introspect(&app, text(&second, "refresh_token")).await["active"], true);
    let third = refresh(&app, text(&second, "refresh_token")).await.json();
    // A token without a scope that the app still has is refused wherever it is used.
    let (path, less) = (format!("/oauth/apps/{}", demo::OAUTH_APP), json!({ "scopes": ["write:customers"] }));
    assert_eq!(app.call("PUT", &path).user(owner()).json(&less).send().await.status, 200);
    for token in ["access_token", "refresh_token"] {
        assert_eq!(introspect(&app, text(&third, token)).await, inactive, "{token}");
    }
    let all = json!({ "scopes": ["read:organization", "read:customers"] });
    assert_eq!(app.call("PUT", &path).user(owner()).json(&all).send().await.status, 200);
    // That of another client is like one that does not exist.
    let other = OauthApp { id: OauthClientId::new(user(1).uuid()), ..oauth_app(&app) };
    install_oauth_app(&app, &other).await;
    let fourth = tokens(&app, admin()).await;
    let id = other.id.to_string();
    let form = form_of(&[
        ("client_id", &*id),
        ("client_secret", client_secret().text()),
        ("token", text(&fourth, "refresh_token")),
    ]);
    let foreign = app.call("POST", "/oauth/introspect").header("content-type", FORM).body(form).send().await;
    assert_eq!(foreign.json(), inactive);
    app.clock.advance(Duration::from_secs(30 * 24 * 60 * 60));
    assert_eq!(introspect(&app, text(&fourth, "refresh_token")).await, inactive, "it has expired");
}

#[tokio::test]
async fn whoever_joins_again_has_granted_nothing() {
    let app = app_with_client().await;
    let first = tokens(&app, member()).await;
    let code = Browser::new(&app).code(member(), &[("prompt", "consent")]).await;
    let path = format!("{ACME}/members/{}", member());
    assert_eq!(app.call("DELETE", &path).user(owner()).send().await.status, 204);
    app.clock.advance(Duration::from_secs(1));
    crate::support::join(&app, demo::ACME, member(), padron_domain::Role::Member).await;
    for token in ["access_token", "refresh_token"] {
        assert_eq!(introspect(&app, text(&first, token)).await, json!({ "active": false }), "{token}");
    }
    assert_eq!(outcome(&exchange(&app, &code).await), "400 invalid_grant");
}

#[tokio::test]
async fn an_issuer_that_fails_is_reported_to_the_app() {
    let app = app_with_client().await;
    let metadata = |authorize: &str, token: &str, issuer: &str| {
        json!({ "issuer": issuer, "authorization_endpoint": authorize, "token_endpoint": token }).to_string()
    };
    let (good, issuer) = ("https://issuer.example/x", app.tokens.issuer.name.clone());
    let documents = [
        // Codes and secrets do not go over the network as they are.
        metadata("http://issuer.example/authorize", good, &issuer),
        metadata(good, "http://issuer.example/token", &issuer),
        metadata(good, good, "https://another.example"),
        metadata("https://", good, &issuer),
        "{}".into(),
        "not JSON".into(),
    ];
    for document in documents {
        let body = document.clone();
        let server = padron_emulator::WebServer::start(move |_| {
            let response = http::Response::new(http_body_util::Full::from(body.clone()));
            async { response }
        });
        let url = format!("http://{}/metadata", server.await.address);
        let environment = app.environment_with(&[("LOGIN_DISCOVERY_URL", &url)]);
        let challenge = challenge();
        let query = form_of(&request(&[], &challenge));
        let response = environment.send(app.get(&format!("/oauth/authorize?{query}"))).await;
        assert_eq!(response.status, 302, "{document}: {response:?}");
        let answer = query_of(response.header("location"));
        assert!(response.header("location").starts_with(REDIRECT_URI), "{response:?}");
        assert_eq!(answer["error"], "temporarily_unavailable", "{document}");
        assert_eq!((&*answer["state"], &*answer["iss"]), ("the state", TestApp::URL));
        assert!(environment.logged().concat().contains("issuer"), "{:?}", environment.logged());
    }
}

#[tokio::test]
async fn who_leaves_takes_their_grants_along() {
    let app = app_with_client().await;
    let first = tokens(&app, member()).await;
    let code = Browser::new(&app).code(member(), &[("prompt", "consent")]).await;
    let path = format!("{ACME}/members/{}", member());
    assert_eq!(app.call("DELETE", &path).user(owner()).send().await.status, 204);
    assert_ne!(access(&app, &first).await, "200");
    assert_eq!(outcome(&refresh(&app, text(&first, "refresh_token")).await), "400 invalid_grant");
    assert_ne!(exchange(&app, &code).await.status, 200);
    // Who joins again has not allowed anything since.
    app.clock.advance(Duration::from_secs(1));
    crate::support::join(&app, demo::ACME, member(), padron_domain::Role::Member).await;
    assert_ne!(access(&app, &first).await, "200");
    assert_eq!(outcome(&refresh(&app, text(&first, "refresh_token")).await), "400 invalid_grant");
    let mut browser = Browser::new(&app);
    let consent = browser.sign_in(member(), &[]).await;
    assert!(consent.header("location").contains("/oauth/consent?"), "{consent:?}");
    let asked = browser.authorize(&[("prompt", "none")]).await;
    assert_eq!(query_of(asked.header("location"))["error"], "consent_required");
    // Of a deleted organization nothing is left, either.
    let second = tokens(&app, admin()).await;
    assert_eq!(app.call("DELETE", ACME).user(owner()).send().await.status, 204);
    assert_ne!(access(&app, &second).await, "200");
    assert_eq!(outcome(&refresh(&app, text(&second, "refresh_token")).await), "400 invalid_grant");
}

#[tokio::test]
async fn a_decision_comes_from_the_page_of_the_user_who_makes_it() {
    let app = app_with_client().await;
    let mut victim = Browser::new(&app);
    let to_consent = victim.sign_in(owner(), &[]).await;
    let page = victim.open(to_consent.header("location")).await;
    let mut attacker = Browser::new(&app);
    let to_consent = attacker.sign_in(globex_owner(), &[]).await;
    let location = to_consent.header("location").to_owned();
    // Who is not a member has nothing to allow.
    assert_eq!(attacker.open(&location).await.status, 403);
    // A request of one session is not taken in another.
    assert_eq!(victim.open(&location).await.status, 400);
    assert_eq!(attacker.decide(&page.text, "allow").await.status, 400);
    assert_eq!(Browser::new(&app).decide(&page.text, "allow").await.status, 400);
    // Nor a form of another site, or one that was changed.
    let (sealed, form_token) = (field(&page.text, "request"), field(&page.text, "form_token"));
    let scope = ("scope:read:customers", "on");
    let whole = [("request", &*sealed), ("form_token", &*form_token), ("action", "allow"), scope];
    let mut forged = sealed.clone();
    forged.replace_range(5..6, if &forged[5..6] == "A" { "B" } else { "A" });
    for (origin, form) in [
        (None, form_of(&whole)),
        (Some("null"), form_of(&whole)),
        (Some("https://evil.example"), form_of(&whole)),
        (Some("https://padron.test.evil.example"), form_of(&whole)),
        (Some(ORIGIN), form_of(&[("request", &sealed), ("action", "allow"), scope])),
        (Some(ORIGIN), form_of(&[("request", &sealed), ("form_token", "none"), ("action", "allow"), scope])),
        (
            Some(ORIGIN),
            form_of(&[("request", &forged), ("form_token", &form_token), ("action", "allow"), scope]),
        ),
    ] {
        let mut call = app.call("POST", "/oauth/consent").header("content-type", FORM).body(form.clone());
        if let Some(origin) = origin {
            call = call.header("origin", origin);
        }
        let response = victim.send(call).await;
        assert_eq!((response.status, response.header("location")), (400, ""), "{origin:?} {form}");
    }
    assert_eq!(victim.decide(&page.text, "allow").await.status, 303);
    // The request expires after ten minutes.
    app.clock.advance(Duration::from_secs(601));
    assert_eq!(victim.decide(&page.text, "allow").await.status, 400);
}

#[tokio::test]
async fn only_the_issuer_of_the_installation_signs_users_in() {
    let app = app_with_client().await;
    let callback = async |change: &dyn Fn(&mut BTreeMap<String, String>), cookies: bool| {
        let mut browser = Browser::new(&app);
        let to_issuer = browser.authorize(&[]).await;
        let back = app.login().choose(to_issuer.header("location"), &member().to_string()).unwrap();
        let mut query = query_of(&back);
        change(&mut query);
        if !cookies {
            browser.cookies.clear();
        }
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&query).finish();
        let response = browser.open(&format!("{}/oauth/callback?{query}", TestApp::URL)).await;
        assert!(
            !browser.cookies.contains_key("__Host-padron") || response.header("location").contains("consent")
        );
        let location = response.header("location");
        let error = if location.is_empty() { None } else { query_of(location).remove("error") };
        format!("{} {}", response.status, error.unwrap_or_default())
    };
    assert_eq!(callback(&|_| {}, true).await, "302 ");
    // A sign-in that someone else has begun is not continued.
    assert_eq!(callback(&|_| {}, false).await, "400 ");
    assert_eq!(callback(&|query| _ = query.insert("state".into(), "other".into()), true).await, "400 ");
    assert_eq!(callback(&|query| _ = query.remove("state"), true).await, "400 ");
    assert_eq!(
        callback(&|query| _ = query.insert("iss".into(), "https://evil.example".into()), true).await,
        "400 "
    );
    assert_eq!(callback(&|query| _ = query.remove("iss"), true).await, "302 ", "few issuers send it");
    assert_eq!(
        callback(&|query| _ = query.insert("code".into(), "other".into()), true).await,
        "302 server_error"
    );
    assert_eq!(callback(&|query| _ = query.remove("code"), true).await, "302 access_denied");
    let changes: [padron_emulator::SignIdToken; 11] = [
        |issuer, claims| sign(issuer, "JWT", &with(claims, "aud", json!("another client"))),
        |issuer, claims| sign(issuer, "JWT", &with(claims, "aud", json!(["padron", "another client"]))),
        |issuer, claims| sign(issuer, "JWT", &with(claims, "azp", json!("another client"))),
        |issuer, claims| sign(issuer, "JWT", &with(claims, "iss", json!("https://evil.example"))),
        |issuer, claims| sign(issuer, "JWT", &with(claims, "nonce", json!("another"))),
        |issuer, claims| sign(issuer, "JWT", &with(claims, "nonce", Value::Null)),
        |issuer, claims| {
            sign(issuer, "JWT", &with(claims, "exp", json!(claims["iat"].as_i64().unwrap() - 300)))
        },
        |issuer, claims| {
            sign(issuer, "JWT", &with(claims, "iat", json!(claims["iat"].as_i64().unwrap() + 3600)))
        },
        |issuer, claims| sign(issuer, "at+jwt", claims),
        |_, claims| {
            let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
            format!("{}.{}.", part(&json!({ "alg": "none", "kid": "test" })), part(claims))
        },
        |issuer, claims| {
            // The public key as the secret of an HMAC.
            let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
            let message =
                format!("{}.{}", part(&json!({ "alg": "HS256", "kid": issuer.key.kid })), part(claims));
            let secret = issuer.key.jwk().to_string();
            let mac = padron_emulator::issuer::hmac_sha256(secret.as_bytes(), message.as_bytes());
            format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac))
        },
    ];
    for (index, change) in changes.into_iter().enumerate() {
        app.login().sign_with(change);
        // Each browser is one of another minute, so that they are not too many.
        app.clock.advance(Duration::from_secs(60));
        assert_eq!(callback(&|_| {}, true).await, "302 server_error", "{index}");
    }
}

/// Returns claims with another value of one of them.
fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut changed = claims.clone();
    changed[name] = value;
    changed
}

fn sign(issuer: &padron_emulator::Issuer, typ: &str, claims: &Value) -> String {
    issuer.key.sign(&json!({ "alg": "RS256", "kid": issuer.key.kid, "typ": typ }), claims)
}

#[tokio::test]
async fn an_id_token_is_no_access_token() {
    let app = app_with_client().await;
    let issuer = &app.tokens.issuer;
    let mut claims = issuer.claims(&owner().to_string(), app.clock.now().seconds(), 300);
    claims["aud"] = json!("padron");
    claims["nonce"] = json!("n");
    assert_eq!(
        app.get(ACME).bearer(&sign(issuer, "JWT", &claims)).send().await.problem(),
        "401 invalid_token"
    );
}

#[tokio::test]
async fn timbrix_s_apps_refresh_with_the_token_alone_and_no_others() {
    let app = app_with_client().await;
    let untyped = OauthApp { id: OauthClientId::new(user(1).uuid()), is_untyped: true, ..oauth_app(&app) };
    install_oauth_app(&app, &untyped).await;
    let id = untyped.id.to_string();
    let code = Browser::new(&app).code(member(), &[("client_id", &id)]).await;
    let body = json!({
        "code": code, "clientId": id, "clientSecret": client_secret().text(), "redirectUri": REDIRECT_URI,
        "codeVerifier": VERIFIER,
    });
    let first = app.call("POST", "/oauth/token/exchange").json(&body).send().await.json();
    let alone =
        |token: &str| app.call("POST", "/oauth/token/refresh").json(&json!({ "refreshToken": token }));
    let second = alone(text(&first, "refresh_token")).send().await;
    assert_eq!(second.status, 200, "{second:?}");
    let typed = tokens(&app, member()).await;
    assert_eq!(alone(text(&typed, "refresh_token")).send().await.problem(), "401 invalid_client");
    let wrong = json!({ "refreshToken": typed["refresh_token"], "clientId": id, "clientSecret": client_secret().text() });
    let wrong = app.call("POST", "/oauth/token/refresh").json(&wrong).send().await;
    assert_eq!(wrong.problem(), "400 invalid_grant");
}

#[tokio::test]
async fn without_a_client_at_the_issuer_apps_act_for_themselves_only() {
    let app =
        TestApp::of(padron_api::endpoints()).issues_tokens().variable("LOGIN_CLIENT_ID", "").build().await;
    let app = crate::support::with_demo_data(app).await;
    app.install_signing_keys().await;
    install_oauth_app(&app, &oauth_app(&app)).await;
    let metadata = app.get("/.well-known/oauth-authorization-server").send().await.json();
    assert_eq!(metadata["grant_types_supported"], json!(["client_credentials"]));
    assert_eq!(metadata["response_types_supported"], json!([]));
    assert!(metadata.get("authorization_endpoint").is_none(), "{metadata}");
    let page = app.get(&format!("/oauth/authorize?{}", form_of(&request(&[], &challenge())))).send().await;
    assert_eq!((page.status, page.header("location")), (400, ""));
    assert_eq!(app.get("/oauth/callback?code=1&state=1").send().await.status, 400);
    assert_eq!(outcome(&exchange(&app, "code").await), "400 unsupported_grant_type");
    assert_eq!(outcome(&refresh(&app, "rt_").await), "400 unsupported_grant_type");
    assert_eq!(token(&app, &[("grant_type", "client_credentials")]).await.status, 200);
    let seed = padron_auth::RefreshSeed::generate().unwrap();
    let id = padron_domain::OauthGrantId::parse(demo::OAUTH_GRANT).unwrap();
    let refused = refresh_as_timbrix(&app, &seed.token(id, 1).text()).await;
    assert_eq!(refused.problem(), "400 unsupported_grant_type");
}

/// Sends a refresh token in the form of Timbrix's API.
async fn refresh_as_timbrix(app: &TestApp, refresh_token: &str) -> TestResponse {
    let body = json!({
        "refreshToken": refresh_token, "clientId": demo::OAUTH_APP, "clientSecret": client_secret().text(),
    });
    app.call("POST", "/oauth/token/refresh").json(&body).send().await
}

#[tokio::test]
async fn a_grant_outlives_the_key_that_has_signed_its_first_token() {
    let app = app_with_client().await;
    let mut last = tokens(&app, member()).await;
    let kid = |tokens: &Value| {
        let header = text(tokens, "access_token").split('.').next().unwrap().to_owned();
        let header: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
        text(&header, "kid").to_owned()
    };
    let first_kid = kid(&last);
    for _ in 0..3 {
        app.clock.advance(Duration::from_secs(29 * 24 * 3600));
        let response = refresh_as_timbrix(&app, text(&last, "refresh_token")).await;
        assert_eq!(response.status, 200, "{response:?}");
        let next = response.json();
        assert_eq!(access(&app, &next).await, "200");
        // The one before ends the grant, half a minute later.
        if kid(&next) != first_kid {
            app.clock.advance(Duration::from_secs(31));
            let old = refresh_as_timbrix(&app, text(&last, "refresh_token")).await;
            assert_eq!(old.problem(), "400 invalid_grant");
            assert_eq!(access(&app, &next).await, "401 token_revoked");
            return;
        }
        last = next;
    }
    panic!("the key was not replaced");
}

#[tokio::test]
async fn an_exchange_costs_what_the_documentation_says() {
    let app = app_with_client().await;
    let costs = || {
        let requests = app.recorded();
        let costs = requests.iter().map(|request| (request.operation.clone(), request.units()));
        costs.collect::<Vec<_>>()
    };
    let expected = |calls: &[(&str, f64)]| -> Vec<_> {
        calls.iter().map(|(operation, units)| ((*operation).to_owned(), *units)).collect()
    };
    let first = tokens(&app, member()).await;
    let code = Browser::new(&app).code(member(), &[("prompt", "consent")]).await;
    costs();
    // The client and its gate, the code, the organization and the membership, and one transaction.
    assert_eq!(exchange(&app, &code).await.status, 200);
    let calls = costs();
    let read = ("BatchGetItem", 2.0);
    assert!(
        calls.ends_with(&expected(&[read, ("BatchGetItem", 1.0), read, ("TransactWriteItems", 11.0)])),
        "{calls:?}"
    );
    // The client and its gate, the grant and the gate, the organization and the membership, and the grant's next version.
    assert_eq!(refresh(&app, text(&first, "refresh_token")).await.status, 200);
    let calls = costs();
    assert!(calls.ends_with(&expected(&[read, read, read, ("PutItem", 1.0)])), "{calls:?}");
}

#[tokio::test]
async fn a_grant_for_a_resource_is_never_used_beyond_it() {
    let app = app_with_client().await;
    let organizations = format!("{}/organizations", TestApp::URL);
    let mut browser = Browser::new(&app);
    let code = browser.code(member(), &[("resource", &organizations)]).await;
    let exchange_for = async |code: &str, resource: &str| {
        let parameters = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
            ("resource", resource),
        ];
        token(&app, &parameters).await
    };
    assert_eq!(outcome(&exchange_for(&code, TestApp::URL).await), "400 invalid_target");
    assert_eq!(outcome(&exchange_for(&code, "https://other.example").await), "400 invalid_target");
    let acme = format!("{organizations}/{}", demo::ACME);
    let narrow = exchange_for(&code, &acme).await.json();
    assert_eq!(access(&app, &narrow).await, "200");
    assert_eq!(
        app.get("/organizations").bearer(text(&narrow, "access_token")).send().await.problem(),
        "401 invalid_token"
    );
    let wider = [("grant_type", "refresh_token"), ("refresh_token", text(&narrow, "refresh_token"))];
    let wider = token(&app, &[wider[0], wider[1], ("resource", TestApp::URL)]).await;
    assert_eq!(outcome(&wider), "400 invalid_target");
    // Nor by asking for more, or by the user's id.
    let asked = browser.authorize(&[("prompt", "none")]).await;
    assert_eq!(query_of(asked.header("location"))["error"], "consent_required");
    let narrower = browser.authorize(&[("prompt", "none"), ("resource", &acme)]).await;
    assert!(query_of(narrower.header("location")).contains_key("code"), "{narrower:?}");
    let body = json!({ "clientId": demo::OAUTH_APP, "clientSecret": client_secret().text(), "userId": demo::MEMBER });
    let for_user = app.call("POST", "/oauth/token").json(&body).send().await.json();
    assert_eq!(access(&app, &for_user).await, "200");
    let elsewhere = app.get("/users/me").bearer(text(&for_user, "access_token")).send().await;
    assert_eq!(elsewhere.problem(), "401 invalid_token");
}

#[tokio::test]
async fn an_app_that_changes_gets_no_more_than_it_has_left() {
    let app = app_with_client().await;
    let mut browser = Browser::new(&app);
    let to_consent = browser.sign_in(owner(), &[]).await;
    let page = browser.open(to_consent.header("location")).await;
    let change = async |redirect_uri: &str, scopes: &[&str]| {
        let body = json!({ "redirectUris": [redirect_uri], "scopes": scopes });
        let path = format!("/oauth/apps/{}", demo::OAUTH_APP);
        assert_eq!(app.call("PUT", &path).user(owner()).json(&body).send().await.status, 200);
    };
    change(REDIRECT_URI, &["read:customers"]).await;
    let answer = browser.decide(&page.text, "allow").await;
    let code = query_of(answer.header("location"))["code"].clone();
    change(REDIRECT_URI, &["write:customers"]).await;
    assert_eq!(outcome(&exchange(&app, &code).await), "400 invalid_grant");
    // An address that is taken out gets no answer any more, not even a denial.
    change("https://crm.acme.example/other", &["read:organization", "read:customers"]).await;
    for action in ["allow", "deny"] {
        let answer = browser.decide(&page.text, action).await;
        assert_eq!((answer.status, answer.header("location")), (400, ""), "{action}");
    }
    assert_eq!(browser.open(to_consent.header("location")).await.status, 400);
    let path = format!("/oauth/apps/{}", demo::OAUTH_APP);
    assert_eq!(app.call("DELETE", &path).user(owner()).send().await.status, 204);
    assert_eq!(browser.decide(&page.text, "deny").await.status, 400);
}

#[tokio::test]
async fn the_page_names_the_scheme_of_an_app_and_not_what_looks_like_a_host() {
    let app = app_with_client().await;
    let public = OauthApp {
        redirect_uris: vec!["com.example.app://accounts.example/callback".into()],
        name: "<script>alert(1)</script>".into(),
        ..public_app(&app)
    };
    install_oauth_app(&app, &public).await;
    let id = public.id.to_string();
    let mut browser = Browser::new(&app);
    let to_consent =
        browser.sign_in(member(), &[("client_id", &id), ("redirect_uri", &public.redirect_uris[0])]).await;
    let page = browser.open(to_consent.header("location")).await;
    assert!(page.text.contains("<dd>com.example.app:</dd>"), "{}", page.text);
    assert!(!page.text.contains("<script") && !page.text.contains("accounts.example"), "{}", page.text);
    let answer = browser.decide(&page.text, "allow").await;
    assert!(
        answer.header("location").starts_with("com.example.app://accounts.example/callback?code="),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_user_whose_tokens_are_for_one_organization_allows_nothing_in_another() {
    let app = TestApp::of(padron_api::endpoints()).issues_tokens().variable("JWT_ORGANIZATION_CLAIM", "org");
    let app = crate::support::with_demo_data(app.build().await).await;
    app.install_signing_keys().await;
    install_oauth_app(&app, &oauth_app(&app)).await;
    app.login().sign_with(|issuer, claims| sign(issuer, "JWT", &with(claims, "org", json!(demo::GLOBEX))));
    let mut browser = Browser::new(&app);
    let to_consent = browser.sign_in(owner(), &[]).await;
    assert_eq!(browser.open(to_consent.header("location")).await.status, 403);
    app.login().sign_with(|issuer, claims| sign(issuer, "JWT", &with(claims, "org", json!(demo::ACME))));
    let mut browser = Browser::new(&app);
    let to_consent = browser.sign_in(owner(), &[]).await;
    assert_eq!(browser.open(to_consent.header("location")).await.status, 200);
}

#[tokio::test]
async fn a_request_that_browsers_cannot_keep_is_refused() {
    let app = app_with_client().await;
    let state = "s".repeat(2048);
    let resource = format!("{}/{}", TestApp::URL, "r".repeat(480));
    let kept = Browser::new(&app).authorize(&[("state", &state)]).await;
    assert!(kept.cookies[0].len() < 4096, "{}", kept.cookies[0].len());
    let quotes = "\"".repeat(1500);
    let refused = Browser::new(&app).authorize(&[("state", &quotes), ("resource", &resource)]).await;
    let answer = query_of(refused.header("location"));
    assert_eq!((&*answer["error"], &answer["state"]), ("invalid_request", &quotes));
    let long = format!("{resource}{resource}");
    let refused = Browser::new(&app).authorize(&[("resource", &long)]).await;
    assert_eq!(query_of(refused.header("location"))["error"], "invalid_target");
}

#[tokio::test]
async fn timbrix_s_endpoints_refuse_as_the_others_do() {
    let app = app_with_client().await;
    let code = Browser::new(&app).code(member(), &[]).await;
    let exchange_with = async |name: &str, value: &str| {
        let mut body = json!({
            "code": code, "clientId": demo::OAUTH_APP, "clientSecret": client_secret().text(),
            "redirectUri": REDIRECT_URI, "codeVerifier": VERIFIER,
        });
        body[name] = json!(value);
        app.call("POST", "/oauth/token/exchange").json(&body).send().await
    };
    assert_eq!(exchange_with("clientSecret", "cs_1").await.problem(), "401 invalid_client");
    assert_eq!(exchange_with("grantType", "password").await.problem(), "400 unsupported_grant_type");
    assert_eq!(exchange_with("code", "another").await.problem(), "400 invalid_grant");
    let first = exchange_with("grantType", "authorization_code").await.json();
    assert_eq!(exchange_with("grantType", "authorization_code").await.problem(), "400 invalid_grant");
    assert_eq!(access(&app, &first).await, "401 token_revoked", "the code was used twice");
    // A refresh by an environment that has no key yet, and again after the answer is known.
    app.clock.advance(Duration::from_secs(61));
    let first = tokens(&app, member()).await;
    let refresh_with = |id: Option<&str>, secret: &str, token: &str| {
        let body = json!({ "refreshToken": token, "clientId": id, "clientSecret": secret });
        app.call("POST", "/oauth/token/refresh").json(&body)
    };
    let (id, secret, genuine) =
        (Some(demo::OAUTH_APP), client_secret().text(), text(&first, "refresh_token"));
    let second = app.another_environment().send(refresh_with(id, secret, genuine)).await;
    assert_eq!(second.status, 200, "{second:?}");
    assert_eq!(refresh_with(id, "cs_1", genuine).send().await.problem(), "401 invalid_client");
    assert_eq!(refresh_with(id, secret, "rt_").send().await.problem(), "400 invalid_grant");
    let twice = refresh_with(id, secret, genuine).header("authorization", "Basic YTpi").send().await;
    assert_eq!(twice.problem(), "401 invalid_client", "two ways of authentication");
    app.clock.advance(Duration::from_secs(31));
    assert_eq!(refresh_with(id, secret, genuine).send().await.problem(), "400 invalid_grant");
    assert_eq!(access(&app, &second.json()).await, "401 token_revoked", "the token was used twice");
    // Both are limited, and off without a client at the issuer.
    let off = app.environment_with(&[("LOGIN_CLIENT_ID", "")]);
    let refused = off.send(refresh_with(id, secret, genuine)).await;
    assert_eq!(refused.problem(), "400 unsupported_grant_type");
    let mut last = String::new();
    for _ in 0..21 {
        last = refresh_with(id, secret, "rt_").send().await.problem();
    }
    assert_eq!(last, "429 rate_limited");
    for _ in 0..16 {
        last = exchange_with("code", "another").await.problem();
    }
    assert_eq!(last, "429 rate_limited");
    let mut last =
        TestResponse::new(&json!({ "statusCode": 0, "headers": {}, "body": "", "isBase64Encoded": false }));
    for _ in 0..31 {
        last = Browser::new(&app).authorize(&[]).await;
    }
    assert_eq!(last.problem(), "429 rate_limited");
    for _ in 0..61 {
        last = app.get("/oauth/callback").send().await;
    }
    assert_eq!(last.problem(), "429 rate_limited");
}

#[tokio::test]
async fn a_refresh_that_is_outdated_every_time_is_temporarily_unavailable() {
    let mut app = app_with_client().await;
    let first = tokens(&app, member()).await;
    app.time_limit = Duration::from_millis(600);
    app.proxy.always(Some(padron_testkit::Fault::ConditionFailed(0)));
    let response = refresh(&app, text(&first, "refresh_token")).await;
    assert_eq!(outcome(&response), "409 temporarily_unavailable");
}

#[tokio::test]
async fn the_grace_of_a_refresh_token_is_what_the_operator_sets() {
    let app = app_with_client().await;
    let first = tokens(&app, member()).await;
    let none = app.environment_with(&[("OAUTH_REFRESH_GRACE", "0")]);
    let form = form_of(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", text(&first, "refresh_token")),
        ("client_id", demo::OAUTH_APP),
        ("client_secret", client_secret().text()),
    ]);
    let call = || app.call("POST", "/oauth/token").header("content-type", FORM).body(form.clone());
    assert_eq!(none.send(call()).await.status, 200);
    assert_eq!(none.send(call()).await.status, 400);
    assert_eq!(access(&app, &first).await, "401 token_revoked");
}
