//! Tests of paths and methods that match no route.

use padron_http::Method;
use padron_testkit::TestResponse;
use serde_json::json;

use crate::support::{ACME, app, app_for_sample, owner, sample_request, stranger};

#[tokio::test]
async fn an_unknown_path_is_404() {
    let app = app().await;
    for path in [
        "",
        "/",
        "/nothing",
        "/organizations//",
        "/health/",
        "/Health",
        &format!("{ACME}/"),
        "/%FF",
        "/%2e%2e/health",
    ] {
        for method in ["GET", "POST", "PATCH", "OPTIONS"] {
            let response = app.call(method, path).user(owner()).send().await;
            assert_eq!(response.problem(), "404 route_not_found", "{method} {path}");
        }
        let head = app.call("HEAD", path).user(owner()).send().await;
        assert_eq!((head.status, head.text.as_str()), (404, ""), "{path}");
    }
}

#[tokio::test]
async fn a_path_outside_the_base_is_404_even_if_it_looks_like_ours() {
    let app = app().await;
    let not_found = app.endpoint("not-found");
    for path in ["/health", "/", "", "/v2/customers", ACME] {
        let (_, mut event) = app.get("/nothing").event();
        event["rawPath"] = serde_json::json!(path);
        assert_eq!(
            app.response(not_found, &event.to_string()).await.problem(),
            "404 route_not_found",
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_known_path_with_another_method_is_405_and_says_which_would_do() {
    let app = app().await;
    for method in ["POST", "PATCH", "TRACE", "BREW"] {
        let response = app.call(method, "/health").send().await;
        assert_eq!(
            (response.problem(), response.header("allow")),
            ("405 method_not_allowed".into(), "GET, HEAD"),
            "{method}"
        );
    }
    let response = app.call("PATCH", ACME).send().await;
    assert_eq!(response.problem(), "405 method_not_allowed");
    assert!(response.header("allow").split(", ").any(|method| method == "GET"));
}

#[tokio::test]
async fn every_route_that_reads_answers_its_head() {
    let mut heads = 0;
    for endpoint in padron_api::endpoints().filter(|endpoint| endpoint.route.method == Some(Method::Get)) {
        let function = endpoint.route.function;
        let app = app_for_sample(endpoint).await;
        let mut event = sample_request(&app, endpoint);
        let whole = app.response(endpoint, &event.to_string()).await;
        event["requestContext"]["http"]["method"] = json!("HEAD");
        let head = app.response(endpoint, &event.to_string()).await;
        assert_eq!((head.status, head.text.as_str()), (whole.status, ""), "{function}");
        if whole.status == 302 {
            // Where a browser is sent differs each time.
            continue;
        }
        assert_eq!(whole.status, 200, "{function}");
        let named = |response: &TestResponse| {
            let mut headers = response.headers.clone();
            headers.remove("x-request-id");
            headers
        };
        assert_eq!(named(&head), named(&whole), "{function}");
        if !endpoint.route.is_at_root {
            let path = event["rawPath"].as_str().unwrap().trim_start_matches("/api").to_owned();
            assert_eq!(app.call("HEAD", &path).event().0.route.function, function, "and is routed there");
        }
        heads += 1;
    }
    assert!(heads > 15);
    let app = app().await;
    let tag = app.get(ACME).user(owner()).send().await.header("etag").to_owned();
    let unchanged = app.call("HEAD", ACME).user(owner()).header("if-none-match", &tag).send().await;
    assert_eq!(unchanged.status, 304);
    let refused = app.call("HEAD", ACME).user(stranger()).send().await;
    assert_eq!((refused.status, refused.text.as_str()), (403, ""));
    assert_eq!(refused.header("content-type"), "application/problem+json");
    let challenge = app.call("HEAD", ACME).send().await.header("www-authenticate").to_owned();
    assert!(challenge.starts_with("Bearer resource_metadata="), "{challenge}");
    let nowhere = app.call("HEAD", &format!("{ACME}/transfer")).user(owner()).send().await;
    assert_eq!((nowhere.status, nowhere.header("allow")), (405, "POST"));
}
