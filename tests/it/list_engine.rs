//! Tests of how customer lists are read: the requests for each list, their cost, and the limit on customers.

use std::time::Duration;

use padron_domain::{Customer, CustomerNumber};
use padron_local::demo::{self, generate};
use padron_testkit::{Recorded, TestApp, TestResponse};
use serde_json::{Value, json};

use crate::support::{ACME, app, member, sized, with_demo_data};

const LIST: &str = "/organizations/550e8400-e29b-41d4-a716-446655440000/customers";
const SPIRII: &str = "/v2/customers";

async fn ask(app: &TestApp, path: &str) -> TestResponse {
    app.get(path).user(member()).header("x-organization-id", demo::ACME).send().await
}

/// Returns the reads of a request, each with its name and its capacity units.
async fn reads(app: &TestApp, path: &str) -> Vec<(String, f64)> {
    app.recorded();
    let response = ask(app, path).await;
    assert_eq!(response.status, 200, "{path} {response:?}");
    app.recorded().iter().map(|read| (read_name(read), read.units())).collect()
}

fn read_name(read: &Recorded) -> String {
    let index = read.body["IndexName"].as_str().unwrap_or_default();
    let partition = read.body["ExpressionAttributeValues"][":pk"]["S"].as_str().unwrap_or_default();
    match (read.operation.as_str(), index) {
        ("Query", "") if partition.starts_with("COUNT#") => "count".into(),
        ("Query", "") if read.body["Select"] == "COUNT" => "customers counted".into(),
        ("Query", "") => "customers".into(),
        ("Query", _) if read.body["Select"] == "COUNT" => format!("{index} counted"),
        ("Query", index) => index.into(),
        ("BatchGetItem", _) => "items".into(),
        (other, _) => panic!("{other}"),
    }
}

fn names(reads: &[(String, f64)]) -> Vec<&str> {
    let mut names: Vec<&str> = reads.iter().map(|(name, _)| name.as_str()).collect();
    // The count and the access check run concurrently, so their order may vary.
    names[..2].sort_unstable();
    names
}

#[tokio::test]
async fn each_list_takes_the_cheapest_way_there_is() {
    let app = app().await;
    let all = demo::customers::customers();
    let (first, cpo) = (all[0].number, all[1].number);
    for (query, ways) in [
        ("", vec!["customers"]),
        ("limit=5", vec!["customers", "items"]),
        ("limit=5&offset=20", vec!["customers", "items"]),
        ("limit=5&sortBy=createdAt&sortDirection=asc", vec!["customers"]),
        ("createdAtFrom=2025-03-01T00:00:00Z&limit=5", vec!["customers", "items"]),
        ("createdAtTo=2025-03-01T00:00:00Z&sortBy=id", vec!["customers"]),
        ("sortBy=name&limit=5", vec!["GSI2", "items", "items"]),
        ("sortBy=updatedAt&limit=5", vec!["GSI3", "items", "items"]),
        ("updatedAtFrom=2025-03-01T00:00:00Z&limit=5", vec!["GSI3", "items", "items"]),
        ("search=a&limit=5", vec!["GSI3", "items"]),
        ("search=&limit=5", vec!["customers", "items"]),
        ("types=CPO&limit=5", vec!["GSI3", "items"]),
        ("sortBy=type&limit=5", vec!["GSI3", "items"]),
        ("sortBy=ownerName&limit=5", vec!["GSI3", "items"]),
        ("sortBy=name&createdAtFrom=2025-03-01T00:00:00Z&limit=5", vec!["GSI3", "items"]),
        ("limit=5&offset=201", vec!["GSI3"]),
    ] {
        let read = reads(&app, &format!("{LIST}?{query}")).await;
        assert_eq!(names(&read)[..2], ["count", "items"], "{query}");
        assert_eq!(names(&read)[2..], ways, "{query}");
    }
    let named = reads(&app, &format!("{LIST}?customerIds={first}")).await;
    assert_eq!(names(&named)[2..], ["items"], "and that is the page");
    let below = reads(&app, &format!("{LIST}?parentId={cpo}")).await;
    assert_eq!(names(&below)[2..], ["GSI3", "items"]);
    // A dialect that returns the number of matches counts a range of the index. The number of all customers comes from the
    // counters.
    let read = reads(&app, &format!("{SPIRII}?updatedAtFrom=2025-03-01T00:00:00Z&limit=1")).await;
    assert!(read.iter().any(|(name, _)| name == "GSI3 counted"), "{read:?}");
    let read = reads(&app, &format!("{SPIRII}?sortBy=updatedAt&limit=1")).await;
    assert!(!read.iter().any(|(name, _)| name == "GSI3 counted"), "{read:?}");
    let read = reads(&app, &format!("{SPIRII}?createdAtFrom=2025-03-01T00:00:00Z&limit=1")).await;
    let mut side_by_side = names(&read)[2..4].to_vec();
    side_by_side.sort_unstable();
    assert_eq!(side_by_side, ["customers", "customers counted"], "a few are counted where they are");
    // A contradictory filter needs only the access check and the count.
    for query in [
        "createdAtFrom=2026-01-01T00:00:00Z&createdAtTo=2025-01-01T00:00:00Z",
        "updatedAt=2026-01-01T00:00:00Z&updatedAtTo=2025-01-01T00:00:00Z",
    ] {
        let read = reads(&app, &format!("{LIST}?{query}")).await;
        assert_eq!(names(&read), ["count", "items"], "{query}");
        assert_eq!(ask(&app, &format!("{LIST}?{query}")).await.text, "[]");
    }
}

