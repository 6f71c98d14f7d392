//! Tests of `POST /customer/createBulk`, which creates several customers independently of each other.

use padron_local::demo;
use padron_testkit::{Fault, TestApp, TestResponse};
use serde_json::{Value, json};

use crate::support::{app, owner};

async fn create(app: &TestApp, key: Option<&str>, body: &Value) -> TestResponse {
    let call = app.call("POST", "/customer/createBulk").user(owner());
    let call = call.header("tenantid", demo::ACME).header("token", &app.token(owner()));
    let call = if let Some(key) = key { call.header("idempotency-key", key) } else { call };
    call.json(body).send().await
}

fn customer(name: &str) -> Value {
    json!({ "customerType": "Organization", "customerName": name })
}

async fn total(app: &TestApp) -> u64 {
    app.store().customer_count(demo::organization(demo::ACME)).await.unwrap()
}

/// Returns the status of each result, with the code where there is one.
fn outcomes(response: &TestResponse) -> Vec<String> {
    assert_eq!(response.status, 207, "{response:?}");
    let results = response.json()["results"].as_array().unwrap().clone();
    let outcome = |(index, result): (usize, &Value)| {
        assert_eq!(result["index"], index);
        let code = result["code"].as_str().map(|code| format!(" {code}")).unwrap_or_default();
        format!("{}{code}", result["status"])
    };
    results.iter().enumerate().map(outcome).collect()
}

#[tokio::test]
async fn each_customer_has_its_own_result() {
    let app = app().await;
    let before = total(&app).await;
    let mut with_secret = customer("Uno");
    with_secret["person"] = json!({ "fullName": "Uno", "password": "hidden-secret" });
    let body = json!([
        with_secret,
        { "customerType": "Organization" },
        { "customerType": "Robot", "customerName": "Tres" },
        customer("Cuatro"),
        customer(&"x".repeat(301)),
    ]);
    let response = create(&app, None, &body).await;
    let wrong = "400 invalid_request";
    assert_eq!(outcomes(&response), ["201", wrong, wrong, "201", wrong]);
    assert!(!response.text.contains("hidden-secret"));
    let created = &response.json()["results"][3]["customer"];
    let path = format!("/customer/getDetailsById/{}", created["id"].as_str().unwrap());
    let read = app.get(&path).user(owner()).header("tenantid", demo::ACME);
    let read = read.header("token", &app.token(owner())).send().await;
    assert_eq!(&read.json()["customer"], created);
    assert_eq!(total(&app).await, before + 2);
    for (body, code) in [
        (json!([]), "invalid_length"),
        (Value::from(vec![customer("A"); 101]), "invalid_length"),
        (json!({ "customerType": "Organization" }), "invalid_type"),
        (json!(["x"]), "invalid_type"),
    ] {
        let refused = create(&app, None, &body).await;
        assert_eq!((refused.problem(), &refused.json()["errors"][0]["code"]), (wrong.into(), &json!(code)));
    }
    let hundred = create(&app, None, &Value::from(vec![customer("A"); 100])).await;
    assert_eq!(outcomes(&hundred), vec!["201"; 100]);
    assert_eq!(total(&app).await, before + 102);
}

#[tokio::test]
async fn a_request_that_is_sent_again_creates_nothing_twice() {
    let app = app().await;
    let before = total(&app).await;
    let body = json!([customer("Uno"), { "customerType": "Organization" }, customer("Tres")]);
    let first = create(&app, Some("k-1"), &body).await;
    assert_eq!(outcomes(&first), ["201", "400 invalid_request", "201"]);
    let again = create(&app, Some("k-1"), &body).await;
    assert_eq!(again.json(), first.json());
    assert_eq!(total(&app).await, before + 2);
    let other = create(&app, Some("k-2"), &body).await;
    assert_ne!(other.json(), first.json());
    // Another body under the same key is another request.
    let changed = create(&app, Some("k-1"), &json!([customer("Cuatro")])).await;
    assert_eq!(changed.json()["results"][0]["customer"]["customerName"], "Cuatro");
    // A response that was lost in the middle of the request.
    app.proxy.inject([
        Fault::Delay(std::time::Duration::ZERO),
        Fault::Delay(std::time::Duration::ZERO),
        Fault::LostResponse,
    ]);
    let (one, two) = tokio::join!(create(&app, Some("k-3"), &body), create(&app, Some("k-3"), &body));
    for response in [one, two] {
        assert!(matches!(response.status, 207 | 503), "{response:?}");
    }
    let last = create(&app, Some("k-3"), &body).await;
    assert_eq!(outcomes(&last), ["201", "400 invalid_request", "201"]);
    assert_eq!(total(&app).await, before + 7);
}
