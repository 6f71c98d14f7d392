//! Tests of access control: every endpoint, and a probe of every rule, called by every kind of caller.
//!
//! The requests are those of `events/`, sent by another caller. Every registered endpoint is covered.

use std::collections::HashMap;

use padron_domain::{ApiKey, ApiKeyId, Failure, RateLimit, Role, Scope, Scopes, UserId};
use padron_http::{Method, Registration};
use padron_local::demo;
use padron_testkit::{TestApp, TestResponse};
use serde_json::{Value, json};

use crate::{
    probes::PROBES,
    support::{
        admin, api_key, fill_in_oauth, globex_owner, install_delivery, install_key, install_oauth_app,
        install_oauth_grant, install_webhook, member, needs_flow, oauth_app, owner, stranger,
        token_with_email, with_demo_data,
    },
    wiring::sample_event,
};

/// Returns the response to an endpoint's sample request from this caller.
async fn send_sample(
    app: &TestApp,
    endpoint: &'static Registration,
    caller: Option<UserId>,
    organization: &str,
) -> TestResponse {
    let token = caller.map(|user| match endpoint.route.function {
        // Only the invited user can accept or decline an invitation. This is not a matter of access.
        "accept-invitation" | "decline-invitation" => token_with_email(app, user, demo::INVITED),
        _ => app.token(user),
    });
    let header = token.as_ref().map(|token| ("authorization", format!("Bearer {token}")));
    // A client of the authorization server authenticates itself.
    let header = header.filter(|_| !endpoint.is_public);
    let mut event = sample_with(endpoint, header, token.as_deref().unwrap_or_default(), organization);
    fill_in_oauth(app, &mut event);
    app.response(endpoint, &event.to_string()).await
}

/// Returns an endpoint's sample request with this credential, in a header and, where the endpoint reads it, in `token`.
fn sample_with(
    endpoint: &'static Registration,
    header: Option<(&str, String)>,
    token: &str,
    organization: &str,
) -> Value {
    let mut event = if PROBES.iter().any(|probe| probe.route == endpoint.route) {
        probe_event(endpoint)
    } else {
        sample_event(endpoint)
    };
    let headers = event["headers"].as_object_mut().unwrap();
    headers.remove("authorization");
    headers.extend(header.map(|(name, value)| (name.to_owned(), json!(value))));
    for header in endpoint.headers {
        let value = match header.name {
            "token" => token,
            "X-Organization-Id" | "tenantId" => organization,
            // The value of any other header is that of the sample.
            _ => continue,
        };
        headers.insert(header.name.to_lowercase(), json!(value));
    }
    if endpoint.route.parameters().any(|name| name == "organizationId") {
        event["pathParameters"]["organizationId"] = json!(organization);
    }
    event
}

fn probe_event(endpoint: &Registration) -> Value {
    let parameters: serde_json::Map<String, Value> =
        endpoint.route.parameters().map(|name| (name.into(), json!(demo::ACME))).collect();
    json!({ "headers": {}, "pathParameters": parameters })
}

fn endpoints() -> impl Iterator<Item = &'static Registration> {
    let probes = PROBES.iter().filter(|probe| probe.route.function.starts_with("for-"));
    padron_api::endpoints().chain(probes)
}

/// Returns the expected error of a caller who passes the access check; `None` if the request succeeds.
fn expected_error(endpoint: &Registration, caller: Option<UserId>) -> Option<&'static str> {
    match endpoint.route.function {
        "not-found" => Some("404 route_not_found"),
        // Acme Corp has uploaded no logo.
        "get-logo" => Some("404 logo_not_found"),
        // Acme Corp is not deleted.
        "restore-organization" => Some("409 organization_not_deleted"),
        // The sample names the owner, who shares no organization with strangers.
        "get-user" if caller == Some(stranger()) || caller == Some(globex_owner()) => {
            Some("404 user_not_found")
        }
        // Members cannot join again.
        "accept-invitation" if caller.is_some_and(|user| [owner(), admin(), member()].contains(&user)) => {
            Some("409 already_member")
        }
        // The sample names a key that the owner has made.
        "revoke-api-key" if caller == Some(member()) => Some("403 insufficient_role"),
        _ => None,
    }
}

