//! Tests that a resource of another organization gets the same response as an unknown one, byte for byte.

use padron_domain::{Customer, CustomerId, Role};
use padron_local::demo;
use padron_testkit::{TestApp, TestResponse};
use serde_json::json;

use crate::support::{ACME, app, globex_owner, join, owner, user};

/// Returns the response without its request id and the requested id.
fn without_ids(response: &TestResponse, id: &str) -> String {
    let request_id = response.header("x-request-id").to_owned();
    format!("{response:?}").replace(&request_id, "…").replace(id, "…")
}

async fn ask(app: &TestApp, method: &str, path: &str, id: &str) -> TestResponse {
    let call = app
        .call(
            method,
            &path
                .replace("{memberId}", id)
                .replace("{invitationId}", id)
                .replace("{customerId}", id)
                .replace("{externalId}", id)
                .replace("{keyId}", id)
                .replace("{webhookId}", id)
                .replace("{deliveryId}", demo::DELIVERY),
        )
        .user(owner());
    let body = match path {
        path if path.ends_with("/role") => json!({ "role": "admin" }),
        path if path.ends_with("/transfer") => json!({ "userId": id }),
        path if method == "PUT" && path.ends_with("/customers/{customerId}") => json!({}),
        path if method == "PUT" && path.ends_with("/api-keys/{keyId}") => json!({}),
        path if method == "PUT" && path.ends_with("/webhooks/{webhookId}") => json!({}),
        path if path.ends_with("/replay") => {
            json!({ "from": "2026-01-15T00:00:00Z", "to": "2026-01-16T00:00:00Z" })
        }
        _ => return call.send().await,
    };
    call.json(&body).send().await
}

#[tokio::test]
async fn ids_of_another_organization_are_like_unknown_ones_on_every_nested_route() {
    let app = app().await;
    let unknown = user(404);
    let foreign = user(200);
    join(&app, demo::GLOBEX, foreign, Role::Admin).await;
    let invite = app.call("POST", &format!("/organizations/{}/members/invite", demo::GLOBEX));
    let invite = invite.user(globex_owner()).json(&json!({ "email": "a@b.example", "role": "member" }));
    let invited = invite.send().await.json()["id"].as_str().unwrap().to_owned();
    let key = app.call("POST", &format!("/organizations/{}/api-keys", demo::GLOBEX));
    let key = key.user(globex_owner()).json(&json!({ "name": "theirs" })).send().await;
    let key = key.json()["id"].as_str().unwrap().to_owned();
    let webhook = app.call("POST", &format!("/organizations/{}/webhooks", demo::GLOBEX)).user(globex_owner());
    let webhook =
        webhook.json(&json!({ "url": "https://hooks.acme.invalid/", "events": ["*"] })).send().await;
    let webhook = webhook.json()["id"].as_str().unwrap().to_owned();
    let theirs = demo::customers::customers().pop().unwrap();
    let theirs = Customer {
        organization: demo::organization(demo::GLOBEX),
        id: CustomerId::parse("690ce6c56d04f840aa8438af").unwrap(),
        external_id: Some("theirs".into()),
        ..theirs
    };
    app.store().create_customer(&theirs).await.unwrap();
    let mut routes = vec![("POST".to_owned(), format!("{ACME}/transfer"))];
    for endpoint in padron_api::endpoints() {
        let nested = endpoint.route.path.strip_prefix("/organizations/{organizationId}");
        if let (Some(nested), Some(method)) = (nested, endpoint.route.method)
            && nested.contains('{')
        {
            let known =
                ["{memberId}", "{invitationId}", "{customerId}", "{externalId}", "{keyId}", "{webhookId}"];
            let is_known = known.into_iter().any(|known| nested.contains(known));
            assert!(is_known, "{nested}: say here what its ids are");
            routes.push((method.name().to_owned(), format!("{ACME}{nested}")));
        }
    }
    assert!(routes.len() >= 4, "{routes:?}");
    for (method, path) in routes {
        let (unknown, mut foreign) = (unknown.to_string(), foreign.to_string());
        let mut unknown = unknown;
        if path.contains("{invitationId}") {
            foreign.clone_from(&invited);
        }
        if path.contains("{keyId}") {
            foreign.clone_from(&key);
        }
        if path.contains("{webhookId}") {
            foreign.clone_from(&webhook);
        }
        if path.contains("{customerId}") {
            (unknown, foreign) = ("590ce6c56d04f840aa843000".into(), theirs.id.to_string());
        }
        if path.contains("{externalId}") {
            (unknown, foreign) = ("none".into(), theirs.external_id.clone().unwrap());
        }
        let one = ask(&app, &method, &path, &unknown).await;
        let other = ask(&app, &method, &path, &foreign).await;
        assert_eq!(one.status, 404, "{method} {path}");
        assert_eq!(without_ids(&one, &unknown), without_ids(&other, &foreign), "{method} {path}");
    }
}
