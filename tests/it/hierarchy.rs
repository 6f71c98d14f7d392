//! Tests of the customer hierarchy: its rules, and that concurrent changes create no cycle and no reference to a deleted customer.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use padron_domain::{Customer, CustomerId, CustomerNumber};
use padron_local::demo;
use padron_testkit::{TestApp, TestResponse};
use serde_json::{Value, json};

use crate::support::{ACME, Random, app, cost, member, sized, with_demo_data};

async fn create(app: &TestApp, name: &str, kind: &str, parent: Option<u64>) -> TestResponse {
    let body =
        json!({ "legalName": name, "type": kind, "parentId": parent, "address": { "country": "USA" } });
    app.call("POST", &format!("{ACME}/customers")).user(member()).json(&body).send().await
}

async fn created(app: &TestApp, name: &str, kind: &str, parent: Option<u64>) -> u64 {
    let response = create(app, name, kind, parent).await;
    assert_eq!(response.status, 201, "{response:?}");
    response.json()["number"].as_u64().unwrap()
}

async fn put(app: &TestApp, number: u64, body: &Value) -> TestResponse {
    app.call("PUT", &format!("{ACME}/customers/{number}")).user(member()).json(body).send().await
}

async fn delete(app: &TestApp, number: u64) -> TestResponse {
    app.call("DELETE", &format!("{ACME}/customers/{number}")).user(member()).send().await
}

async fn hierarchy(app: &TestApp, number: u64) -> Value {
    let path = format!("{ACME}/customers/{number}/hierarchy");
    let response = app.get(&path).user(member()).send().await;
    assert_eq!(response.status, 200, "{response:?}");
    response.json()
}

fn numbers(nodes: &Value) -> Vec<u64> {
    nodes.as_array().unwrap().iter().map(|node| node["number"].as_u64().unwrap()).collect()
}

/// Creates a chain of customers and returns their numbers, the root first.
async fn chain(app: &TestApp, length: usize) -> Vec<u64> {
    let mut chain: Vec<u64> = Vec::new();
    for level in 0..length {
        chain.push(created(app, &format!("Level {level}"), "Business", chain.last().copied()).await);
    }
    chain
}

// Allowed positions

#[tokio::test]
async fn a_hierarchy_has_eight_levels() {
    let app = app().await;
    let chain = chain(&app, 8).await;
    let deepest = chain[7];
    assert_eq!(create(&app, "Ninth", "Business", Some(deepest)).await.problem(), "409 hierarchy_too_deep");
    let node = hierarchy(&app, deepest).await;
    assert_eq!(numbers(&node["path"]), chain[..7].iter().rev().copied().collect::<Vec<_>>(), "nearest first");
    assert_eq!(node["customer"]["number"], deepest);
    assert_eq!(node["path"][6]["parentId"], Value::Null);
    // The levels below a moved customer count as well.
    let top = created(&app, "Top", "Business", None).await;
    let middle = created(&app, "Middle", "Business", Some(top)).await;
    created(&app, "Bottom", "Business", Some(middle)).await;
    assert_eq!(put(&app, top, &json!({ "parentId": chain[5] })).await.problem(), "409 hierarchy_too_deep");
    assert_eq!(put(&app, top, &json!({ "parentId": chain[4] })).await.status, 200);
    let children = numbers(&hierarchy(&app, chain[4]).await["children"]);
    assert_eq!(BTreeSet::from_iter(children), BTreeSet::from([chain[5], top]));
}