#[tokio::test]
async fn every_endpoint_lets_in_whom_its_access_type_names_and_no_one_else() {
    let shared = demo_with_key().await;
    // The steps of the authorization code flow are taken by browsers and clients, which have no caller.
    let endpoints = endpoints().filter(|endpoint| !endpoint.requires_key && !needs_flow(endpoint));
    for endpoint in endpoints {
        let name = endpoint.route.function;
        let callers = [
            ("anonymous", None, None),
            ("stranger", Some(stranger()), None),
            ("another organization's owner", Some(globex_owner()), None),
            ("member", Some(member()), Some(Role::Member)),
            ("admin", Some(admin()), Some(Role::Admin)),
            ("owner", Some(owner()), Some(Role::Owner)),
        ];
        for (who, caller, role) in callers {
            let expected = match (endpoint.least_role(), endpoint.admits_self, caller, role) {
                _ if endpoint.is_public => None,
                (_, _, None, _) => Some("401 authentication_required"),
                (None, false, Some(_), _) => None,
                // The sample names the owner.
                // Who may not revoke a token is not told that it exists.
                _ if name == "revoke-oauth-token" && role < Some(Role::Admin) => Some("404 token_not_found"),
                (None, true, Some(user), _) => (user != owner()).then_some("403 not_yourself"),
                (Some(_), _, Some(_), None) => Some("403 not_a_member"),
                // The sample names the admin, who is admitted by role.
                (Some(least), _, Some(_), Some(role)) => (role < least).then_some("403 insufficient_role"),
            };
            // Only an admitted caller can change anything, and some changes succeed only once.
            let writes = !matches!(endpoint.route.method, None | Some(Method::Get));
            let fresh = match expected {
                None if writes => Some(demo_with_key().await),
                _ => None,
            };
            let response = send_sample(fresh.as_ref().unwrap_or(&shared), endpoint, caller, demo::ACME).await;
            // The sample's token was granted by nobody.
            let expected = expected.or((name == "revoke-my-grant").then_some("404 token_not_found"));
            match expected.or_else(|| expected_error(endpoint, caller)) {
                Some(problem) => assert_eq!(response.problem(), problem, "{name} as {who}"),
                None => assert!((200..304).contains(&response.status), "{name} as {who}: {response:?}"),
            }
        }
    }
}

/// The endpoints that accept API keys. The list is written out, so that one that accepts them by mistake fails the test.
const ACCEPTS_KEYS: &[&str] = &[
    "create-customer",
    "create-webhook",
    "cyrexa-create",
    "cyrexa-create-bulk",
    "cyrexa-get-by-organization",
    "cyrexa-get-by-type",
    "cyrexa-get-customers",
    "cyrexa-get-details",
    "cyrexa-update",
    "cyrexa-update-status",
    "delete-customer",
    "delete-logo",
    "delete-webhook",
    "export-customers",
    "for-admins",
    "for-members",
    "get-api-key",
    "get-customer",
    "get-customer-by-external-id",
    "get-customer-hierarchy",
    "get-delivery",
    "get-member",
    "get-organization",
    "get-user",
    "get-webhook",
    "import-customers",
    "invite-member",
    "invite-members",
    "list-api-keys",
    "list-customers",
    "list-deliveries",
    "list-events",
    "list-invitations",
    "list-members",
    "list-organizations",
    "list-user-organizations",
    "list-webhooks",
    "ping-webhook",
    "remove-member",
    "replay-events",
    "resend-invitation",
    "retry-delivery",
    "revoke-invitation",
    "rotate-webhook-secret",
    "spirii-create-customer",
    "spirii-list-customers",
    "spirii-update-customer",
    "update-customer",
    "update-customization",
    "update-member-role",
    "update-receipts",
    "update-self-invoice",
    "update-webhook",
    "upload-logo",
    "validate-api-key",
];

/// Returns the response to an endpoint's sample request with an API key.
async fn send_with_key(app: &TestApp, endpoint: &'static Registration, key: &str) -> TestResponse {
    let mut event = sample_with(endpoint, Some(("x-api-key", key.to_owned())), key, demo::ACME);
    event["requestContext"]["http"]["sourceIp"] = json!("192.0.2.1");
    app.response(endpoint, &event.to_string()).await
}

