//! Tests of `GET /organizations/{organizationId}/customers`, and of what the customer lists of the three dialects have in common.

use std::{collections::BTreeSet, time::Duration};

use padron_domain::{Customer, CustomerId, CustomerNumber};
use padron_local::demo::{self, customers};
use padron_testkit::{TestApp, TestResponse};
use serde_json::{Value, json};

use crate::support::{admin, app, globex_owner, member, owner, sized};

const CUSTOMERS: &str = "/organizations/550e8400-e29b-41d4-a716-446655440000/customers";

/// Returns the path and headers of each dialect's customer list.
fn lists(app: &TestApp) -> [(&'static str, Vec<(&'static str, String)>); 3] {
    let token = app.token(member());
    [
        (CUSTOMERS, vec![]),
        ("/v2/customers", vec![]),
        (
            "/organization/getCustomers/550e8400-e29b-41d4-a716-446655440000",
            vec![("tenantid", demo::ACME.into()), ("token", token)],
        ),
    ]
}

async fn ask(app: &TestApp, path: &str, headers: &[(&'static str, String)]) -> TestResponse {
    let mut call = app.get(path).user(member());
    for (name, value) in headers {
        call = call.header(name, value);
    }
    call.send().await
}

/// Returns the ids of the customers on a page, in any dialect.
fn ids(response: &TestResponse) -> Vec<String> {
    assert_eq!(response.status, 200, "{}", response.text);
    let body = response.json();
    let list = body.as_array().or_else(|| body["data"].as_array()).unwrap().clone();
    let id = |customer: &Value| match &customer["customer"]["id"] {
        Value::Null => customer["id"].to_string(),
        id => id.to_string(),
    };
    list.iter().map(id).collect()
}

/// Returns the ids on all pages, following the `Link` header from this path on.
async fn walk(app: &TestApp, path: &str, headers: &[(&'static str, String)]) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut path = Some(path.to_owned());
    while let Some(at) = path {
        let response = ask(app, &at, headers).await;
        pages.push(ids(&response));
        path = response.next_page();
        assert!(pages.len() < 2000, "a walk ends");
    }
    pages
}

// 200

#[tokio::test]
async fn the_published_customer_is_there_to_the_letter() {
    let app = app().await;
    let response = app.get(CUSTOMERS).user(member()).send().await;
    assert_eq!(response.status, 200);
    let published: Value = serde_json::from_str(include_str!("../seeds/timbrix-customer.json")).unwrap();
    let first = &response.json()[0];
    for (name, value) in published.as_object().unwrap() {
        match name.as_str() {
            // The instants are the same, but with milliseconds.
            "createdAt" | "updatedAt" => assert_eq!(first[name], "2025-01-26T10:00:00.000Z"),
            _ => assert_eq!(&first[name], value, "{name}"),
        }
    }
    insta::assert_json_snapshot!(first, @r#"
    {
      "address": {
        "city": "Huatabampo",
        "country": "MEX",
        "exterior": "142",
        "interior": null,
        "municipality": "Huatabampo",
        "neighborhood": "Centro",
        "state": "Sonora",
        "street": "Blvd. Atardecer",
        "zip": "86500"
      },
      "createdAt": "2025-01-26T10:00:00.000Z",
      "defaultInvoiceUse": "G01",
      "email": "billing@dundermifflin.com",
      "externalId": null,
      "id": "590ce6c56d04f840aa8438af",
      "legalName": "Dunder Mifflin",
      "metadata": {},
      "number": 3559189708800000,
      "organizationId": "550e8400-e29b-41d4-a716-446655440000",
      "parentId": null,
      "phone": "6474010101",
      "taxId": "DUM901231AB3",
      "taxSystem": "601",
      "type": "Business",
      "updatedAt": "2025-01-26T10:00:00.000Z"
    }
    "#);
}

#[tokio::test]
async fn without_parameters_all_are_there_oldest_first_and_nothing_is_invented() {
    let app = app().await;
    let response = app.get(CUSTOMERS).user(owner()).send().await;
    let all = customers::customers();
    assert!(all.len() > 40);
    assert_eq!(response.header("x-total-count"), all.len().to_string());
    assert_eq!(response.next_page(), None);
    let body = response.json();
    let body = body.as_array().unwrap();
    for (shown, customer) in body.iter().zip(&all) {
        assert_eq!(shown["id"], customer.id.to_string());
        assert_eq!(shown["legalName"], customer.name);
        assert_eq!(shown["parentId"], json!(customer.parent.map(CustomerNumber::get)));
        for required in [
            "id",
            "organizationId",
            "legalName",
            "taxId",
            "taxSystem",
            "email",
            "defaultInvoiceUse",
            "createdAt",
            "updatedAt",
        ] {
            assert!(shown[required].is_string(), "{required}");
        }
        assert!(shown["address"].is_object());
    }
    assert_eq!(body.len(), all.len());
    let types: BTreeSet<_> = body.iter().map(|customer| customer["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["Business", "CPO", "CPOSubsidiary", "Private"].into());
}

#[tokio::test]
async fn an_organization_without_customers_has_an_empty_list() {
    let app = app().await;
    let path = format!("/organizations/{}/customers", demo::GLOBEX);
    let response = app.get(&path).user(globex_owner()).send().await;
    assert_eq!((&*response.text, response.header("x-total-count")), ("[]", "0"));
}

#[tokio::test]
async fn with_a_parameter_fifty_are_there_newest_first() {
    let app = app().await;
    let newest = customers::customers().last().unwrap().id.to_string();
    for query in ["limit=50", "offset=0", "sortBy=id", "sortBy=createdAt", "sortDirection=desc"] {
        let response = app.get(&format!("{CUSTOMERS}?{query}")).user(member()).send().await;
        assert_eq!(response.json()[0]["id"], newest, "{query}");
    }
    let oldest = app.get(&format!("{CUSTOMERS}?sortDirection=asc")).user(member()).send().await;
    assert_eq!(oldest.json()[0]["id"], customers::DUNDER_MIFFLIN);
}

#[tokio::test]
async fn pages_by_cursor_and_by_offset_are_the_same_in_every_dialect_and_direction() {
    let app = app().await;
    let count = customers::customers().len();
    for (path, headers) in lists(&app) {
        let whole = ids(&ask(&app, &format!("{path}?limit=1000&sortDirection=asc"), &headers).await);
        assert_eq!(whole.iter().collect::<BTreeSet<_>>().len(), count);
        for limit in sized(vec![1, 7, 20, count - 1, count, count + 1], vec![7, count]) {
            for (direction, expected) in
                [("asc", whole.clone()), ("desc", whole.iter().rev().cloned().collect::<Vec<_>>())]
            {
                let start = format!("{path}?limit={limit}&sortDirection={direction}");
                let pages = walk(&app, &start, &headers).await;
                assert_eq!(pages.concat(), expected, "{start}");
                assert!(
                    pages[..pages.len() - 1].iter().all(|page| page.len() == limit),
                    "{start}: all are full but the last"
                );
                for offset in [0, 1, count - 1, count, 200] {
                    let page = ids(&ask(&app, &format!("{start}&offset={offset}"), &headers).await);
                    let expected: Vec<_> = expected.iter().skip(offset).take(limit).cloned().collect();
                    assert_eq!(page, expected, "{start} {offset}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_cursor_keeps_the_order_and_takes_another_limit() {
    let app = app().await;
    let first = ask(&app, &format!("{CUSTOMERS}?limit=5&sortDirection=desc&sortBy=createdAt"), &[]).await;
    let link = first.next_page().unwrap();
    assert_eq!(ids(&ask(&app, &link, &[]).await).len(), 5);
    assert_eq!(ids(&ask(&app, &format!("{link}&limit=2"), &[]).await).len(), 2);
    assert_eq!(ask(&app, &format!("{link}&sortBy=createdAt&sortDirection=desc"), &[]).await.status, 200);
    for other in ["sortBy=id", "sortDirection=asc"] {
        let response = ask(&app, &format!("{link}&{other}"), &[]).await;
        assert_eq!(response.json()["errors"][0]["code"], "invalid_cursor", "{other}");
    }
}

#[tokio::test]
async fn two_hops_and_the_units_of_the_contract_at_fifty() {
    let app = app().await;
    fill(&app, 60).await;
    for query in ["?limit=50&sortDirection=asc", "?limit=50"] {
        app.recorded();
        let response = ask(&app, &format!("{CUSTOMERS}{query}"), &[]).await;
        assert_eq!(ids(&response).len(), 50);
        let recorded = app.recorded();
        // The access check and the count run concurrently. The page is read after them.
        let is_count = |body: &Value| {
            let partition = body["ExpressionAttributeValues"][":pk"]["S"].as_str();
            partition.is_some_and(|partition| partition.starts_with("COUNT#"))
        };
        let mut reads: Vec<_> = recorded[..2]
            .iter()
            .map(|request| (&*request.operation, is_count(&request.body), request.units()))
            .collect();
        reads.sort_by_key(|(operation, ..)| *operation);
        assert_eq!(reads, [("BatchGetItem", false, 2.0), ("Query", true, 0.5)]);
        assert_eq!((recorded.len(), &*recorded[2].operation), (3, "Query"));
        assert!(recorded[2].units() <= 7.5, "{}", recorded[2].units());
        let queries = recorded.iter().filter(|request| request.operation == "Query");
        assert!(queries.into_iter().all(|request| request.body.get("ConsistentRead").is_none()));
    }
}

/// Adds `count` customers to Acme Corp, of about the size that the published costs assume.
async fn fill(app: &TestApp, count: u16) {
    let like = customers::customers().pop().unwrap();
    for distinct in 0..count {
        app.store().create_customer(&another(&like, distinct)).await.unwrap();
    }
}

/// Returns a copy of a customer with another id and number, created in the same millisecond.
fn another(like: &Customer, distinct: u16) -> Customer {
    let number = CustomerNumber::from_timestamp(like.created_at, 100 + distinct).unwrap();
    Customer { number, id: CustomerId::new(number, distinct.into()), external_id: None, ..like.clone() }
}

// 400

#[tokio::test]
async fn parameters_are_checked_one_by_one() {
    let app = app().await;
    for (query, pointer, code) in [
        ("limit=0", "/query/limit", "invalid_value"),
        ("limit=1001", "/query/limit", "invalid_value"),
        ("limit=-1", "/query/limit", "invalid_value"),
        ("limit=%2B5", "/query/limit", "invalid_value"),
        ("limit=5.0", "/query/limit", "invalid_value"),
        ("limit=1e2", "/query/limit", "invalid_value"),
        ("limit=", "/query/limit", "invalid_value"),
        ("limit", "/query/limit", "invalid_value"),
        ("limit=٣", "/query/limit", "invalid_value"),
        ("limit=99999999999999999999999", "/query/limit", "invalid_value"),
        ("offset=-1", "/query/offset", "invalid_value"),
        ("offset=x", "/query/offset", "invalid_value"),
        ("sortBy=ID", "/query/sortBy", "invalid_value"),
        ("sortBy=", "/query/sortBy", "invalid_value"),
        ("sortBy=hunter2", "/query/sortBy", "invalid_value"),
        ("sortDirection=ASC", "/query/sortDirection", "invalid_value"),
        ("limit=1&limit=1", "/query/limit", "duplicate_parameter"),
        ("Limit=1", "/query/Limit", "unknown_parameter"),
        ("page=1", "/query/page", "unknown_parameter"),
        ("%FF=1", "/query", "invalid_encoding"),
        ("limit=%FF", "/query", "invalid_encoding"),
        ("hunter2%20=1", "/query", "unknown_parameter"),
        ("cursor=", "/query/cursor", "invalid_cursor"),
        ("cursor=hunter2", "/query/cursor", "invalid_cursor"),
        ("cursor=%00", "/query/cursor", "invalid_cursor"),
        ("cursor=a&offset=0", "/query/offset", "contradiction"),
    ] {
        for (path, headers) in lists(&app) {
            let response = ask(&app, &format!("{path}?{query}"), &headers).await;
            assert_eq!(response.problem(), "400 invalid_request", "{path} {query}");
            let error = &response.json()["errors"][0];
            assert_eq!(
                (&error["pointer"], &error["code"]),
                (&json!(pointer), &json!(code)),
                "{path} {query}"
            );
            assert!(!response.text.contains("hunter2"), "{}", response.text);
        }
    }
    let long = format!("{CUSTOMERS}?cursor={}", "a".repeat(10_240));
    assert_eq!(ask(&app, &long, &[]).await.problem(), "400 invalid_request");
}

#[tokio::test]
async fn a_cursor_opens_only_the_list_and_the_organization_it_was_made_for() {
    let app = app().await;
    let cursor = |path: String| path.split_once("cursor=").unwrap().1.to_owned();
    let mut cursors = Vec::new();
    for (path, headers) in lists(&app) {
        let first = ask(&app, &format!("{path}?limit=3"), &headers).await;
        cursors.push(cursor(first.next_page().unwrap()));
    }
    assert_eq!(cursors.iter().collect::<BTreeSet<_>>().len(), 3);
    for (at, (path, headers)) in lists(&app).into_iter().enumerate() {
        for (of, cursor) in cursors.iter().enumerate() {
            let response = ask(&app, &format!("{path}?cursor={cursor}"), &headers).await;
            assert_eq!(response.status == 200, at == of, "{path} with the cursor of list {of}");
        }
    }
    let elsewhere = format!("/organizations/{}/customers?cursor={}", demo::GLOBEX, cursors[0]);
    assert_eq!(app.get(&elsewhere).user(globex_owner()).send().await.problem(), "400 invalid_request");
    for (at, letter) in cursors[0].char_indices() {
        let other = if letter == 'A' { "B" } else { "A" };
        let mut tampered = cursors[0].clone();
        tampered.replace_range(at..=at, other);
        let response = ask(&app, &format!("{CUSTOMERS}?cursor={tampered}"), &[]).await;
        // The lowest bits of the last character are unused, so a cursor that ends with another character may still be valid.
        assert!(response.status == 400 || at + 1 == tampered.len(), "{at}");
    }
    // A cursor reveals nothing, neither by its content nor by its length.
    assert!(cursors.iter().all(|cursor| cursor.len() == cursors[0].len()));
}

// Changes between pages

const LONG: Duration = Duration::from_secs(300);

#[tokio::test]
async fn a_walk_of_ten_thousand_neither_skips_nor_repeats_while_others_come_and_go() {
    let count = sized(10_000, 1_000);
    let app = app().await;
    let template = customers::customers().pop().unwrap();
    let at = |index: u64| {
        let number = CustomerNumber::new(template.number.get() + 10_000_000 + index * 16).unwrap();
        Customer { number, id: CustomerId::new(number, 0), external_id: None, ..template.clone() }
    };
    let mut tasks = tokio::task::JoinSet::new();
    for chunk in 0..20 {
        let customers: Vec<_> = (chunk * count / 20..(chunk + 1) * count / 20).map(at).collect();
        let store = app.store_for(LONG);
        tasks.spawn(async move {
            for customers in customers.chunks(24) {
                store.create_customers(customers).await.unwrap();
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let total = count + customers::customers().len() as u64;
    assert_eq!(app.store().customer_count(demo::organization(demo::ACME)).await.unwrap(), total);

    // While the list is read, every twentieth customer is deleted and replaced by one with another number.
    let keeps = |index: u64| !index.is_multiple_of(20);
    let changes = {
        let store = app.store_for(LONG);
        let changed: Vec<_> =
            (0..count).filter(|index| !keeps(*index)).map(|index| (at(index), index)).collect();
        let template = template.clone();
        tokio::spawn(async move {
            for (gone, index) in changed {
                crate::support::delete_customer(&store, &gone).await;
                let number = CustomerNumber::new(gone.number.get() + 7).unwrap();
                let new = Customer {
                    number,
                    id: CustomerId::new(number, index),
                    external_id: None,
                    ..template.clone()
                };
                store.create_customer(&new).await.unwrap();
            }
        })
    };
    let pages = walk(&app, &format!("{CUSTOMERS}?limit=100&sortDirection=asc"), &[]).await;
    changes.await.unwrap();
    let seen = pages.concat();
    let distinct: BTreeSet<_> = seen.iter().collect();
    assert_eq!(distinct.len(), seen.len(), "no one twice");
    for index in (0..count).filter(|index| keeps(*index)) {
        assert!(distinct.contains(&format!("\"{}\"", at(index).id)), "{index} was there all the time");
    }
    let after = ask(&app, &format!("{CUSTOMERS}?limit=1"), &[]).await;
    assert_eq!(after.header("x-total-count"), total.to_string(), "as many came as went");

    // A page of fifty after nine thousand customers costs as much as the first one.
    let mut costs = Vec::new();
    for direction in ["asc", "desc"] {
        let mut path = format!("{CUSTOMERS}?limit=50&sortDirection={direction}");
        for _ in 0..2 {
            app.recorded();
            let response = ask(&app, &path, &[]).await;
            assert_eq!(ids(&response).len(), 50);
            costs.push(app.recorded().iter().map(|request| request.units()).sum::<f64>());
            path = response.next_page().unwrap();
            for _ in 0..9 {
                path =
                    ask(&app, &format!("{path}&limit={}", count / 10), &[]).await.next_page().unwrap_or(path);
            }
            path = format!("{path}&limit=50");
        }
    }
    let (least, most) =
        costs.iter().fold((f64::MAX, 0.0), |(least, most), cost| (cost.min(least), cost.max(most)));
    assert!(most <= 10.0 && most - least <= 1.5, "from {least} to {most} units a page");
}

#[tokio::test]
async fn a_page_too_large_for_one_answer_is_cut_or_refused_never_truncated_silently() {
    let app = app().await;
    let template = customers::customers().pop().unwrap();
    let text = "x".repeat(400);
    for distinct in 0..400_u16 {
        let metadata = (0..50).map(|key| (format!("key-{key}"), text.clone())).collect();
        let large = Customer { metadata, locations: vec![i64::MAX; 20], ..another(&template, distinct) };
        app.store().create_customer(&large).await.unwrap();
    }
    let total = 400 + customers::customers().len();
    let pages = walk(&app, CUSTOMERS, &[]).await;
    assert!(pages.len() > 1, "an response of 8 MB is cut");
    assert_eq!(pages.concat().iter().collect::<BTreeSet<_>>().len(), total);
    let first = app.get(CUSTOMERS).user(member()).send().await;
    assert!(first.text.len() <= 4_500_000);
    let refused = app.get("/v2/customers?limit=1000").user(member()).send().await;
    assert_eq!(refused.problem(), "422 page_too_large");
    let token = app.token(member());
    for path in
        [format!("/customer/getByOrganization/{}", demo::ACME), "/customer/getByCustomerType/Person".into()]
    {
        let search =
            app.call("POST", &path).bearer(&token).header("tenantid", demo::ACME).header("token", &token);
        let refused = search.json(&json!({ "pageSize": 1000 })).send().await;
        assert_eq!(refused.problem(), "422 page_too_large", "{path}");
    }
    assert_eq!(app.get("/v2/customers?limit=100").user(admin()).send().await.status, 200);
}
