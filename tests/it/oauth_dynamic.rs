//! Tests of OAuth clients that nobody has created: those that register themselves, and those that a document describes.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use futures_util::future::join_all;
use http::{Response, StatusCode};
use http_body_util::Full;
use padron_domain::{OauthApp, OauthClientId, OauthGrant, Role, Scope, Scopes, UserId};
use padron_emulator::WebServer;
use padron_local::demo;
use padron_testkit::{TestApp, TestResponse};
use serde_json::{Value, json};

use crate::{
    browser::{Browser, FORM, ORIGIN, Parameters, VERIFIER, field, form_of, query_of},
    support::{
        ACME, event_types, globex_owner, install_oauth_app, issuing_app, join, member, oauth_app, owner,
        stranger, with_demo_data,
    },
};

const GLOBEX: &str = "/organizations/660e8400-e29b-41d4-a716-446655440000";
const CALLBACK: &str = "http://127.0.0.1/callback";
const SCOPE: &str = "read:organization read:customers";

async fn register(app: &TestApp, metadata: &Value) -> TestResponse {
    app.call("POST", "/oauth/register").json(metadata).send().await
}

/// Registers a client without a secret, and returns its id.
async fn public_client(app: &TestApp) -> String {
    let metadata = json!({ "client_name": "Assistant", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none" });
    let response = register(app, &metadata).await;
    assert_eq!(response.status, 201, "{response:?}");
    response.json()["client_id"].as_str().unwrap().to_owned()
}

/// Returns the changes that make the usual authorization request one of this client.
fn of(client: &str) -> Vec<(&str, &str)> {
    vec![("client_id", client), ("redirect_uri", "http://127.0.0.1:51234/callback"), ("scope", SCOPE)]
}

async fn exchange(app: &TestApp, client: &str, code: &str, more: Parameters<'_>) -> TestResponse {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code),
        ("redirect_uri", "http://127.0.0.1:51234/callback"),
        ("code_verifier", VERIFIER),
    ];
    form.extend(more);
    app.call("POST", "/oauth/token").header("content-type", FORM).body(form_of(&form)).send().await
}

async fn refresh(app: &TestApp, client: &str, tokens: &Value) -> TestResponse {
    let token = tokens["refresh_token"].as_str().unwrap();
    let form = form_of(&[("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token)]);
    app.call("POST", "/oauth/token").header("content-type", FORM).body(form).send().await
}

/// Returns the tokens that a client gets from a user, who chooses the first organization of the list.
async fn tokens(app: &TestApp, client: &str, user: UserId) -> Value {
    let code = Browser::new(app).code(user, &of(client)).await;
    let response = exchange(app, client, &code, &[]).await;
    assert_eq!(response.status, 200, "{response:?}");
    response.json()
}

async fn access(app: &TestApp, path: &str, tokens: &Value) -> String {
    let response = app.get(path).bearer(tokens["access_token"].as_str().unwrap()).send().await;
    if response.status == 200 { "200".into() } else { response.problem() }
}

fn outcome(response: &TestResponse) -> String {
    let error = response.json()["error"].as_str().unwrap_or_default().to_owned();
    format!("{} {error}", response.status).trim().to_owned()
}

/// Returns the claims of an access token.
fn claims(tokens: &Value) -> Value {
    let token = tokens["access_token"].as_str().unwrap();
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn a_client_registers_itself_and_acts_where_its_user_says() {
    let app = issuing_app().await;
    join(&app, demo::GLOBEX, member(), Role::Admin).await;
    app.clock.advance(Duration::from_millis(1));
    let client = public_client(&app).await;
    let mut browser = Browser::new(&app);
    browser.organization = Some(demo::GLOBEX);
    let to_consent = browser.sign_in(member(), &of(&client)).await;
    let page = browser.open(to_consent.header("location")).await;
    for part in
        ["Not verified", "Assistant", "127.0.0.1:51234", "Acme Corp (acme-corp)", "Globex", "Choose one"]
    {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    assert!(!page.text.contains("<script"), "{}", page.text);
    let answer = browser.decide(&page.text, "allow").await;
    let code = query_of(answer.header("location"))["code"].clone();
    let response = exchange(&app, &client, &code, &[]).await;
    assert_eq!(response.status, 200, "{response:?}");
    let first = response.json();
    let claims = claims(&first);
    assert_eq!((&claims["org"], &claims["client_id"]), (&json!(demo::GLOBEX), &json!(client)));
    assert_eq!(first["scope"], SCOPE);
    assert_eq!(access(&app, GLOBEX, &first).await, "200");
    assert_eq!(access(&app, ACME, &first).await, "403 organization_mismatch");
    assert_eq!(event_types(&app, demo::organization(demo::GLOBEX)).await[0], "oauth_grant.created");
    let second = refresh(&app, &client, &first).await.json();
    assert_eq!(access(&app, GLOBEX, &second).await, "200");
    let mine = app.get("/users/me/oauth-grants").user(member()).send().await.json();
    assert_eq!((&mine[0]["appName"], &mine[0]["appUrl"]), (&json!("Assistant"), &Value::Null));
    assert_eq!(mine[0]["organizationId"], demo::GLOBEX);
    // An admin of the organization takes it back. Whose organization it is not, is told nothing.
    let path = format!("/oauth/token/{}", mine[0]["id"].as_str().unwrap());
    assert_eq!(app.call("DELETE", &path).user(owner()).send().await.problem(), "404 token_not_found");
    app.clock.advance(Duration::from_millis(1));
    let by_admin = app.call("DELETE", &path).user(globex_owner()).send().await;
    assert_eq!(by_admin.status, 204, "{by_admin:?}");
    assert_eq!(access(&app, GLOBEX, &second).await, "401 token_revoked");
    assert_eq!(outcome(&refresh(&app, &client, &second).await), "400 invalid_grant");
    // The client is no app of the organization.
    let apps = app.get("/oauth/apps").user(globex_owner()).send().await.json();
    assert_eq!(apps, json!([]));
    let path = format!("/oauth/apps/{client}");
    for method in ["GET", "DELETE"] {
        let response = app.call(method, &path).user(globex_owner()).send().await;
        assert_eq!(response.problem(), "404 oauth_app_not_found", "{method}");
    }
}

#[tokio::test]
async fn a_registration_says_what_was_registered() {
    let app = issuing_app().await;
    let metadata =
        json!({ "redirect_uris": ["https://App.example/cb"], "logo_uri": "https://evil.example/x" });
    let response = register(&app, &metadata).await;
    assert_eq!((response.status, response.header("cache-control")), (201, "no-store"), "{response:?}");
    let mut client = response.json();
    let secret = client["client_secret"].take();
    assert!(secret.as_str().unwrap().starts_with("cs_"), "{secret}");
    let id = client["client_id"].as_str().unwrap().to_owned();
    assert!(OauthClientId::parse(&id).is_some(), "{id}");
    let everything = Scopes::WITHOUT_ADMIN.to_string();
    assert!(!everything.contains("admin:") && everything.contains("write:members"), "{everything}");
    assert_eq!(
        client,
        json!({
            "client_id": id, "client_id_issued_at": app.clock.now().seconds(), "client_secret": null,
            "client_secret_expires_at": 0, "client_name": "app.example", "redirect_uris": ["https://app.example/cb"],
            "token_endpoint_auth_method": "client_secret_basic",
            "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"], "scope": everything,
        })
    );
    // It needs its secret, and PKCE in any case, and it never acts for itself.
    let changes = [("client_id", &*id), ("redirect_uri", "https://app.example/cb")];
    let without = [("code_challenge", ""), ("code_challenge_method", "")];
    let refused = Browser::new(&app).authorize(&[changes.as_slice(), &without].concat()).await;
    assert_eq!(query_of(refused.header("location"))["error"], "invalid_request");
    let code = Browser::new(&app).code(owner(), &changes).await;
    let redirect = ("redirect_uri", "https://app.example/cb");
    let form = |secret: &str| {
        let secret = (!secret.is_empty()).then_some(("client_secret", secret));
        let code = [("grant_type", "authorization_code"), ("client_id", &*id), ("code", &*code), redirect];
        form_of(&code.into_iter().chain([("code_verifier", VERIFIER)]).chain(secret).collect::<Vec<_>>())
    };
    let send = async |form: String| {
        app.call("POST", "/oauth/token").header("content-type", FORM).body(form).send().await
    };
    assert_eq!(outcome(&send(form("")).await), "401 invalid_client");
    assert_eq!(outcome(&send(form(secret.as_str().unwrap())).await), "200");
    // It names no user for whom it acts, either.
    let body = json!({
        "clientId": id, "clientSecret": secret, "scopes": ["read:organization"], "userId": demo::OWNER,
    });
    let for_user = app.call("POST", "/oauth/token").json(&body).send().await;
    assert_eq!(for_user.problem(), "400 unauthorized_client");
    let own = [
        ("grant_type", "client_credentials"),
        ("client_id", &*id),
        ("client_secret", secret.as_str().unwrap()),
    ];
    assert_eq!(outcome(&send(form_of(&own)).await), "400 unauthorized_client");
    // What a client may ask for is what it has registered, and without a scope the usual ones of it.
    // A name that is made up is no longer than one that is sent.
    let scheme = format!("{}.example:/callback", "a".repeat(200));
    let metadata = json!({ "redirect_uris": [scheme], "token_endpoint_auth_method": "none" });
    assert_eq!(register(&app, &metadata).await.json()["client_name"], "a".repeat(100));
    let metadata = json!({
        "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none", "client_name": " Reader ",
        "scope": "openid read:members write:members read:events", "grant_types": ["authorization_code"],
    });
    let client = register(&app, &metadata).await.json();
    assert_eq!(client["scope"], "read:members write:members read:events");
    assert_eq!((&client["client_name"], &client["client_secret"]), (&json!("Reader"), &Value::Null));
    let id = client["client_id"].as_str().unwrap();
    let mut browser = Browser::new(&app);
    let mut changes = of(id);
    changes[2].1 = "";
    let page = browser.sign_in(owner(), &changes).await;
    let page = browser.open(page.header("location")).await;
    assert!(page.text.contains("read:members") && !page.text.contains("write:members"), "{}", page.text);
    changes[2].1 = "read:customers";
    let refused = Browser::new(&app).authorize(&changes).await;
    assert_eq!(query_of(refused.header("location"))["error"], "invalid_scope");
}

#[tokio::test]
async fn a_registration_that_is_not_right_says_why() {
    let app = issuing_app().await;
    let uri = |uri: &str| json!({ "redirect_uris": [uri] });
    let with = |name: &str, value: Value| json!({ "redirect_uris": [CALLBACK], name: value });
    let many: Vec<String> = (0..6).map(|number| format!("https://app.example/{number}")).collect();
    let cases = [
        (json!({}), "invalid_redirect_uri"),
        (json!({ "redirect_uris": [] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": many }), "invalid_redirect_uri"),
        (uri("http://app.example/cb"), "invalid_redirect_uri"),
        (uri("javascript:alert(1)"), "invalid_redirect_uri"),
        (uri("https://app.example/*"), "invalid_redirect_uri"),
        (uri("https://user@app.example/"), "invalid_redirect_uri"),
        (uri("com.example.app:/callback"), "invalid_redirect_uri"),
        (json!({ "redirect_uris": "https://app.example/cb" }), "invalid_client_metadata"),
        (json!({ "redirect_uris": [1] }), "invalid_client_metadata"),
        (json!([]), "invalid_client_metadata"),
        (with("token_endpoint_auth_method", json!("private_key_jwt")), "invalid_client_metadata"),
        (with("grant_types", json!(["client_credentials"])), "invalid_client_metadata"),
        (with("grant_types", json!([])), "invalid_client_metadata"),
        (with("response_types", json!(["token"])), "invalid_client_metadata"),
        (with("client_name", json!("a".repeat(101))), "invalid_client_metadata"),
        (with("client_name", json!("Acme\u{202e}proc")), "invalid_client_metadata"),
        (with("scope", json!("openid profile")), "invalid_client_metadata"),
        (with("scope", json!(["read:user"])), "invalid_client_metadata"),
    ];
    for (index, (metadata, error)) in cases.iter().enumerate() {
        let address = format!("198.51.100.{index}");
        let call = app.call("POST", "/oauth/register").json(metadata).from_address(&address);
        let response = call.send().await;
        assert_eq!(outcome(&response), format!("400 {error}"), "{metadata}: {response:?}");
        assert!(!response.json()["error_description"].as_str().unwrap().is_empty(), "{response:?}");
        assert!(!response.text.contains("evil") && response.header("cache-control") == "no-store");
    }
    let send = async |content_type: &str, body: String| {
        let call = app.call("POST", "/oauth/register").header("content-type", content_type);
        outcome(&call.body(body).from_address("198.51.100.200").send().await)
    };
    assert_eq!(send("application/json", "{".into()).await, "400 invalid_client_metadata");
    assert_eq!(send(FORM, "redirect_uris=https://app.example".into()).await, "415 invalid_request");
    let long = json!({ "redirect_uris": [CALLBACK], "contacts": "a".repeat(16 * 1024) }).to_string();
    assert_eq!(send("application/json", long).await, "413 invalid_request");
}

#[tokio::test]
async fn a_network_registers_ten_clients_an_hour() {
    let app = issuing_app().await;
    let metadata = json!({ "redirect_uris": [CALLBACK] });
    let send = async |address: &str| {
        let call = app.call("POST", "/oauth/register").json(&metadata).from_address(address);
        call.send().await
    };
    // The addresses of an IPv6 network of 64 bits are one network.
    for number in 0..10 {
        assert_eq!(send(&format!("2001:db8:1:1::{number}")).await.status, 201);
    }
    let refused = send("2001:db8:1:1:ffff::1").await;
    assert_eq!(outcome(&refused), "429 temporarily_unavailable", "{refused:?}");
    assert!(!refused.header("retry-after").is_empty(), "{refused:?}");
    assert_eq!(send("2001:db8:1:2::1").await.status, 201);
    assert_eq!(send("198.51.100.1").await.status, 201);
    app.clock.advance(Duration::from_secs(60 * 60));
    assert_eq!(send("2001:db8:1:1::1").await.status, 201);
}

#[tokio::test]
async fn a_client_without_a_grant_is_gone_after_a_day() {
    let app = issuing_app().await;
    let (unused, used) = (public_client(&app).await, public_client(&app).await);
    let grant = tokens(&app, &used, member()).await;
    let code = Browser::new(&app).code(member(), &of(&unused)).await;
    // Both records of a client are deleted together, some time after its end.
    let ttl = async |client: &str, key: &str| {
        let (table, name) = app.raw_table();
        let partition = format!("CLIENT#{}", OauthClientId::parse(client).unwrap().uuid());
        let text = aws_sdk_dynamodb::types::AttributeValue::S;
        let get = table.get_item().table_name(name).key("PK", text(partition)).key("SK", text(key.into()));
        let item = get.send().await.unwrap().item.unwrap();
        item["ttl"].as_n().unwrap().parse::<i64>().unwrap() - app.clock.now().seconds()
    };
    let day = i64::try_from(OauthApp::UNUSED_LIFETIME.as_secs()).unwrap();
    let longest = i64::try_from(OauthGrant::MAX_LIFETIME.as_secs()).unwrap();
    for key in ["APP", "GATE"] {
        assert_eq!(ttl(&unused, key).await, day, "{key}");
        assert!(ttl(&used, key).await >= longest + day, "{key}");
    }
    app.clock.advance(OauthApp::UNUSED_LIFETIME);
    let page = Browser::new(&app).authorize(&of(&unused)).await;
    assert_eq!((page.status, page.header("location")), (400, ""), "{page:?}");
    assert_eq!(outcome(&exchange(&app, &unused, &code, &[]).await), "401 invalid_client");
    assert_eq!(outcome(&refresh(&app, &used, &grant).await), "200");
    assert_eq!(Browser::new(&app).authorize(&of(&used)).await.status, 302);
    // A grant of a later time postpones the end again. Most do not.
    app.clock.advance(Duration::from_secs(24 * 60 * 60));
    let before = ttl(&used, "GATE").await;
    tokens(&app, &used, member()).await;
    assert_eq!(ttl(&used, "GATE").await, before);
    app.clock.advance(Duration::from_secs(40 * 24 * 60 * 60));
    let last = tokens(&app, &used, member()).await;
    for key in ["APP", "GATE"] {
        assert!(ttl(&used, key).await >= longest + day, "{key}");
    }
    assert_eq!(access(&app, ACME, &last).await, "200");
}

#[tokio::test]
async fn a_user_chooses_an_organization_of_their_own() {
    let app = issuing_app().await;
    join(&app, demo::GLOBEX, member(), Role::Member).await;
    let client = public_client(&app).await;
    // None is chosen at first, and the page asks again.
    let mut browser = Browser::new(&app);
    let to_consent = browser.sign_in(member(), &of(&client)).await.header("location").to_owned();
    let page = browser.open(&to_consent).await;
    let again = browser.decide(&page.text, "allow").await;
    assert_eq!((again.status, again.header("location")), (303, &*to_consent));
    // To deny, none need be chosen.
    let denied = browser.decide(&page.text, "deny").await;
    assert_eq!(query_of(denied.header("location"))["error"], "access_denied");
    // Neither an organization of others, nor one that the user has left since, nor one that does not exist.
    let path = format!("{GLOBEX}/members/{}", member());
    assert_eq!(app.call("DELETE", &path).user(member()).send().await.status, 204);
    for organization in [demo::GLOBEX, "00000000-0000-4000-8000-000000000000"] {
        browser.organization = Some(organization);
        let refused = browser.decide(&page.text, "allow").await;
        assert_eq!((refused.status, refused.header("location")), (403, ""), "{organization}");
        assert!(refused.text.contains("You cannot choose this organization"), "{}", refused.text);
    }
    // Whoever has one organization only need not choose.
    let page = browser.open(&to_consent).await;
    assert!(page.text.contains("Acme Corp") && !page.text.contains("Choose one"), "{}", page.text);
    browser.organization = None;
    let allowed = browser.decide(&page.text, "allow").await;
    assert!(query_of(allowed.header("location")).contains_key("code"), "{allowed:?}");
    // Whoever has none cannot allow anything.
    let mut browser = Browser::new(&app);
    let to_consent = browser.sign_in(stranger(), &of(&client)).await;
    let page = browser.open(to_consent.header("location")).await;
    assert_eq!(page.status, 403);
    assert!(page.text.contains("Sign in as someone else"), "{}", page.text);
    // A client that nobody has verified is asked about each time.
    tokens(&app, &client, owner()).await;
    let mut browser = Browser::new(&app);
    let to_consent = browser.sign_in(owner(), &of(&client)).await;
    assert!(to_consent.header("location").contains("/oauth/consent?"), "{to_consent:?}");
    let none = browser.authorize(&[of(&client), vec![("prompt", "none")]].concat()).await;
    assert_eq!(query_of(none.header("location"))["error"], "consent_required");
    // Another site cannot choose in the user's name.
    let page = browser.open(to_consent.header("location")).await;
    let form = [
        ("request", &*field(&page.text, "request")),
        ("form_token", &*field(&page.text, "form_token")),
        ("action", "allow"),
        ("organization", demo::ACME),
        ("scope:read:customers", "on"),
    ];
    for (origin, status) in [("https://evil.example", 400), (ORIGIN, 303)] {
        let call = app.call("POST", "/oauth/consent").header("origin", origin).header("content-type", FORM);
        assert_eq!(browser.send(call.body(form_of(&form))).await.status, status, "{origin}");
    }
}

#[tokio::test]
async fn a_user_whose_tokens_are_for_one_organization_chooses_no_other() {
    let app = TestApp::of(padron_api::endpoints())
        .issues_tokens()
        .variable("JWT_ORGANIZATION_CLAIM", "org")
        .build()
        .await;
    let app = with_demo_data(app).await;
    app.install_signing_keys().await;
    join(&app, demo::GLOBEX, member(), Role::Member).await;
    app.login().sign_with(|issuer, claims| {
        let mut claims = claims.clone();
        claims["org"] = json!(demo::ACME);
        let header = json!({ "alg": issuer.key.algorithm(), "kid": issuer.key.kid, "typ": "JWT" });
        issuer.key.sign(&header, &claims)
    });
    let client = public_client(&app).await;
    let mut browser = Browser::new(&app);
    let to_consent = browser.sign_in(member(), &of(&client)).await;
    let page = browser.open(to_consent.header("location")).await;
    assert!(page.text.contains("Acme Corp") && !page.text.contains("Globex"), "{}", page.text);
    browser.organization = Some(demo::GLOBEX);
    assert_eq!(browser.decide(&page.text, "allow").await.status, 403);
}

#[tokio::test]
async fn what_is_off_is_neither_served_nor_announced() {
    let app = issuing_app().await;
    let metadata = "/.well-known/oauth-authorization-server";
    let announced = app.get(metadata).send().await.json();
    assert_eq!(announced["registration_endpoint"], format!("{}/oauth/register", TestApp::URL));
    assert_eq!(announced["client_id_metadata_document_supported"], true);
    let off = [
        app.environment_with(&[("OAUTH_REGISTRATION", "off"), ("OAUTH_CLIENT_DOCUMENTS", "off")]),
        app.environment_with(&[("OAUTH_REGISTRATION", ""), ("OAUTH_CLIENT_DOCUMENTS", "")]),
        // Without a sign-in, such a client could do nothing.
        app.environment_with(&[("LOGIN_CLIENT_ID", "")]),
    ];
    for environment in off {
        let announced = environment.send(app.get(metadata)).await.json();
        assert_eq!(announced["issuer"], TestApp::URL);
        assert!(announced.get("registration_endpoint").is_none(), "{announced}");
        assert!(announced.get("client_id_metadata_document_supported").is_none(), "{announced}");
        for body in [json!({ "redirect_uris": [CALLBACK] }), json!([])] {
            let response = environment.send(app.call("POST", "/oauth/register").json(&body)).await;
            assert_eq!(response.status, 404, "{response:?}");
        }
    }
}

/// A web server with the documents of clients, by path: status, headers and body.
struct Documents {
    server: WebServer,
    answers: Arc<Mutex<BTreeMap<String, Answer>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

type Answer = (u16, Vec<(&'static str, String)>, String);

impl Documents {
    async fn start() -> Self {
        let (answers, requests) =
            (Arc::<Mutex<BTreeMap<String, Answer>>>::default(), Arc::<Mutex<Vec<String>>>::default());
        let (found, seen) = (answers.clone(), requests.clone());
        let server = WebServer::start(move |request| {
            let path = request.uri().path().to_owned();
            seen.lock().unwrap().push(path.clone());
            let answer = found.lock().unwrap().get(&path).cloned();
            async move {
                let (status, headers, body) = answer.unwrap_or((404, Vec::new(), String::new()));
                let mut response = Response::new(Full::from(body));
                *response.status_mut() = StatusCode::from_u16(status).unwrap();
                for (name, value) in headers {
                    response.headers_mut().insert(name, value.parse().unwrap());
                }
                response
            }
        })
        .await;
        Self { server, answers, requests }
    }

    /// Returns the URL of a document.
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address)
    }

    /// Publishes a document at a path, and returns its URL. Members that are null are absent.
    fn publish(&self, path: &str, changes: &Value, cache_control: &str) -> String {
        let url = self.url(path);
        let mut document = json!({
            "client_id": url, "client_name": "Desk", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none",
        });
        for (name, value) in changes.as_object().unwrap() {
            document[name] = value.clone();
        }
        document.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let headers = vec![
            ("content-type", "application/json; charset=utf-8".into()),
            ("cache-control", cache_control.into()),
        ];
        self.answer(path, (200, headers, document.to_string()));
        url
    }

    fn answer(&self, path: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(path.into(), answer);
    }

    /// Returns the number of requests since the last call.
    fn requests(&self) -> usize {
        std::mem::take(&mut *self.requests.lock().unwrap()).len()
    }
}

/// Starts an API that reads documents from this machine, as a local stack does.
async fn documents_app() -> TestApp {
    let app = TestApp::of(padron_api::endpoints()).issues_tokens().variable("WEBHOOK_TARGETS", "local");
    let app = with_demo_data(app.build().await).await;
    app.install_signing_keys().await;
    app
}

#[tokio::test]
async fn a_document_describes_a_client() {
    let (app, documents) = (documents_app().await, Documents::start().await);
    let url = documents.publish("/desk/client.json", &json!({}), "max-age=600");
    let mut browser = Browser::new(&app);
    let to_consent = browser.sign_in(member(), &of(&url)).await;
    let page = browser.open(to_consent.header("location")).await;
    for part in ["Not verified", "Desk", "Described at", &url, "127.0.0.1:51234"] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    let answer = browser.decide(&page.text, "allow").await;
    let code = query_of(answer.header("location"))["code"].clone();
    let response = exchange(&app, &url, &code, &[]).await;
    assert_eq!(response.status, 200, "{response:?}");
    let first = response.json();
    let claims = claims(&first);
    assert_eq!((&claims["client_id"], &claims["sub"]), (&json!(url), &json!(member())));
    assert_eq!(access(&app, ACME, &first).await, "200");
    let second = refresh(&app, &url, &first).await.json();
    assert_eq!(access(&app, ACME, &second).await, "200");
    let mine = app.get("/users/me/oauth-grants").user(member()).send().await.json();
    assert_eq!((&mine[0]["appName"], &mine[0]["appUrl"]), (&json!("Desk"), &json!(url)));
    // It has no secret, and does not act for itself.
    assert_eq!(outcome(&exchange(&app, &url, &code, &[("client_secret", "x")]).await), "401 invalid_client");
    let own = form_of(&[("grant_type", "client_credentials"), ("client_id", &url)]);
    let own = app.call("POST", "/oauth/token").header("content-type", FORM).body(own).send().await;
    assert_eq!(outcome(&own), "400 unauthorized_client");
    // The code was used before, with which its grant ends.
    assert_eq!(outcome(&exchange(&app, &url, &code, &[]).await), "400 invalid_grant");
    assert_eq!(access(&app, ACME, &second).await, "401 token_revoked");
    let revoke = tokens(&app, &url, member()).await;
    let form = form_of(&[("client_id", &url), ("token", revoke["refresh_token"].as_str().unwrap())]);
    let revoked = app.call("POST", "/oauth/revoke").header("content-type", FORM).body(form).send().await;
    assert_eq!((revoked.status, &*access(&app, ACME, &revoke).await), (200, "401 token_revoked"));
    // It has an id as well, by which it is not known in OAuth: its document would not be read.
    let id = mine[0]["clientId"].as_str().unwrap();
    let page = Browser::new(&app).authorize(&of(id)).await;
    assert_eq!((page.status, page.header("location")), (400, ""), "{page:?}");
    let live = tokens(&app, &url, member()).await;
    assert_eq!(outcome(&refresh(&app, id, &live).await), "401 invalid_client");
    // An operator who does not want such clients any more has none.
    let off = app.environment_with(&[("OAUTH_CLIENT_DOCUMENTS", "off")]);
    let live = tokens(&app, &url, member()).await;
    let form = form_of(&[
        ("grant_type", "refresh_token"),
        ("client_id", &url),
        ("refresh_token", live["refresh_token"].as_str().unwrap()),
    ]);
    let refused = app.call("POST", "/oauth/token").header("content-type", FORM).body(form);
    assert_eq!(outcome(&off.send(refused).await), "401 invalid_client");
}

#[tokio::test]
async fn a_document_is_kept_for_a_while_and_followed_then() {
    let (app, documents) = (documents_app().await, Documents::start().await);
    let ask = async |url: &str| {
        let response = Browser::new(&app).authorize(&of(url)).await;
        (response.status, documents.requests())
    };
    for (path, cache_control, kept) in [
        ("/a", "", 5 * 60),
        ("/b", "no-store", 5 * 60),
        ("/c", "max-age=1", 5 * 60),
        ("/d", "public, max-age=3600", 60 * 60),
        ("/e", "max-age=31536000", 24 * 60 * 60 - 1),
    ] {
        let url = documents.publish(path, &json!({}), cache_control);
        assert_eq!(ask(&url).await, (302, 1), "{path}");
        app.clock.advance(Duration::from_secs(kept - 1));
        assert_eq!(ask(&url).await, (302, 0), "{path}");
        app.clock.advance(Duration::from_secs(2));
        assert_eq!(ask(&url).await, (302, 1), "{path}");
    }
    // What has changed counts, and what cannot be read any more does not.
    let url = documents.publish("/f", &json!({}), "");
    let grant = tokens(&app, &url, member()).await;
    documents.publish("/f", &json!({ "client_name": "Bench", "scope": "read:organization" }), "");
    app.clock.advance(Duration::from_secs(301));
    let refused = Browser::new(&app).authorize(&of(&url)).await;
    assert_eq!(query_of(refused.header("location"))["error"], "invalid_scope");
    assert_eq!(access(&app, ACME, &grant).await, "200");
    assert_eq!(access(&app, &format!("{ACME}/customers"), &grant).await, "403 insufficient_scope");
    let mine = app.get("/users/me/oauth-grants").user(member()).send().await.json();
    assert_eq!(mine[0]["appName"], "Bench");
    documents.publish("/f", &json!({ "redirect_uris": ["https://elsewhere.example/cb"] }), "");
    app.clock.advance(Duration::from_secs(301));
    assert_eq!(ask(&url).await.0, 400);
    documents.answer("/f", (500, Vec::new(), String::new()));
    app.clock.advance(Duration::from_secs(301));
    assert_eq!(ask(&url).await.0, 400);
    assert_eq!(
        outcome(&refresh(&app, &url, &grant).await),
        "200",
        "the user has allowed it, whatever became of the document"
    );
}

#[tokio::test]
async fn what_is_no_document_of_the_client_leads_nowhere() {
    let (app, documents) = (documents_app().await, Documents::start().await);
    let json_type = || vec![("content-type", "application/json".to_owned())];
    let other = documents.url("/other");
    let cases = [
        json!({ "client_id": other }),
        json!({ "client_id": null }),
        json!({ "client_id": 1 }),
        json!({ "client_secret": "x" }),
        json!({ "client_secret_expires_at": 0 }),
        json!({ "token_endpoint_auth_method": "client_secret_basic" }),
        json!({ "token_endpoint_auth_method": "private_key_jwt" }),
        json!({ "redirect_uris": null }),
        json!({ "redirect_uris": ["http://app.example/cb"] }),
        json!({ "grant_types": ["client_credentials"] }),
        json!({ "client_name": "a".repeat(5 * 1024) }),
        json!({ "client_uri": "a".repeat(5 * 1024) }),
    ];
    let mut urls: Vec<String> =
        cases.iter().enumerate().map(|(n, case)| documents.publish(&format!("/{n}"), case, "")).collect();
    let good = documents.publish("/good", &json!({}), "");
    let body = documents.answers.lock().unwrap()["/good"].2.clone();
    for (path, status, headers, body) in [
        ("/moved", 302, vec![("location", good.clone())], String::new()),
        ("/moved-too", 301, vec![("location", good.clone())], body.clone()),
        ("/broken", 200, json_type(), "{".into()),
        ("/list", 200, json_type(), "[]".into()),
        ("/page", 200, vec![("content-type", "text/html".into())], body.replace("/good", "/page")),
        ("/missing", 404, json_type(), body.replace("/good", "/missing")),
    ] {
        documents.answer(path, (status, headers, body));
        urls.push(documents.url(path));
    }
    // Texts that are not how a URL is written, or lead to the document of a host itself.
    documents.answer("/", (200, json_type(), body.replace("/good", "/")));
    let port = documents.server.address.port();
    urls.extend([
        documents.url("/"),
        documents.url("/x/../good"),
        format!("{good}#x"),
        good.replace("http://", "http://user@"),
        good.replace("http://", "HTTP://"),
        format!("ftp://127.0.0.1:{port}/good"),
        // This server would call itself.
        format!("{}/oauth/authorize?client_id=https://a.example/x", TestApp::URL),
        format!("http://127.0.0.1:{port}/{}", "a".repeat(512)),
        "http://127.0.0.1:1/client.json".into(),
    ]);
    for (index, url) in urls.iter().enumerate() {
        let query = form_of(&[of(url), vec![("response_type", "code")]].concat());
        let call = app.get(&format!("/oauth/authorize?{query}")).from_address(&format!("198.51.100.{index}"));
        let page = call.send().await;
        assert_eq!((page.status, page.header("location")), (400, ""), "{url}: {page:?}");
        assert!(!page.text.contains("127.0.0.1"), "{}", page.text);
    }
    assert_eq!(Browser::new(&app).authorize(&of(&good)).await.status, 302);
    // In the cloud, a document is on a public host, and comes by https.
    let public = app.environment_with(&[("WEBHOOK_TARGETS", "public")]);
    documents.requests();
    for url in [
        &*good,
        "https://localhost/client.json",
        "https://127.0.0.1/client.json",
        "https://10.0.0.1/client.json",
        "https://a.internal/c",
    ] {
        let query = form_of(&of(url));
        let call = app.get(&format!("/oauth/authorize?{query}")).from_address("203.0.113.1");
        let page = public.send(call).await;
        assert_eq!(page.status, 400, "{url}: {page:?}");
    }
    assert_eq!(documents.requests(), 0);
}

#[tokio::test]
async fn a_document_that_many_ask_for_at_once_is_one_client() {
    let (app, documents) = (documents_app().await, Documents::start().await);
    let url = documents.publish("/desk.json", &json!({}), "");
    let asked = (0..8).map(|_| async { Browser::new(&app).authorize(&of(&url)).await.status });
    assert!(join_all(asked).await.iter().all(|status| *status == 302));
    let both = join_all([member(), owner()].map(|user| tokens(&app, &url, user))).await;
    for tokens in &both {
        assert_eq!(access(&app, ACME, tokens).await, "200");
    }
    // While it is read again, grants are given, and one is revoked.
    app.clock.advance(Duration::from_secs(301));
    let asked = join_all((0..10).map(|_| async { Browser::new(&app).authorize(&of(&url)).await.status }));
    let granted = join_all((0..3).map(|_| tokens(&app, &url, member())));
    let revoked = async {
        let form = form_of(&[("client_id", &url), ("token", both[1]["refresh_token"].as_str().unwrap())]);
        app.call("POST", "/oauth/revoke").header("content-type", FORM).body(form).send().await.status
    };
    let (asked, granted, revoked) = tokio::join!(asked, granted, revoked);
    assert!(asked.iter().all(|status| *status == 302) && revoked == 200, "{asked:?} {revoked}");
    for tokens in &granted {
        assert_eq!(access(&app, ACME, tokens).await, "200");
    }
    assert_eq!(access(&app, ACME, &both[1]).await, "401 token_revoked");
    // A network makes the server read thirty documents a minute.
    app.clock.advance(Duration::from_secs(600));
    let mut refused = 0;
    for number in 0..40 {
        let url = documents.url(&format!("/{number}"));
        let query = form_of(&of(&url));
        let page = app.get(&format!("/oauth/authorize?{query}")).from_address("203.0.113.9").send().await;
        refused += usize::from(page.status == 429);
    }
    assert_eq!(refused, 10);
}

#[tokio::test]
async fn a_document_that_changes_every_time_is_a_conflict() {
    let (mut app, documents) = (documents_app().await, Documents::start().await);
    let url = documents.publish("/desk.json", &json!({}), "");
    app.time_limit = Duration::from_millis(900);
    // The network's count is written first, and then the client.
    let mut problems = Vec::new();
    for index in 0..3 {
        app.proxy.always(Some(padron_testkit::Fault::ConditionFailed(index)));
        problems.push(Browser::new(&app).authorize(&of(&url)).await.status);
    }
    assert!(problems.contains(&409), "{problems:?}");
}

#[tokio::test]
async fn limits_keep_one_user_or_network_from_using_up_what_all_share() {
    let (app, documents) = (documents_app().await, Documents::start().await);
    // Whoever publishes many documents creates as many clients as whoever registers them.
    let mut statuses = Vec::new();
    for number in 0..11 {
        let url = documents.publish(&format!("/{number}"), &json!({ "client_name": " " }), "");
        let query = form_of(&[of(&url), vec![("response_type", "code"), ("state", "s")]].concat());
        let call = app.get(&format!("/oauth/authorize?{query}")).from_address("203.0.113.5");
        statuses.push(call.send().await.status);
    }
    assert_eq!(statuses, [[302; 10].as_slice(), &[429]].concat());
    // A name that shows nothing is none.
    let url = documents.url("/0");
    let mut browser = Browser::new(&app);
    let to_consent = browser.sign_in(member(), &of(&url)).await;
    let page = browser.open(to_consent.header("location")).await;
    assert!(page.text.contains("<strong>127.0.0.1</strong> to act"), "{}", page.text);
    // The grants of a client share one record, so that a user is not given as many as they like.
    for number in 0..11 {
        let answer = browser.decide(&page.text, "allow").await;
        let answer = query_of(answer.header("location"));
        assert_eq!(answer.contains_key("code"), number < 10, "{number}: {answer:?}");
        assert!(number < 10 || answer["error"] == "temporarily_unavailable", "{answer:?}");
    }
}

#[tokio::test]
async fn a_dynamic_client_costs_what_the_documentation_says() {
    let (app, documents) = (documents_app().await, Documents::start().await);
    let costs = || {
        let requests = app.recorded();
        // What counts requests is another matter.
        let costs = requests.iter().filter(|request| request.operation != "UpdateItem");
        costs.map(|request| (request.operation.clone(), request.units())).collect::<Vec<_>>()
    };
    let expected = |calls: &[(&str, f64)]| -> Vec<_> {
        calls.iter().map(|(operation, units)| ((*operation).to_owned(), *units)).collect()
    };
    let (read, write) = (("BatchGetItem", 2.0), ("TransactWriteItems", 4.0));
    costs();
    let client = public_client(&app).await;
    assert_eq!(costs(), expected(&[write]));
    let url = documents.publish("/desk.json", &json!({}), "");
    assert_eq!(Browser::new(&app).authorize(&of(&url)).await.status, 302);
    assert_eq!(costs(), expected(&[read, write]));
    assert_eq!(Browser::new(&app).authorize(&of(&url)).await.status, 302);
    assert_eq!(costs(), expected(&[read]));
    for writes in [13.0, 11.0] {
        let code = Browser::new(&app).code(member(), &of(&client)).await;
        costs();
        assert_eq!(exchange(&app, &client, &code, &[]).await.status, 200);
        let calls = costs();
        assert!(calls.ends_with(&expected(&[("TransactWriteItems", writes)])), "{calls:?}");
    }
}

#[tokio::test]
async fn the_app_of_an_organization_is_asked_for_nothing_new() {
    let app = issuing_app().await;
    install_oauth_app(&app, &OauthApp { scopes: Scopes::of(&[Scope::ReadOrganization]), ..oauth_app(&app) })
        .await;
    let mut browser = Browser::new(&app);
    let changes = [("scope", "read:organization")];
    let to_consent = browser.sign_in(member(), &changes).await;
    let page = browser.open(to_consent.header("location")).await;
    assert!(!page.text.contains("Not verified") && !page.text.contains("<select"), "{}", page.text);
    // The organization is the app's, whatever the form says.
    browser.organization = Some(demo::GLOBEX);
    let answer = browser.decide(&page.text, "allow").await;
    assert!(query_of(answer.header("location")).contains_key("code"), "{answer:?}");
}