/// Starts an app with the demo data and the API key that the sample requests name.
async fn demo_with_key() -> TestApp {
    let app = with_demo_data(TestApp::of([]).issues_tokens().build().await).await;
    app.install_signing_keys().await;
    install_oauth_app(&app, &oauth_app(&app)).await;
    install_oauth_grant(&app, None).await;
    // Only the owner rotates a key without a limit.
    let key = ApiKey { rate_limit: Some(RateLimit::DEFAULT), ..api_key(&app, Role::Member) };
    install_key(&app, &key).await;
    install_webhook(&app).await;
    install_delivery(&app).await;
    app
}

/// Writes another API key of Acme Corp, an admin's with all scopes except for this change, and returns its text.
async fn key_with(app: &TestApp, change: impl FnOnce(&mut ApiKey)) -> String {
    let mut key = api_key(app, Role::Admin);
    key.id = ApiKeyId::at(app.clock.now());
    change(&mut key);
    install_key(app, &key).await
}

#[tokio::test]
async fn every_endpoint_accepts_the_keys_that_its_scope_and_its_role_allow_and_no_others() {
    let shared = demo_with_key().await;
    let elsewhere = "198.51.100.0/24".parse().unwrap();
    let from_elsewhere = key_with(&shared, |key| key.ip_ranges = vec![elsewhere]).await;
    let without_scopes = key_with(&shared, |key| key.scopes = Scopes::NONE).await;
    let mut without: HashMap<&str, String> = HashMap::new();
    for scope in Scope::ALL {
        let others = |key: &mut ApiKey| key.scopes = key.scopes.iter().filter(|one| *one != scope).collect();
        without.insert(scope.name(), key_with(&shared, others).await);
    }
    let limit = Some(RateLimit { limit: 1, period: 60 });
    for endpoint in endpoints().filter(|endpoint| !endpoint.is_public) {
        let name = endpoint.route.function;
        assert_eq!(endpoint.accepts_keys(), ACCEPTS_KEYS.contains(&name), "{name}");
        let problem = async |key: &str| send_with_key(&shared, endpoint, key).await.problem();
        if !endpoint.accepts_keys() {
            assert_eq!(problem(&without_scopes).await, "403 keys_not_accepted", "{name}");
            continue;
        }
        assert_eq!(problem(&from_elsewhere).await, "403 ip_not_allowed", "{name}");
        if let Some(scope) = endpoint.scope() {
            // One scope is enough, and all the others together are not.
            assert_eq!(problem(&without_scopes).await, "403 insufficient_scope", "{name}");
            assert_eq!(problem(&without[scope.name()]).await, "403 insufficient_scope", "{name}");
        }
        let only = endpoint.scope().map(|scope| Scopes::of(&[scope]));
        for role in [Role::Member, Role::Admin] {
            let is_admitted = endpoint.least_role().is_none_or(|least| role >= least);
            let writes = endpoint.route.method != Some(Method::Get);
            let fresh = if is_admitted && writes { Some(demo_with_key().await) } else { None };
            let app = fresh.as_ref().unwrap_or(&shared);
            let change = |key: &mut ApiKey| {
                let scopes = only.unwrap_or(key.scopes);
                *key = ApiKey { role, scopes, rate_limit: limit, ..key.clone() };
            };
            let key = key_with(app, change).await;
            let response = send_with_key(app, endpoint, &key).await;
            if is_admitted {
                assert!(response.status < 300, "{name} as {role}: {response:?}");
            } else {
                assert_eq!(response.problem(), "403 insufficient_role", "{name} as {role}");
            }
            assert_eq!(send_with_key(app, endpoint, &key).await.problem(), "429 rate_limited", "{name}");
        }
    }
}

