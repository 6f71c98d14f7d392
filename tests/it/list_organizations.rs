//! Tests of `GET /organizations`.

use std::{collections::BTreeSet, time::Duration};

use padron_domain::Role;
use padron_local::demo;
use serde_json::{Value, json};

use crate::support::{ACME, admin, app, cost, join, owner, stranger};

#[tokio::test]
async fn a_caller_sees_the_organizations_they_belong_to_and_what_they_are_in_them() {
    let app = app().await;
    join(&app, demo::GLOBEX, owner(), Role::Member).await;
    let response = app.get("/organizations").user(owner()).send().await;
    let expected = json!([
        { "id": demo::ACME, "name": "Acme Corp", "slug": "acme-corp", "role": "owner", "joinedAt": "2025-01-26T10:00:00.000Z" },
        { "id": demo::GLOBEX, "name": "Globex", "slug": "globex", "role": "member", "joinedAt": app.clock.now().to_string() },
    ]);
    assert_eq!(response.json(), expected);
    assert_eq!(response.header("link"), "");
    assert_eq!(app.get("/organizations").user(stranger()).send().await.json(), json!([]));
}

#[tokio::test]
async fn pages_lead_from_one_to_the_next_and_belong_to_their_caller() {
    let app = app().await;
    for number in 0..7 {
        let body = json!({ "name": "Abc", "slug": format!("abc-{number}") });
        let response = app.call("POST", "/organizations").user(stranger()).json(&body).send().await;
        assert_eq!(response.status, 201);
    }
    let mut seen = Vec::new();
    let mut path = "/organizations?limit=3".to_owned();
    let mut cursor = None;
    for _ in 0..5 {
        let response = app.get(&path).user(stranger()).send().await;
        let page = response.json();
        seen.extend(page.as_array().unwrap().iter().map(|entry| entry["slug"].as_str().unwrap().to_owned()));
        let Some(next) = response.next_page() else { break };
        path = next;
        cursor = Some(path.clone());
    }
    assert_eq!((seen.len(), seen.iter().collect::<BTreeSet<_>>().len()), (7, 7));
    let foreign = app.get(&cursor.unwrap()).user(owner()).send().await;
    assert_eq!(foreign.problem(), "400 invalid_request");
    assert_eq!(foreign.json()["errors"][0]["code"], "invalid_cursor");
}

#[tokio::test]
async fn deleted_ones_are_listed_for_whoever_can_restore_them() {
    let app = app().await;
    let list = async |user, query: &str| {
        let response = app.get(&format!("/organizations{query}")).user(user).send().await;
        response.json().as_array().unwrap().iter().map(|entry| entry["slug"].clone()).collect::<Vec<Value>>()
    };
    assert_eq!(list(owner(), "?status=deleted").await, [] as [Value; 0]);
    assert_eq!(app.call("DELETE", ACME).user(owner()).send().await.status, 204);
    assert_eq!(list(owner(), "").await, [] as [Value; 0]);
    assert_eq!(list(owner(), "?status=deleted").await, ["acme-corp"]);
    assert_eq!(list(owner(), "?status=deleted&slug=acme-corp").await, ["acme-corp"]);
    assert_eq!(list(owner(), "?slug=acme-corp").await, [] as [Value; 0]);
    assert_eq!(list(admin(), "?status=deleted").await, [] as [Value; 0]);
    app.clock.advance(Duration::from_secs(30 * 24 * 60 * 60));
    assert_eq!(list(owner(), "?status=deleted").await, [] as [Value; 0]);
}

#[tokio::test]
async fn one_is_found_by_its_slug_by_its_members_alone() {
    let app = app().await;
    let find = async |user, slug: &str| {
        app.get(&format!("/organizations?slug={slug}")).user(user).send().await.json()
    };
    assert_eq!(find(admin(), "acme-corp").await[0]["id"], demo::ACME);
    assert_eq!(find(stranger(), "acme-corp").await, json!([]));
    assert_eq!(find(admin(), "globex").await, json!([]));
    assert_eq!(find(admin(), "nothing-here").await, json!([]));
    assert_eq!(find(admin(), &"a".repeat(3000)).await, json!([]), "what is no slug is no one's");
}

#[tokio::test]
async fn what_is_not_understood_is_refused() {
    let app = app().await;
    for query in [
        "limit=0",
        "limit=101",
        "limit=5.",
        "status=gone",
        "cursor=abc",
        "sort=name",
        "limit=5&limit=5",
        "slug=acme-corp&cursor=x",
    ] {
        let response = app.get(&format!("/organizations?{query}")).user(owner()).send().await;
        assert_eq!(response.problem(), "400 invalid_request", "{query}");
    }
}

#[tokio::test]
async fn it_takes_one_query_and_one_batch_eventually_consistent() {
    let app = app().await;
    let costs = cost(&app, app.get("/organizations").user(owner())).await;
    assert_eq!(costs, [("Query".to_owned(), 0.5), ("BatchGetItem".to_owned(), 0.5)]);
}