#[tokio::test]
async fn the_rules_hold_in_spirii_s_dialect_as_well() {
    let app = app().await;
    let chain = chain(&app, 8).await;
    let business = chain[0];
    let fields = |owner: u64| {
        json!({
            "name": "New", "type": "CPOSubsidiary", "country": "MX", "ownerId": owner,
            "contactDetails": { "email": "new@example.com" },
        })
    };
    let post = async |body: Value| app.call("POST", "/v2/customers").user(member()).json(&body).send().await;
    let put = async |number: u64, body: Value| {
        app.call("PUT", &format!("/v2/customers/{number}")).user(member()).json(&body).send().await
    };
    assert_eq!(post(fields(business)).await.problem(), "409 parent_not_cpo");
    let mut below_the_deepest = fields(chain[7]);
    below_the_deepest["type"] = "business".into();
    assert_eq!(post(below_the_deepest).await.problem(), "409 hierarchy_too_deep");
    let cpo = created(&app, "CPO", "CPO", None).await;
    let mut first = fields(cpo);
    first["externalId"] = "1".into();
    let response = post(first.clone()).await;
    assert_eq!(response.status, 201, "{response:?}");
    let subsidiary = response.json()["id"].as_u64().unwrap();
    assert_eq!(post(first).await.problem(), "409 external_id_taken");

    assert_eq!(put(subsidiary, json!({ "ownerId": business })).await.problem(), "409 parent_not_cpo");
    assert_eq!(put(cpo, json!({ "ownerId": chain[6] })).await.problem(), "409 hierarchy_too_deep");
    let response = put(cpo, json!({ "ownerId": chain[5], "externalId": "2" })).await;
    assert_eq!((response.status, &response.json()["owner"]["id"]), (200, &json!(chain[5])), "{response:?}");
    assert_eq!(put(subsidiary, json!({ "externalId": "2" })).await.problem(), "409 external_id_taken");
    assert_eq!(put(subsidiary, json!({ "externalId": "3" })).await.status, 200, "and 1 is free again");
    let old = app.call("PUT", &format!("/v2/customers/{cpo}")).user(member()).header("if-match", "\"old\"");
    assert_eq!(old.json(&json!({ "name": "X" })).send().await.problem(), "412 precondition_failed");
}

/// Tests moves of customers with many descendants.
///
/// Up to a number of descendants, these are queried. Beyond it, all rows are read, if the organization has few enough. Otherwise the move is
/// refused at some point.
#[tokio::test]
async fn a_customer_with_many_below_it_moves_unless_there_are_too_many_to_look_at() {
    const MANY: u16 = 101;
    const TOO_MANY: u16 = 2001;
    let count = demo::customers::customers().len() + usize::from(TOO_MANY);
    for (rows, below, expected) in [(count, MANY, 200), (1, MANY, 200), (1, TOO_MANY, 422)] {
        let builder = TestApp::of(padron_api::endpoints()).variable("CUSTOMER_ROWS", rows.to_string());
        let app = with_demo_data(builder.build().await).await;
        let top = created(&app, "Top", "Business", None).await;
        let parent = created(&app, "Parent", "Business", None).await;
        let template = demo::customers::customers().pop().unwrap();
        let children: Vec<Customer> = (1..=below)
            .map(|index| {
                let number = CustomerNumber::new(template.number.get() + u64::from(index) * 4096).unwrap();
                let id = CustomerId::new(number, u64::from(index));
                Customer {
                    number,
                    id,
                    external_id: None,
                    parent: CustomerNumber::new(top),
                    ..template.clone()
                }
            })
            .collect();
        for children in children.chunks(24) {
            app.store().create_customers(children).await.unwrap();
        }
        for (path, field) in
            [(format!("{ACME}/customers/{top}"), "parentId"), (format!("/v2/customers/{top}"), "ownerId")]
        {
            let moved = app.call("PUT", &path).user(member()).json(&json!({ field: parent })).send().await;
            assert_eq!(moved.status, expected, "{rows} rows, {below} below: {moved:?}");
            if expected == 422 {
                assert_eq!(moved.json()["errors"][0]["code"], "too_many_below");
            }
            let back = app.call("PUT", &path).user(member()).json(&json!({ field: null })).send().await;
            assert_eq!(back.status, 200, "{back:?}");
        }
    }
}