#[test]
fn a_scope_is_of_use_to_the_role_that_an_endpoint_with_it_admits() {
    for scope in Scope::ALL {
        let roles = padron_api::endpoints().filter(|endpoint| endpoint.scope() == Some(scope));
        let Some(least) = roles.map(|endpoint| endpoint.least_role().unwrap_or(Role::Member)).min() else {
            continue;
        };
        // Creating an organization belongs to none, and takes the scope of those who own one.
        let least = if scope == Scope::AdminOrganization { Role::Owner } else { least };
        // An owner's endpoint is of no use to a key, and its scope is the admins' because other endpoints will have it.
        let least = if scope == Scope::WriteOrganization { Role::Admin } else { least };
        // Members leave by themselves, and revoke the keys that they have made: neither needs a scope of theirs.
        let least = if scope == Scope::WriteApiKeys { Role::Admin } else { least };
        assert_eq!(scope.least_role(), least, "{}: say so in Scope::least_role", scope.name());
    }
}

#[tokio::test]
async fn an_unknown_organization_is_404_to_everyone_who_is_known() {
    let app = with_demo_data(TestApp::start([]).await).await;
    let names_organization = |endpoint: &&Registration| endpoint.failures().contains(&Failure::NOT_A_MEMBER);
    for endpoint in endpoints().filter(names_organization) {
        // The dialects respond as they do for an organization that the caller does not belong to.
        let reports_unknown = endpoint.failures().contains(&Failure::ORGANIZATION_NOT_FOUND);
        let expected = if reports_unknown { "404 organization_not_found" } else { "403 not_a_member" };
        for caller in [stranger(), owner()] {
            let response =
                send_sample(&app, endpoint, Some(caller), "00000000-0000-4000-8000-000000000000").await;
            assert_eq!(response.problem(), expected, "{}", endpoint.route.function);
        }
    }
}

#[tokio::test]
async fn an_email_counts_only_if_the_issuer_says_it_is_verified() {
    let app = TestApp::start(PROBES).await;
    let seen = async |changes: Value| {
        let mut claims = app.claims(owner());
        claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        app.get("/me").bearer(&app.tokens.issuer.token(&claims)).send().await.json()
    };
    let id = demo::OWNER;
    assert_eq!(
        seen(json!({ "email": "a@b.example", "email_verified": true })).await,
        json!([id, "a@b.example", null])
    );
    for proven in [json!(true), json!("true")] {
        let claims = json!({ "email": " A@b.example ", "email_verified": proven });
        assert_eq!(seen(claims).await, json!([id, "A@b.example", null]), "{proven}");
    }
    assert_eq!(seen(json!({ "name": "Olivia" })).await, json!([id, null, "Olivia"]));
    // A signed claim is still untrusted text.
    let long = "ñ".repeat(300);
    for (claimed, kept) in [
        (json!("  Olivia\u{a0}"), json!("Olivia")),
        (json!("Oli\0via\r\n\u{1b}[31m"), json!("Olivia[31m")),
        (json!("\u{202e}Olivia\u{2066}"), json!("Olivia")),
        (json!(format!("{long}{long}")), json!(long)),
        (json!("\u{200b}\0 "), json!(null)),
        (json!(""), json!(null)),
    ] {
        assert_eq!(seen(json!({ "name": claimed })).await, json!([id, null, kept]), "{claimed}");
    }
    for unproven in [
        json!({ "email": "a@b.example" }),
        json!({ "email": "a@b.example", "email_verified": false }),
        json!({ "email": "a@b.example", "email_verified": "false" }),
        json!({ "email": "a@b.example", "email_verified": "TRUE" }),
        json!({ "email": "a@b.example", "email_verified": "yes" }),
        json!({ "email": "a@b.example", "email_verified": ["true"] }),
        json!({ "email": "no address", "email_verified": true }),
        json!({ "email": "a@b.example\r\nBcc: x@y.example", "email_verified": true }),
        json!({ "email": format!("a@{}.example", "b".repeat(300)), "email_verified": true }),
        json!({ "email": "a@b.example", "email_verified": 1 }),
        json!({ "email": ["a@b.example"], "email_verified": true }),
        json!({ "email": "", "email_verified": true, "name": 7 }),
        json!({ "email": null, "email_verified": null, "name": null }),
    ] {
        assert_eq!(seen(unproven.clone()).await, json!([id, null, null]), "{unproven}");
    }
}
