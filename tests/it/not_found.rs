//! What no route takes.

use crate::support::{ACME, app, owner};

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
            let answer = app.call(method, path).user(owner()).send().await;
            assert_eq!(answer.problem(), "404 route_not_found", "{method} {path}");
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
            app.answer(not_found, &event.to_string()).await.problem(),
            "404 route_not_found",
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_known_path_with_another_method_is_405_and_says_which_would_do() {
    let app = app().await;
    for method in ["POST", "PATCH", "TRACE", "BREW"] {
        let answer = app.call(method, "/health").send().await;
        assert_eq!(
            (answer.problem(), answer.header("allow")),
            ("405 method_not_allowed".into(), "GET, HEAD"),
            "{method}"
        );
    }
    let answer = app.call("PATCH", ACME).send().await;
    assert_eq!(answer.problem(), "405 method_not_allowed");
    assert!(answer.header("allow").split(", ").any(|method| method == "GET"));
}