#[tokio::test]
async fn no_one_is_below_themselves() {
    let app = app().await;
    let chain = chain(&app, 4).await;
    for below in &chain {
        assert_eq!(put(&app, chain[0], &json!({ "parentId": below })).await.problem(), "409 hierarchy_cycle");
    }
    assert_eq!(put(&app, chain[3], &json!({ "parentId": null })).await.json()["parentId"], Value::Null);
    assert_eq!(put(&app, chain[0], &json!({ "parentId": chain[3] })).await.status, 200, "no circle any more");
    let spirii = app.call("PUT", &format!("/v2/customers/{}", chain[3])).user(member());
    let spirii = spirii.json(&json!({ "ownerId": chain[2] })).send().await;
    assert_eq!(spirii.problem(), "409 hierarchy_cycle");
}

#[tokio::test]
async fn only_cpos_and_subsidiaries_have_subsidiaries() {
    let app = app().await;
    let business = created(&app, "Business", "Business", None).await;
    let cpo = created(&app, "CPO", "CPO", None).await;
    let subsidiary = created(&app, "Part", "CPOSubsidiary", Some(cpo)).await;
    assert_eq!(create(&app, "X", "CPOSubsidiary", Some(business)).await.problem(), "409 parent_not_cpo");
    created(&app, "Part of a part", "CPOSubsidiary", Some(subsidiary)).await;
    created(&app, "On its own", "CPOSubsidiary", None).await;
    assert_eq!(put(&app, subsidiary, &json!({ "parentId": business })).await.problem(), "409 parent_not_cpo");
    let customer = created(&app, "Customer", "Business", Some(business)).await;
    assert_eq!(
        put(&app, customer, &json!({ "type": "CPOSubsidiary" })).await.problem(),
        "409 parent_not_cpo"
    );
    let both = json!({ "type": "CPOSubsidiary", "parentId": cpo });
    assert_eq!(put(&app, customer, &both).await.status, 200);
    assert_eq!(put(&app, business, &json!({ "type": "CPO" })).await.status, 200);
}

#[tokio::test]
async fn children_of_who_is_gone_are_roots_in_every_answer() {
    let app = app().await;
    let chain = chain(&app, 3).await;
    assert_eq!(delete(&app, chain[1]).await.status, 204);
    let path = format!("{ACME}/customers/{}", chain[2]);
    let shown = app.get(&path).user(member()).send().await.json();
    assert_eq!(shown["parentId"], Value::Null);
    assert_eq!(numbers(&hierarchy(&app, chain[2]).await["path"]), Vec::<u64>::new());
    assert_eq!(hierarchy(&app, chain[2]).await["customer"]["parentId"], Value::Null);
    let queries =
        ["", "?limit=1000", "?sortBy=name&limit=1000", "?sortBy=type&limit=1000", "?search=Level&limit=9"];
    for query in queries {
        let list = app.get(&format!("{ACME}/customers{query}")).user(member()).send().await.json();
        let one = list.as_array().unwrap().iter().find(|one| one["number"] == chain[2]).unwrap();
        assert_eq!(one["parentId"], Value::Null, "{query}");
    }
    let named =
        app.get(&format!("{ACME}/customers?customerIds={}", chain[2])).user(member()).send().await.json();
    assert_eq!(named[0]["parentId"], Value::Null);
    for filter in ["parentId", "ownerId", "cpoId", "operatorId"] {
        let list = app.get(&format!("{ACME}/customers?{filter}={}", chain[1])).user(member()).send().await;
        assert_eq!(list.problem(), "403 customer_not_accessible", "{filter}");
        let list = app
            .get(&format!("{ACME}/customers?customerIds=1&{filter}={}", chain[1]))
            .user(member())
            .send()
            .await;
        assert_eq!(list.problem(), "403 customer_not_accessible", "{filter} of named ones");
    }
    let response = put(&app, chain[2], &json!({ "phone": "1" })).await.json();
    assert_eq!(response["parentId"], Value::Null, "written for another reason");
    assert_eq!(create(&app, "X", "Business", Some(chain[1])).await.problem(), "400 invalid_request");
}

// Pages of children

