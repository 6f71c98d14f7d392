//! Who may call what: every endpoint, and a probe of every rule, as everyone there is.
//!
//! Requests are those of `events/`, with another caller. An endpoint is covered by being registered.

use padron_domain::{Role, UserId};
use padron_http::{Method, Registration, Rule};
use padron_local::demo;
use padron_testkit::{Answer, TestApp};
use serde_json::{Value, json};

use crate::{
    probes::PROBES,
    support::{admin, globex_owner, member, owner, stranger, token_with_email, with_demo_data},
    wiring::sample_event,
};

/// The answer to an endpoint's sample request from that caller.
async fn ask(
    app: &TestApp,
    endpoint: &'static Registration,
    caller: Option<UserId>,
    organization: &str,
) -> Answer {
    let mut event = if PROBES.iter().any(|probe| probe.route == endpoint.route) {
        probe_event(endpoint)
    } else {
        sample_event(endpoint)
    };
    let headers = event["headers"].as_object_mut().unwrap();
    headers.remove("authorization");
    if let Some(user) = caller {
        // Whoever answers an invitation is who is invited; that is no matter of access.
        let token = match endpoint.route.function {
            "accept-invitation" | "decline-invitation" => token_with_email(app, user, demo::INVITED),
            _ => app.token(user),
        };
        headers.insert("authorization".into(), json!(format!("Bearer {token}")));
    }
    match endpoint.rule {
        Rule::Member(_) | Rule::AdminOrSelf => {
            event["pathParameters"]["organizationId"] = json!(organization);
        }
        Rule::CredentialMember => event["headers"]["x-organization-id"] = json!(organization),
        Rule::TenantMember => {
            event["pathParameters"]["organizationId"] = json!(organization);
            event["headers"]["tenantid"] = json!(organization);
            event["headers"]["token"] = json!(caller.map(|user| app.token(user)).unwrap_or_default());
        }
        Rule::MemberOfTenant => {
            event["headers"]["tenantid"] = json!(organization);
            event["headers"]["token"] = json!(caller.map(|user| app.token(user)).unwrap_or_default());
        }
        Rule::Anonymous | Rule::SignedIn | Rule::OneSelf => {}
    }
    app.answer(endpoint, &event.to_string()).await
}

fn probe_event(endpoint: &Registration) -> Value {
    let parameters: serde_json::Map<String, Value> =
        endpoint.route.parameters().map(|name| (name.into(), json!(demo::ACME))).collect();
    json!({ "headers": {}, "pathParameters": parameters })
}

fn rules() -> impl Iterator<Item = &'static Registration> {
    let probes = PROBES.iter().filter(|probe| probe.route.function.starts_with("for-"));
    padron_api::endpoints().chain(probes)
}

#[tokio::test]
async fn every_endpoint_lets_in_whom_its_rule_names_and_no_one_else() {
    let shared = with_demo_data(TestApp::start([]).await).await;
    for endpoint in rules() {
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
            let expected = match (endpoint.rule, caller, role) {
                (Rule::Anonymous, ..) | (Rule::SignedIn, Some(_), _) => None,
                (_, None, _) => Some("401 authentication_required"),
                // The sample names the owner.
                (Rule::OneSelf, Some(user), _) => (user != owner()).then_some("403 not_yourself"),
                (_, Some(_), None) => Some("403 not_a_member"),
                (Rule::Member(least), Some(_), Some(role)) if role < least => Some("403 insufficient_role"),
                // The sample names the admin.
                (Rule::AdminOrSelf, Some(_), Some(Role::Member)) => Some("403 insufficient_role"),
                (_, Some(_), Some(_)) => None,
            };
            // Only who is let in can change anything, and some things can be done only once.
            let writes = !matches!(endpoint.route.method, None | Some(Method::Get));
            let fresh = match expected {
                None if writes => Some(with_demo_data(TestApp::start([]).await).await),
                _ => None,
            };
            let answer = ask(fresh.as_ref().unwrap_or(&shared), endpoint, caller, demo::ACME).await;
            match expected {
                Some(problem) => assert_eq!(answer.problem(), problem, "{name} as {who}"),
                None => assert!(!matches!(answer.status, 401 | 403 | 500..), "{name} as {who}: {answer:?}"),
            }
        }
    }
}

#[tokio::test]
async fn an_unknown_organization_is_404_to_everyone_who_is_known() {
    let app = with_demo_data(TestApp::start([]).await).await;
    for endpoint in rules() {
        let expected = match endpoint.rule {
            Rule::Member(_) | Rule::AdminOrSelf => "404 organization_not_found",
            // The dialects tell it like one of others.
            Rule::CredentialMember | Rule::TenantMember | Rule::MemberOfTenant => "403 not_a_member",
            Rule::Anonymous | Rule::SignedIn | Rule::OneSelf => continue,
        };
        for caller in [stranger(), owner()] {
            let answer = ask(&app, endpoint, Some(caller), "00000000-0000-4000-8000-000000000000").await;
            assert_eq!(answer.problem(), expected, "{}", endpoint.route.function);
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
    // A signed claim is still text from outside.
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
