//! Tests of `GET /organizations/{organizationId}/members`.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use padron_domain::Role;
use padron_local::demo;
use padron_testkit::{TestApp, TestResponse};
use serde_json::json;

use crate::support::{ACME, app, cost, join, member, member_path, owner, sized, user};

const MEMBERS: &str = "/organizations/550e8400-e29b-41d4-a716-446655440000/members";

async fn list(app: &TestApp, path: &str) -> TestResponse {
    let response = app.get(path).user(owner()).send().await;
    assert_eq!(response.status, 200, "{}", response.text);
    response
}

fn ids(response: &TestResponse) -> Vec<String> {
    let members = response.json();
    members.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn members_are_listed_as_published() {
    let app = app().await;
    let response = list(&app, MEMBERS).await;
    let one = |id: &str, role: &str, email: &str, name: &str| {
        json!({
            "id": id, "role": role, "user": { "id": id, "email": email, "name": name },
            "joinedAt": "2025-01-26T10:00:00.000Z",
        })
    };
    let expected = json!([
        one(demo::OWNER, "owner", "olivia@acme.example", "Olivia Owner"),
        one(demo::ADMIN, "admin", "adan@acme.example", "Adán Núñez"),
        one(demo::MEMBER, "member", "maria@acme.example", "María Peña"),
    ]);
    assert_eq!(response.json(), expected);
    assert_eq!((response.header("x-total-count"), response.header("link")), ("3", ""));
}

#[tokio::test]
async fn they_are_found_by_part_of_name_or_email_and_by_role() {
    let app = app().await;
    for (query, expected) in [
        ("q=nunez", vec![demo::ADMIN]),
        ("q=N%C3%9A%C3%91EZ", vec![demo::ADMIN]),
        ("q=pena", vec![demo::MEMBER]),
        ("q=maria@", vec![demo::MEMBER]),
        ("q=ACME.example", vec![demo::OWNER, demo::ADMIN, demo::MEMBER]),
        ("q=%25", vec![]),
        ("q=*", vec![]),
        ("q=a&role=admin", vec![demo::ADMIN]),
        ("role=owner", vec![demo::OWNER]),
        ("role=member", vec![demo::MEMBER]),
    ] {
        let response = list(&app, &format!("{MEMBERS}?{query}")).await;
        assert_eq!(ids(&response), expected, "{query}");
        assert_eq!(response.headers.get("x-total-count"), None, "how many match is not known");
    }
}

#[tokio::test]
async fn what_is_not_understood_is_refused() {
    let app = app().await;
    let long = format!("q={}", "a".repeat(101));
    for query in ["q=", &long, "role=Owner", "role=all", "limit=0", "limit=101", "offset=1", "cursor=x"] {
        let response = app.get(&format!("{MEMBERS}?{query}")).user(owner()).send().await;
        assert_eq!(response.problem(), "400 invalid_request", "{query}");
    }
}

#[tokio::test]
async fn a_cursor_is_of_its_list_and_its_organization() {
    let app = app().await;
    let page = list(&app, &format!("{MEMBERS}?limit=1")).await.next_page().unwrap();
    assert_eq!(ids(&list(&app, &page).await), [demo::ADMIN]);
    join(&app, demo::GLOBEX, owner(), Role::Admin).await;
    for other in [
        page.replace(demo::ACME, demo::GLOBEX),
        page.replace("/members", "/events"),
        format!("{page}&role=admin"),
        page.replace("cursor=", "cursor=A"),
    ] {
        let refused = app.get(&other).user(owner()).send().await;
        assert_eq!(refused.json()["errors"][0]["code"], "invalid_cursor", "{other}");
    }
}

#[tokio::test]
async fn it_takes_a_read_a_query_and_the_count() {
    let app = app().await;
    let costs = cost(&app, app.get(MEMBERS).user(member())).await;
    let units: f64 = costs.iter().map(|(_, units)| units).sum();
    assert_eq!((costs.len(), units), (3, 3.0), "{costs:?}");
}

/// Adds `count` members to Acme Corp by writing directly to the table, like a restored backup.
pub(crate) async fn fill(app: &TestApp, count: u128) {
    let (client, table) = app.raw_table();
    let text = |text: String| AttributeValue::S(text);
    for chunk in (0..count).collect::<Vec<_>>().chunks(25) {
        let puts = chunk.iter().map(|number| {
            let id = user(number * 16).to_string();
            let doc = json!({
                "organization": demo::ACME, "user": id, "version": 1, "role": "member",
                "joinedAt": "2025-01-26T10:00:00.000Z",
            });
            let item = HashMap::from([
                ("PK".to_owned(), text(format!("ORG#{}", demo::ACME))),
                ("SK".to_owned(), text(format!("MEMBER#{id}"))),
                ("GSI1PK".to_owned(), text(format!("USER#{id}"))),
                ("GSI1SK".to_owned(), text(format!("ORG#{}", demo::ACME))),
                ("version".to_owned(), AttributeValue::N("1".into())),
                ("role".to_owned(), text("member".into())),
                ("doc".to_owned(), text(doc.to_string())),
            ]);
            let put = aws_sdk_dynamodb::types::PutRequest::builder().set_item(Some(item)).build().unwrap();
            aws_sdk_dynamodb::types::WriteRequest::builder().put_request(put).build()
        });
        client.batch_write_item().request_items(table, puts.collect()).send().await.unwrap();
    }
}

#[tokio::test]
async fn a_walk_of_ten_thousand_neither_skips_nor_repeats_while_members_join_and_leave() {
    let count = sized(10_000, 1_000);
    let app = app().await;
    fill(&app, count).await;
    let stays = |number: u128| !number.is_multiple_of(50);
    let walk = async {
        let mut seen = Vec::new();
        let mut path = format!("{MEMBERS}?limit=100");
        loop {
            let response = list(&app, &path).await;
            seen.extend(ids(&response));
            match response.next_page() {
                Some(next) => path = next,
                None => return seen,
            }
        }
    };
    let changes = async {
        for number in (0..count).filter(|number| !stays(*number)) {
            let gone = user(number * 16);
            let left = app.call("DELETE", &member_path(gone)).user(gone).send().await;
            assert_eq!(left.status, 204);
            join(&app, demo::ACME, user(number * 16 + 7), Role::Member).await;
        }
    };
    let (seen, ()) = tokio::join!(walk, changes);
    let distinct: BTreeSet<_> = seen.iter().collect();
    assert_eq!(distinct.len(), seen.len(), "no one twice");
    for number in (0..count).filter(|number| stays(*number)) {
        assert!(distinct.contains(&user(number * 16).to_string()), "{number} was there all the time");
    }

    let last = user((count - 201) * 16);
    let first: f64 = cost(&app, app.get(&format!("{MEMBERS}?limit=50")).user(owner()))
        .await
        .iter()
        .map(|(_, units)| units)
        .sum();
    assert!(first <= 6.0, "{first}");
    assert_eq!(app.get(&format!("{ACME}/members/{last}")).user(owner()).send().await.status, 200);
}