#[tokio::test]
async fn children_are_walked_page_by_page() {
    let app = app().await;
    let parent = created(&app, "Parent", "Business", None).await;
    let mut children = Vec::new();
    for index in 0..7 {
        app.clock.advance(std::time::Duration::from_millis(1));
        children.push(created(&app, &format!("Child {index}"), "Private", Some(parent)).await);
    }
    let mut path = Some(format!("{ACME}/customers/{parent}/hierarchy?limit=3"));
    let mut seen = Vec::new();
    while let Some(asked) = path {
        let response = app.get(&asked).user(member()).send().await;
        let page = numbers(&response.json()["children"]);
        assert!(page.len() <= 3);
        seen.extend(page);
        path = response.next_page();
    }
    assert_eq!(seen, children);
    for (query, pointer) in [
        ("limit=0", "/query/limit"),
        ("limit=101", "/query/limit"),
        ("cursor=x", "/query/cursor"),
        ("offset=1", "/query/offset"),
    ] {
        let response =
            app.get(&format!("{ACME}/customers/{parent}/hierarchy?{query}")).user(member()).send().await;
        assert_eq!(response.problem(), "400 invalid_request");
        assert_eq!(response.json()["errors"][0]["pointer"], pointer);
    }
    let unknown = app.get(&format!("{ACME}/customers/4711/hierarchy")).user(member()).send().await;
    assert_eq!(unknown.problem(), "404 customer_not_found");
}

#[tokio::test]
async fn places_cost_what_the_contract_says() {
    let app = app().await;
    let chain = chain(&app, 4).await;
    let units = |cost: Vec<(String, f64)>| {
        cost.iter().map(|(name, units)| format!("{name} {units}")).collect::<Vec<_>>()
    };
    let post = |parent: u64| {
        let body = json!({ "legalName": "New", "parentId": parent, "address": { "country": "USA" } });
        app.call("POST", &format!("{ACME}/customers")).user(member()).json(&body)
    };
    // In another millisecond, no customer number is generated twice.
    app.clock.advance(std::time::Duration::from_secs(1));
    // One strongly consistent unit for each ancestor. The transaction does not check them again: see
    // `creations_below_one_parent_do_not_meet`.
    assert_eq!(
        units(cost(&app, post(chain[1])).await),
        ["BatchGetItem 2", "BatchGetItem 1", "BatchGetItem 1", "TransactWriteItems 9"]
    );
    app.clock.advance(std::time::Duration::from_secs(1));
    let lone = created(&app, "Lone", "Business", None).await;
    let path = format!("{ACME}/customers/{lone}");
    let moved = app.call("PUT", &path).user(member()).json(&json!({ "parentId": chain[2] }));
    app.clock.advance(std::time::Duration::from_secs(1));
    // There are three ancestors, each checked in the transaction. The query for children takes half a unit.
    assert_eq!(
        units(cost(&app, moved).await),
        [
            "BatchGetItem 3",
            "BatchGetItem 1",
            "BatchGetItem 1",
            "BatchGetItem 1",
            "Query 0.5",
            "TransactWriteItems 13",
        ]
    );
    let deepest = format!("{ACME}/customers/{}/hierarchy", chain[3]);
    let read = units(cost(&app, app.get(&deepest).user(member())).await);
    // The customer is read with the access check, then each ancestor with a strongly consistent read. There are no children.
    assert_eq!(read.iter().filter(|call| *call == "BatchGetItem 1").count(), 3, "{read:?}");
    assert_eq!(read.iter().filter(|call| *call == "Query 0.5").count(), 1, "{read:?}");
    assert_eq!(read.len(), 5, "{read:?}");
    // The descendants of a moved customer are queried level by level.
    let path = format!("{ACME}/customers/{}", chain[2]);
    app.clock.advance(std::time::Duration::from_secs(1));
    let moved = app.call("PUT", &path).user(member()).json(&json!({ "parentId": chain[0] }));
    let moved = units(cost(&app, moved).await);
    assert_eq!(
        moved.iter().filter(|call| *call == "Query 0.5").count(),
        3,
        "itself and two below: {moved:?}"
    );
    assert_eq!(moved.last().unwrap(), "TransactWriteItems 10", "{moved:?}");
}

// Concurrency

