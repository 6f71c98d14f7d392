//! Tests of `GET /health`.

use padron_testkit::TestApp;

use crate::support::app;

#[tokio::test]
async fn it_answers_everyone_without_asking_the_database() {
    let app = app().await;
    app.recorded();
    let response = app.get("/health").send().await;
    assert_eq!(response.status, 200);
    assert_eq!(response.json()["status"], "ok");
    assert_eq!(response.header("cache-control"), "no-store");
    assert!(app.recorded().is_empty());
}

#[tokio::test]
async fn it_answers_whatever_token_comes_with_it() {
    let app = TestApp::start(padron_api::endpoints()).await;
    assert_eq!(app.get("/health").bearer("not-a-token").send().await.status, 200);
}
