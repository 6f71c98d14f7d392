//! Tests of `GET /organizations/{organizationId}/export`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use padron_domain::{Customer, CustomerId, CustomerNumber, Role};
use padron_local::demo;
use padron_testkit::{TestApp, TestResponse};
use serde_json::{Value, json};

use crate::support::{ACME, admin, app, join, member, owner, sized, user};

const EXPORT: &str = "/organizations/550e8400-e29b-41d4-a716-446655440000/export";

async fn page(app: &TestApp, path: &str) -> TestResponse {
    let response = app.get(path).user(owner()).send().await;
    assert_eq!(response.status, 200, "{}", response.text);
    assert_eq!(response.header("content-type"), "application/x-ndjson");
    response
}

/// Returns the lines of all pages and the number of pages.
async fn export(app: &TestApp) -> (Vec<Value>, usize) {
    let (mut lines, mut pages, mut path) = (Vec::new(), 0, EXPORT.to_owned());
    loop {
        let response = page(app, &path).await;
        assert!(response.text.len() <= 4_500_000);
        assert!(response.text.is_empty() || response.text.ends_with('\n'));
        lines.extend(response.text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
        pages += 1;
        let Some(next) = response.next_page() else { return (lines, pages) };
        path = next;
    }
}

fn by_kind(lines: &[Value]) -> BTreeMap<String, Vec<Value>> {
    let mut kinds: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in lines {
        assert_eq!(line.as_object().unwrap().len(), 2, "{line}");
        kinds.entry(line["type"].as_str().unwrap().into()).or_default().push(line["data"].clone());
    }
    kinds
}

#[tokio::test]
async fn everything_is_there_and_nothing_secret() {
    let app = app().await;
    let invite =
        app.call("POST", &format!("{ACME}/members/invite")).user(admin()).header("idempotency-key", "k");
    let invited = invite.json(&json!({ "email": "new@b.example", "role": "member" })).send().await.json();
    let put = app.call("PUT", ACME).user(owner()).json(&json!({ "metadata": { "crm": "4711" } }));
    assert_eq!(put.send().await.status, 200);
    let (lines, pages) = export(&app).await;
    assert_eq!(pages, 1);
    let kinds = by_kind(&lines);
    let counts: Vec<_> = kinds.iter().map(|(kind, lines)| (kind.as_str(), lines.len())).collect();
    let expected = [("customer", 43), ("event", 2), ("invitation", 2), ("member", 3), ("organization", 1)];
    assert_eq!(counts, expected);

    let read = async |path: &str| app.get(path).user(owner()).send().await.json();
    assert_eq!(kinds["organization"][0], read(ACME).await);
    assert_eq!(json!(kinds["member"]), read(&format!("{ACME}/members")).await);
    assert_eq!(json!(kinds["invitation"]), read(&format!("{ACME}/invitations")).await);
    assert_eq!(json!(kinds["event"]), read(&format!("{ACME}/events")).await);
    let customers = read(&format!("{ACME}/customers")).await;
    let ids = |customers: &[Value]| customers.iter().map(|one| one["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&kinds["customer"]), ids(customers.as_array().unwrap()));

    let text = lines.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
    let token = invited["token"].as_str().unwrap();
    for secret in [token, "tokenHash", "fingerprint", "version", "GSI1PK", "IDEM", "response\""] {
        assert!(!text.contains(secret), "{secret}");
    }
}

/// A new field of the record must be exported or excluded on purpose.
#[tokio::test]
async fn a_customer_is_exported_field_by_field() {
    let app = app().await;
    let (lines, _) = export(&app).await;
    let customers = by_kind(&lines).remove("customer").unwrap();
    let exported: BTreeSet<String> =
        customers.iter().flat_map(|one| one.as_object().unwrap().keys().cloned()).collect();
    let kept: BTreeSet<String> = demo::customers::customers()
        .iter()
        .flat_map(|one| {
            serde_json::to_value(one).unwrap().as_object().unwrap().keys().cloned().collect::<Vec<_>>()
        })
        .collect();
    let left_out: Vec<_> = kept.difference(&exported).collect();
    assert_eq!(left_out, ["organization", "version"]);
}

#[tokio::test]
async fn twenty_thousand_items_come_in_pages_that_lambda_can_answer() {
    let (customers, members) = sized((10_000, 10_000), (4_000, 4_000));
    let app = app().await;
    let template = demo::customers::customers().pop().unwrap();
    let at = |index: u64| {
        let number = CustomerNumber::new(template.number.get() + 10_000_000 + index * 16).unwrap();
        Customer { number, id: CustomerId::new(number, 0), external_id: None, ..template.clone() }
    };
    let (client, table) = app.raw_table();
    for chunk in (0..customers as u64).collect::<Vec<_>>().chunks(25) {
        let puts = chunk.iter().map(|index| {
            let customer = at(*index);
            let item = HashMap::from([
                ("PK".to_owned(), AttributeValue::S(format!("ORG#{}", demo::ACME))),
                ("SK".to_owned(), AttributeValue::S(format!("C#{:014x}", customer.number.get()))),
                ("doc".to_owned(), AttributeValue::S(serde_json::to_string(&customer).unwrap())),
            ]);
            let put = PutRequest::builder().set_item(Some(item)).build().unwrap();
            WriteRequest::builder().put_request(put).build()
        });
        client.batch_write_item().request_items(table, puts.collect()).send().await.unwrap();
    }
    crate::list_members::fill(&app, members as u128).await;
    let (lines, pages) = export(&app).await;
    let kinds = by_kind(&lines);
    assert_eq!((kinds["customer"].len(), kinds["member"].len()), (customers + 43, members + 3));
    assert!(pages > 1, "{pages}");
    for kind in ["customer", "member"] {
        let ids: BTreeSet<_> = kinds[kind].iter().map(|one| one["id"].to_string()).collect();
        assert_eq!(ids.len(), kinds[kind].len(), "each once");
    }
}

#[tokio::test]
async fn it_is_for_the_owner_and_its_cursors_are_its_own() {
    let app = app().await;
    for caller in [admin(), member()] {
        assert_eq!(app.get(EXPORT).user(caller).send().await.problem(), "403 insufficient_role");
    }
    for query in ["cursor=x", "cursor=", "limit=5"] {
        let response = app.get(&format!("{EXPORT}?{query}")).user(owner()).send().await;
        assert_eq!(response.problem(), "400 invalid_request", "{query}");
    }
    join(&app, demo::ACME, user(1), Role::Admin).await;
    let members = app.get(&format!("{ACME}/members?limit=1")).user(owner()).send().await;
    let cursor =
        members.header("link").split("cursor=").nth(1).unwrap().split('>').next().unwrap().to_owned();
    let response = app.get(&format!("{EXPORT}?cursor={cursor}")).user(owner()).send().await;
    assert_eq!(response.json()["errors"][0]["code"], "invalid_cursor");
}