/// Runs moves, deletions and creations concurrently, with conflicts between them.
///
/// Whatever their order, there is never a cycle, never a subsidiary below a customer that cannot have one, and never a response that names
/// a deleted customer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_done_at_once_makes_a_circle_or_points_to_who_is_gone() {
    for seed in 0..sized(6, 2) {
        let app = Arc::new(app().await);
        for customer in demo::customers::customers() {
            crate::support::delete_customer(&app.store(), &customer).await;
        }
        let mut everyone = Vec::new();
        for index in 0..8 {
            let kind = ["Business", "CPO", "CPOSubsidiary"][index % 3];
            everyone.push(created(&app, &format!("C{index}"), kind, None).await);
        }
        app.proxy.conflict_every(Some(7));
        let tasks: Vec<_> = (0..6)
            .map(|task| {
                let (app, everyone) = (Arc::clone(&app), everyone.clone());
                tokio::spawn(async move {
                    let mut random = Random::new(seed * 100 + task);
                    for step in 0..14 {
                        let (one, other) = (random.pick(&everyone), random.pick(&everyone));
                        let response = match random.below(10) {
                            0 => delete(&app, one).await,
                            1 => create(&app, &format!("N{task}-{step}"), "CPOSubsidiary", Some(one)).await,
                            2 => put(&app, one, &json!({ "type": "CPOSubsidiary" })).await,
                            3 => put(&app, one, &json!({ "parentId": null })).await,
                            _ => put(&app, one, &json!({ "parentId": other })).await,
                        };
                        assert!(matches!(response.status, 200..300 | 400 | 404 | 409), "{response:?}");
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        app.proxy.conflict_every(None);
        check(&app).await;
    }
}

/// Asserts that all responses about customers agree with each other.
async fn check(app: &TestApp) {
    let list = app.get(&format!("{ACME}/customers?limit=1000")).user(member()).send().await.json();
    let all: BTreeMap<u64, &Value> =
        list.as_array().unwrap().iter().map(|one| (one["number"].as_u64().unwrap(), one)).collect();
    let rows = app.get("/v2/customers?limit=1000&sortBy=ownerName").user(member()).send().await.json();
    assert_eq!(rows["count"], all.len());
    for (number, one) in &all {
        let mut seen = BTreeSet::from([*number]);
        let mut parent = one["parentId"].as_u64();
        while let Some(above) = parent {
            assert!(seen.insert(above), "{number} is below itself");
            parent = all.get(&above).unwrap_or_else(|| panic!("{above} is gone"))["parentId"].as_u64();
        }
        if let Some(parent) = one["parentId"].as_u64().filter(|_| one["type"] == "CPOSubsidiary") {
            assert_ne!(all[&parent]["type"], "Business", "{number} below {parent}");
        }
        let shown = rows["data"].as_array().unwrap().iter().find(|row| row["id"] == *number).unwrap();
        assert_eq!(shown["owner"]["id"].as_u64(), one["parentId"].as_u64());
        let node = hierarchy(app, *number).await;
        assert_eq!(node["path"].get(0).and_then(|above| above["number"].as_u64()), one["parentId"].as_u64());
        for child in numbers(&node["children"]) {
            assert_eq!(all[&child]["parentId"], *number);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_move_below_each_other_never_both_succeed() {
    let app = Arc::new(app().await);
    for round in 0..sized(12, 3) {
        let (left, right) = (chain(&app, 3).await, chain(&app, 3).await);
        let moves = [(left[0], right[2]), (right[0], left[2]), (left[0], right[0]), (right[1], left[1])];
        let tasks: Vec<_> = moves
            .into_iter()
            .map(|(one, below)| {
                let app = Arc::clone(&app);
                tokio::spawn(async move { put(&app, one, &json!({ "parentId": below })).await.status })
            })
            .collect();
        let mut outcomes = Vec::new();
        for task in tasks {
            outcomes.push(task.await.unwrap());
        }
        assert!(outcomes.contains(&200), "{round}: {outcomes:?}");
        for number in left.into_iter().chain(right) {
            let path = numbers(&hierarchy(&app, number).await["path"]);
            assert!(!path.contains(&number) && path.len() < 8, "{round}: {path:?} {outcomes:?}");
        }
    }
}