/// Tests the limit on the customers that a list may search or sort in memory.
///
/// Up to the limit every list is served. Above it, these lists are refused before any row is read, and lists that follow an index are still
/// served.
#[tokio::test]
async fn above_the_bound_nothing_is_looked_through_and_everything_is_still_within_reach() {
    let count = demo::customers::customers().len();
    let build = |rows: usize| {
        TestApp::of(padron_api::endpoints()).variable("CUSTOMER_ROWS", rows.to_string()).build()
    };
    let within = with_demo_data(build(count).await).await;
    let beyond = with_demo_data(build(count - 1).await).await;
    let parent = demo::customers::customers()[1].number;
    for query in
        ["search=a", "types=CPO", "sortBy=cpoName", "offset=201", &format!("ownerId={parent}"), "parentId=1"]
    {
        for path in [LIST, SPIRII] {
            let path = format!("{path}?{query}");
            assert!(matches!(ask(&within, &path).await.status, 200 | 403), "{path}");
            beyond.recorded();
            assert_eq!(ask(&beyond, &path).await.problem(), "422 query_too_broad", "{path}");
            let mut read: Vec<String> = beyond.recorded().iter().map(read_name).collect();
            read.sort();
            assert_eq!(read, ["count", "items"], "{path}: no row was read");
        }
    }
    for (path, body) in [
        (format!("/customer/getByOrganization/{}", demo::ACME), json!({ "type": "Person" })),
        ("/customer/getByCustomerType/Person".into(), json!({})),
    ] {
        for (app, expected) in [(&within, 200), (&beyond, 422)] {
            let token = app.token(member());
            let search = app.call("POST", &path).bearer(&token).header("tenantid", demo::ACME);
            let response = search.header("token", &token).json(&body).send().await;
            assert_eq!(response.status, expected, "{path}: {response:?}");
        }
    }
    let since = "2025-03-01T00:00:00Z";
    for query in [
        "limit=1000".to_owned(),
        "sortBy=name&offset=200".into(),
        "sortBy=updatedAt".into(),
        format!("customerIds={parent}&search=a&sortBy=cpoName"),
        format!("updatedAtFrom={since}"),
        format!("createdAtFrom={since}&limit=1000"),
        format!("createdAtFrom={since}&createdAtTo=2025-06-01T00:00:00Z&sortBy=id"),
    ] {
        let (one, other) =
            (ask(&within, &format!("{LIST}?{query}")).await, ask(&beyond, &format!("{LIST}?{query}")).await);
        assert_eq!((one.status, &one.text), (other.status, &other.text), "{query}");
        let (one, other) = (
            ask(&within, &format!("{SPIRII}?{query}")).await,
            ask(&beyond, &format!("{SPIRII}?{query}")).await,
        );
        assert_eq!((one.status, &one.text), (200, &other.text), "{query}");
    }
    // A customer with descendants can be moved above the limit as well.
    let path = format!("{ACME}/customers/{parent}");
    let root = demo::customers::customers()[0].number.get();
    for app in [&within, &beyond] {
        let moved = app.call("PUT", &path).user(member()).json(&json!({ "parentId": root })).send().await;
        assert_eq!((moved.status, &moved.json()["parentId"]), (200, &json!(root)), "{moved:?}");
        // The moved customer is the top of three levels, so at most five ancestors fit above it.
        let mut above = root;
        for level in 0..6 {
            let body = json!({ "legalName": "Top", "address": { "country": "USA" } });
            let top = app.call("POST", LIST).user(member()).json(&body).send().await.json()["number"].clone();
            let lift = app.call("PUT", &format!("{ACME}/customers/{above}")).user(member());
            let lifted = lift.json(&json!({ "parentId": top })).send().await;
            let expected = if level < 4 { 200 } else { 409 };
            assert_eq!(lifted.status, expected, "{level} {lifted:?}");
            above = top.as_u64().unwrap();
            if expected == 409 {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_cursor_is_of_the_question_however_it_is_put() {
    let app = app().await;
    let first = ask(&app, &format!("{LIST}?types=Private&search=a&limit=2")).await;
    let cursor = first.next_page().unwrap().split_once("cursor=").unwrap().1.to_owned();
    for same in ["types=Private&search=a", "search=a&types=Private", "search=a&limit=5&types=Private"] {
        assert_eq!(ask(&app, &format!("{LIST}?{same}&cursor={cursor}")).await.status, 200, "{same}");
    }
    for other in [
        "types=Private&search=b",
        "types=Private",
        "types=Business&search=a",
        "types=Private&search=a&sortBy=name",
    ] {
        let response = ask(&app, &format!("{LIST}?{other}&cursor={cursor}")).await;
        assert_eq!(response.json()["errors"][0]["code"], "invalid_cursor", "{other}");
    }
}

#[tokio::test]
async fn a_range_begins_and_ends_with_the_millisecond_it_names() {
    let app = app().await;
    let created = demo::customers::customers()[5].created_at.to_string();
    let finer = created.replace("Z", "4Z");
    for (query, found) in [
        (format!("createdAtFrom={created}&createdAtTo={created}"), 1),
        (format!("createdAt={created}"), 1),
        (format!("createdAtFrom={finer}&createdAtTo={finer}"), 0),
        (format!("createdAtTo={finer}&createdAtFrom={created}"), 1),
    ] {
        let page = ask(&app, &format!("{SPIRII}?{query}")).await.json();
        assert_eq!(
            (&page["count"], page["data"].as_array().unwrap().len()),
            (&json!(found), found),
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_page_that_is_hydrated_costs_what_the_contract_says() {
    let app = app().await;
    let template = demo::customers::customers().pop().unwrap();
    // Each item has 1.2 KB.
    for index in 0..60_u64 {
        let number = CustomerNumber::new(template.number.get() + (index + 1) * 4096).unwrap();
        let customer = Customer {
            number,
            id: padron_domain::CustomerId::new(number, index),
            external_id: None,
            metadata: [("note".to_owned(), "x".repeat(450))].into(),
            created_at: number.created_at(),
            ..template.clone()
        };
        app.store().create_customer(&customer).await.unwrap();
    }
    for sort in ["name", "updatedAt", "ownerName"] {
        let read = reads(
            &app,
            &format!("{LIST}?limit=50&sortBy={sort}&createdAtFrom=2025-11-20T00:00:00Z&sortDirection=desc"),
        )
        .await;
        let total: f64 = read.iter().map(|(_, units)| units).sum();
        assert!(total <= 2.0 + 4.0 + 25.0 + 0.5 + 1.0, "{sort}: {read:?}");
    }
    let read = reads(&app, &format!("{LIST}?limit=50&sortBy=name")).await;
    let units = |name: &str| {
        read.iter().filter(|(read, _)| read == name).map(|(_, units)| *units).collect::<Vec<_>>()
    };
    assert_eq!(units("count"), [0.5]);
    assert!(units("GSI2")[0] <= 1.5, "{read:?}");
    assert_eq!(units("items")[..2], [2.0, 25.0], "access, and half a unit for each of fifty");
}

/// Tests lists of as many customers as are looked through; with `make test-full`, of 20,000.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_thousand_are_looked_through_and_one_more_is_too_many() {
    let (max_rows, limit) = sized((20_000, 1_000), (3_000, 300));
    let builder = TestApp::of(padron_api::endpoints()).variable("CUSTOMER_ROWS", max_rows.to_string());
    let app = with_demo_data(builder.build().await).await;
    let organization = demo::organization(demo::ACME);
    let time = Duration::from_secs(300);
    let there = demo::customers::customers().len() as u64;
    let creator = generate::CustomerGenerator::new(organization, max_rows - there, app.clock.now(), 7);
    generate::write(&app.store_for(time), &creator, |_| {}).await.unwrap();
    // If two generated customers have the same number, one of them is left out.
    let create = async || {
        let body = json!({ "legalName": "Last", "address": { "country": "USA" } });
        assert_eq!(app.call("POST", LIST).user(member()).json(&body).send().await.status, 201);
    };
    for _ in app.store().customer_count(organization).await.unwrap()..max_rows {
        create().await;
    }
    let read = reads(&app, &format!("{SPIRII}?sortBy=cpoName&limit=50&search=nunez")).await;
    let rows: f64 = read.iter().filter(|(name, _)| name == "GSI3").map(|(_, units)| units).sum();
    assert!(
        rows <= 2.0 * 0.0152 * max_rows as f64 * 1.05,
        "{rows} units for the rows of {max_rows}: {read:?}"
    );
    assert_eq!(
        names(&read)[2..].iter().filter(|name| **name != "GSI3").collect::<Vec<_>>(),
        [&"items"],
        "and the page"
    );
    let page =
        ask(&app, &format!("{SPIRII}?sortBy=ownerName&offset={}&limit=50&sortDirection=asc", max_rows - 10))
            .await
            .json();
    assert_eq!((&page["count"], page["data"].as_array().unwrap().len()), (&json!(max_rows), 10));
    // With a cursor and sorted by name, the last page costs as much as the first one.
    let mut path = format!("{LIST}?sortBy=name&limit={limit}");
    let mut seen = Vec::new();
    let mut costs = Vec::new();
    loop {
        app.recorded();
        let response = ask(&app, &path).await;
        costs.push(app.recorded().iter().map(Recorded::units).sum::<f64>());
        let page: Vec<Value> = serde_json::from_str(&response.text).unwrap();
        seen.extend(page.iter().map(|one| padron_domain::name_key(one["legalName"].as_str().unwrap())));
        if !response.headers.contains_key("link") {
            break;
        }
        path = response.next_page().unwrap();
    }
    assert!(seen.is_sorted_by(|a, b| a >= b), "from Z to A");
    assert_eq!(seen.len() as u64, max_rows);
    let full = &costs[..costs.len() - 1];
    let (least, most) =
        full.iter().fold((f64::MAX, 0.0_f64), |(least, most), cost| (cost.min(least), cost.max(most)));
    assert!(most <= least * 1.1, "from {least} to {most} units a page");
    create().await;
    app.recorded();
    assert_eq!(ask(&app, &format!("{LIST}?search=nunez")).await.problem(), "422 query_too_broad");
    assert_eq!(app.recorded().len(), 2, "who asks, and how many there are");
    assert_eq!(ask(&app, &format!("{SPIRII}?updatedAtFrom=2026-01-15T11:59:00Z")).await.status, 200);
}
