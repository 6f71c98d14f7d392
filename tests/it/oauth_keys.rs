//! Tests of the keys that sign access tokens, and of the documents in which clients discover them.

use std::time::Duration;

use padron_auth::OauthToken;
use padron_domain::SigningKeySet;

use padron_local::{admin, demo};
use padron_testkit::TestApp;
use serde_json::{Value, json};

use crate::support::{
    ACME, app, client_secret, everything, install_oauth_app, issuing_app, oauth_app, oauth_token, owner,
    with_demo_data,
};

/// Runs the job that rotates the keys, and returns its report.
async fn rotate(app: &TestApp) -> Value {
    let job = padron_api::background().find(|job| job.function == "rotate-signing-keys").unwrap();
    let cx = app.background(job, Duration::from_secs(60));
    app.run_in(&cx, job, &json!({})).await.unwrap()
}

/// Gets a token of the app in the sample requests.
async fn issue(app: &TestApp) -> String {
    let body = json!({ "clientId": demo::OAUTH_APP, "clientSecret": client_secret().text() });
    let response = app.call("POST", "/oauth/token").json(&body).send().await;
    assert_eq!(response.status, 200, "{response:?}");
    response.json()["access_token"].as_str().unwrap().to_owned()
}

async fn kids(app: &TestApp) -> Vec<String> {
    let keys = app.get("/oauth/jwks").send().await.json();
    keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_job_makes_keys_in_time_and_tokens_outlive_their_rotation() {
    let app = TestApp::of(padron_api::endpoints()).issues_tokens().build().await;
    let app = with_demo_data(app).await;
    install_oauth_app(&app, &oauth_app(&app)).await;
    let body = json!({ "clientId": demo::OAUTH_APP, "clientSecret": client_secret().text() });
    let early = app.call("POST", "/oauth/token").json(&body).send().await;
    assert_eq!(early.problem(), "503 service_unavailable", "there is no key yet");
    assert_eq!(rotate(&app).await, json!({ "created": 2, "removed": 0 }));
    assert_eq!(rotate(&app).await, json!({ "created": 0, "removed": 0 }));
    app.clock.advance(Duration::from_secs(2));
    let first = issue(&app).await;
    assert_eq!(app.get(ACME).bearer(&first).send().await.status, 200);
    let before = kids(&app).await;
    assert_eq!(before.len(), 2);
    // The next key signs after 60 days.
    app.clock.advance(SigningKeySet::SIGNING_TIME - Duration::from_secs(60));
    let last = issue(&app).await;
    app.clock.advance(Duration::from_secs(61));
    assert_eq!(rotate(&app).await, json!({ "created": 1, "removed": 0 }));
    let second = issue(&app).await;
    assert_ne!(last.split('.').next(), second.split('.').next(), "another key");
    for token in [&last, &second] {
        assert_eq!(app.get(ACME).bearer(token).send().await.status, 200);
    }
    app.clock.advance(SigningKeySet::PUBLIC_AFTER);
    assert_eq!(rotate(&app).await, json!({ "created": 0, "removed": 1 }));
    app.clock.advance(Duration::from_secs(60));
    assert!(!kids(&app).await.contains(&before[0]));
    assert_eq!(kids(&app).await.len(), 2);
    // The private keys are encrypted.
    let stored = everything(&app).await.concat();
    assert!(stored.contains("signing-key") && !stored.contains("RSA"));
}

#[tokio::test]
async fn two_runs_at_once_make_one_set_of_keys() {
    let app = TestApp::of(padron_api::endpoints()).issues_tokens().build().await;
    let (first, second) = tokio::join!(rotate(&app), rotate(&app));
    let mut created = [first, second].map(|report| report["created"].as_u64().unwrap());
    created.sort_unstable();
    assert_eq!(created, [0, 2]);
    assert_eq!(kids(&app).await.len(), 2);
}

#[tokio::test]
async fn a_key_that_is_withdrawn_is_dead_within_a_minute() {
    let app = issuing_app().await;
    install_oauth_app(&app, &oauth_app(&app)).await;
    let token = issue(&app).await;
    assert_eq!(app.get(ACME).bearer(&token).send().await.status, 200);
    let mut keys = app.store().signing_keys().await.unwrap().next_version();
    assert!(keys.withdraw("signs-now", app.clock.now()));
    assert!(app.store().replace_signing_keys(&keys, &[], &["signs-now".into()]).await.unwrap());
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(app.get(ACME).bearer(&token).send().await.problem(), "401 invalid_token");
    // The next key has taken over.
    assert_eq!(app.get(ACME).bearer(&issue(&app).await).send().await.status, 200);
    assert_eq!(kids(&app).await, ["signs-next"]);
    rotate(&app).await;
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(kids(&app).await.len(), 2);
}

#[tokio::test]
async fn the_operator_withdraws_a_key_by_its_name() {
    let app = issuing_app().await;
    let store = app.store();
    let withdraw = async |kid: &str| admin::withdraw_key(&store, kid, &app.clock).await;
    let unknown = withdraw("another").await.unwrap_err();
    assert_eq!(unknown, "There is no key another. The keys are: signs-now, signs-next.");
    let done = withdraw("signs-now").await.unwrap();
    assert!(done.ends_with("The key that signs now: signs-next."), "{done}");
    let done = withdraw("signs-next").await.unwrap();
    assert!(done.ends_with("none until rotate-signing-keys has run."), "{done}");
    assert!(store.signing_key("signs-now").await.unwrap().is_none());
}

#[tokio::test]
async fn a_private_key_is_decrypted_once_in_an_environment() {
    let app = issuing_app().await;
    install_oauth_app(&app, &oauth_app(&app)).await;
    for _ in 0..3 {
        app.clock.advance(Duration::from_secs(20));
        app.recorded();
        issue(&app).await;
    }
    let last = app.recorded();
    assert!(last.iter().all(|request| !format!("{request:?}").contains("SIGNER#")), "{last:?}");
}

#[tokio::test]
async fn clients_discover_the_server_and_the_api() {
    let app = issuing_app().await;
    let server = app.get("/.well-known/oauth-authorization-server").send().await;
    assert_eq!(server.header("cache-control"), "public, max-age=3600");
    let all: Vec<&str> = padron_domain::Scope::ALL.map(padron_domain::Scope::name).to_vec();
    let with_secret = json!(["client_secret_basic", "client_secret_post"]);
    assert_eq!(
        server.json(),
        json!({
            "issuer": TestApp::URL,
            "token_endpoint": format!("{}/oauth/token", TestApp::URL),
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "jwks_uri": format!("{}/oauth/jwks", TestApp::URL),
            "revocation_endpoint": format!("{}/oauth/revoke", TestApp::URL),
            "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "introspection_endpoint": format!("{}/oauth/introspect", TestApp::URL),
            "introspection_endpoint_auth_methods_supported": with_secret,
            "authorization_endpoint": format!("{}/oauth/authorize", TestApp::URL),
            "registration_endpoint": format!("{}/oauth/register", TestApp::URL),
            "client_id_metadata_document_supported": true,
            "authorization_response_iss_parameter_supported": true,
            "code_challenge_methods_supported": ["S256"],
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "scopes_supported": all,
        })
    );
    let again =
        app.get("/.well-known/oauth-authorization-server").header("if-none-match", server.header("etag"));
    assert_eq!(again.send().await.status, 304);
    let openid = app.get("/.well-known/openid-configuration").send().await.json();
    let mut expected = server.json();
    expected["subject_types_supported"] = json!(["public"]);
    expected["id_token_signing_alg_values_supported"] = json!(["RS256"]);
    assert_eq!(openid, expected);
    let resource = app.get("/.well-known/oauth-protected-resource").send().await.json();
    assert_eq!(
        resource,
        json!({
            "resource": TestApp::URL, "authorization_servers": [TestApp::URL], "bearer_methods_supported": ["header"],
            "scopes_supported": ["read:user", "read:organization", "read:members", "read:customers", "write:customers"],
        })
    );
    let other = app.get("/.well-known/security.txt").send().await;
    assert_eq!(other.problem(), "404 route_not_found");
    let keys = app.get("/oauth/jwks").send().await;
    assert_eq!(keys.header("cache-control"), "public, max-age=3600");
    let again = app.get("/oauth/jwks").header("if-none-match", keys.header("etag")).send().await;
    assert_eq!(again.status, 304);
    assert_eq!(keys.json()["keys"][0].as_object().unwrap().len(), 6, "no private part: {}", keys.text);
    // A challenge leads there.
    let challenge = app.get(ACME).send().await;
    assert_eq!(
        challenge.header("www-authenticate"),
        format!("Bearer resource_metadata=\"{}/.well-known/oauth-protected-resource\"", TestApp::URL)
    );
}

/// Returns the event of a request to the root of the host.
fn at_root(path: &str, document: &str) -> String {
    json!({
        "rawPath": path, "rawQueryString": "", "headers": {}, "pathParameters": { "document": document },
        "requestContext": {
            "stage": "$default", "domainName": "abc.execute-api.eu-west-1.amazonaws.com",
            "http": { "method": "GET", "path": path, "sourceIp": "192.0.2.1" },
        },
    })
    .to_string()
}

#[tokio::test]
async fn the_root_of_the_host_serves_documents_and_nothing_else() {
    let app = app().await;
    let endpoint = app.endpoint("oauth-root-documents");
    let path = "/.well-known/oauth-authorization-server/api";
    let response = app.response(endpoint, &at_root(path, "oauth-authorization-server")).await;
    assert_eq!(response.json()["issuer"], TestApp::URL);
    for endpoint in padron_api::endpoints().filter(|endpoint| !endpoint.route.is_at_root) {
        let response = app.response(endpoint, &at_root("/organizations", "x")).await;
        assert!(
            response.text.contains("route_not_found") || response.text.contains("invalid_request"),
            "{response:?}"
        );
        assert_eq!(response.status, 404, "{}", endpoint.route.function);
    }
}

#[tokio::test]
async fn without_a_url_of_its_own_the_api_has_that_of_the_gateway() {
    let app = TestApp::of(padron_api::endpoints()).issues_tokens().variable("PUBLIC_URL", "").build().await;
    let app = with_demo_data(app).await;
    app.install_signing_keys().await;
    install_oauth_app(&app, &oauth_app(&app)).await;
    let server = app.get("/.well-known/oauth-authorization-server").send().await.json();
    assert_eq!(server["issuer"], "https://localhost/api");
    assert_eq!(app.get(ACME).bearer(&issue(&app).await).send().await.status, 200);
    let token = OauthToken { audience: "https://localhost/api".into(), ..oauth_token(&app) };
    assert_eq!(app.get(ACME).bearer(&app.sign_as("https://localhost/api", &token)).send().await.status, 200);
    // A token that was issued under another name of the host is not one of this one.
    assert_eq!(
        app.get(ACME).bearer(&app.sign(&oauth_token(&app))).send().await.problem(),
        "401 invalid_token"
    );
    assert_eq!(app.get(ACME).user(owner()).send().await.status, 200);
}
