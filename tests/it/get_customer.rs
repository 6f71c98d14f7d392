//! `GET` and `DELETE /organizations/{organizationId}/customers/{customerId}`, and `GET …/external/{externalId}`.

use padron_domain::{Customer, CustomerId, CustomerNumber};
use padron_local::demo;
use padron_testkit::{Answer, TestApp};
use serde_json::{Value, json};

use crate::support::{ACME, admin, app, cost, event_types, member, owner};

const CUSTOMERS: &str = "/organizations/550e8400-e29b-41d4-a716-446655440000/customers";
/// The published example, whose id is from elsewhere.
const DUNDER: &str = "590ce6c56d04f840aa8438af";

async fn get(app: &TestApp, reference: &str) -> Answer {
    app.get(&format!("{CUSTOMERS}/{reference}")).user(member()).send().await
}

async fn listed(app: &TestApp) -> Vec<Value> {
    app.get(CUSTOMERS).user(member()).send().await.json().as_array().unwrap().clone()
}

/// One whose id was made here, and one with an external id.
fn made_here() -> Customer {
    let mut customers = demo::customers::customers().into_iter();
    customers
        .find(|customer| customer.id.number() == Some(customer.number) && customer.external_id.is_some())
        .unwrap()
}

#[tokio::test]
async fn a_customer_is_read_by_id_by_number_and_by_external_id() {
    let app = app().await;
    for expected in listed(&app).await {
        let id = expected["id"].as_str().unwrap();
        let number = expected["number"].to_string();
        let mut references = vec![id.to_owned(), id.to_uppercase(), number];
        references.extend(expected["externalId"].as_str().map(|id| format!("external/{id}")));
        for reference in references {
            let answer = get(&app, &reference).await;
            assert_eq!((answer.status, &answer.json()), (200, &expected), "{reference}");
            let tag = answer.header("etag").to_owned();
            let call = app.get(&format!("{CUSTOMERS}/{reference}")).user(member());
            assert_eq!(call.header("if-none-match", &tag).send().await.status, 304);
        }
    }
}

#[tokio::test]
async fn an_id_from_elsewhere_may_look_like_one_made_here() {
    let app = app().await;
    let template = made_here();
    // The id begins with a number that another customer has, and that is this one's own: both must be told apart.
    let number = CustomerNumber::new(template.number.get() + 5).unwrap();
    let lookalike = CustomerId::new(template.number, 0x12_3456_789a);
    let customer = Customer { number, id: lookalike.clone(), external_id: None, ..template.clone() };
    app.store().create_customer(&customer).await.unwrap();
    assert_eq!(get(&app, lookalike.as_str()).await.json()["number"], number.get());
    assert_eq!(get(&app, template.id.as_str()).await.json()["number"], template.number.get());
    let wrong = CustomerId::new(template.number, 0x99_9999_9999);
    assert_eq!(get(&app, wrong.as_str()).await.problem(), "404 customer_not_found", "the whole id counts");
}

#[tokio::test]
async fn what_is_not_there_or_is_no_reference_is_refused() {
    let app = app().await;
    for reference in
        ["0", "9007199254740991", "ffffffffffffffffffffffff", "000000000000000000000000", "external/none"]
    {
        assert_eq!(get(&app, reference).await.problem(), "404 customer_not_found", "{reference}");
    }
    for reference in ["x", "-1", "9007199254740992", &DUNDER[..23], "1.5"] {
        let answer = get(&app, reference).await;
        assert_eq!(answer.problem(), "400 invalid_request", "{reference}");
        assert_eq!(answer.json()["errors"][0]["pointer"], "/path/customerId");
    }
    let long = format!("external/{}", "a".repeat(41));
    assert_eq!(get(&app, &long).await.json()["errors"][0]["pointer"], "/path/externalId");
    assert_eq!(get(&app, &format!("{DUNDER}?expand=x")).await.problem(), "400 invalid_request");
}

#[tokio::test]
async fn a_deleted_customer_is_gone_by_every_name_and_its_children_are_roots() {
    let app = app().await;
    let customers = listed(&app).await;
    let child = customers.iter().find(|one| !one["parentId"].is_null()).unwrap();
    let parent = child["parentId"].to_string();
    let before = get(&app, &parent).await;
    let delete = async |version: &str| {
        let call = app.call("DELETE", &format!("{CUSTOMERS}/{parent}")).user(member());
        call.header("if-match", version).send().await
    };
    assert_eq!(delete("\"99.0\"").await.problem(), "412 precondition_failed");
    let gone = delete(before.header("etag")).await;
    assert_eq!((gone.status, &*gone.text), (204, ""));
    assert_eq!(get(&app, &parent).await.problem(), "404 customer_not_found");
    assert_eq!(get(&app, before.json()["id"].as_str().unwrap()).await.problem(), "404 customer_not_found");
    let orphan = get(&app, &child["number"].to_string()).await.json();
    assert_eq!(orphan["parentId"], Value::Null, "no reference to what is gone");
    let list = app.get(&format!("{CUSTOMERS}?limit=1")).user(member()).send().await;
    assert_eq!(list.header("x-total-count"), "42");
    assert_eq!(event_types(&app, demo::organization(demo::ACME)).await, ["customer.deleted"]);
    let events = app.get(&format!("{ACME}/events")).user(admin()).send().await.json();
    assert_eq!(
        events[0]["data"],
        json!({ "customerId": before.json()["id"], "number": before.json()["number"] })
    );
    assert_eq!(delete("*").await.problem(), "404 customer_not_found");
}

#[tokio::test]
async fn ids_of_a_deleted_customer_are_free_again() {
    let app = app().await;
    let customer = Customer {
        number: CustomerNumber::new(made_here().number.get() + 3).unwrap(),
        id: CustomerId::parse("690ce6c56d04f840aa8438af").unwrap(),
        external_id: Some("once".into()),
        ..made_here()
    };
    for _ in 0..2 {
        app.store().create_customer(&customer).await.unwrap();
        let path = format!("{CUSTOMERS}/{}", customer.id);
        assert_eq!(app.call("DELETE", &path).user(owner()).send().await.status, 204);
        assert_eq!(get(&app, "external/once").await.problem(), "404 customer_not_found");
    }
}

#[tokio::test]
async fn of_thirty_two_who_delete_it_one_does() {
    let app = app().await;
    app.proxy.conflict_every(Some(3));
    let path = format!("{CUSTOMERS}/{DUNDER}");
    let answers =
        futures_util::future::join_all((0..32).map(|_| app.call("DELETE", &path).user(member()).send()))
            .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 1);
    let losers = answers.iter().filter(|answer| answer.status != 204);
    assert!(losers.into_iter().all(|answer| answer.problem() == "404 customer_not_found"));
    assert_eq!(app.store().customer_count(demo::organization(demo::ACME)).await.unwrap(), 42);
}

#[tokio::test]
async fn the_costs_are_as_published() {
    let app = app().await;
    let root = made_here();
    let root = Customer {
        number: CustomerNumber::new(root.number.get() + 9).unwrap(),
        id: CustomerId::new(CustomerNumber::new(root.number.get() + 9).unwrap(), 1),
        external_id: Some("root".into()),
        parent: None,
        ..root
    };
    app.store().create_customer(&root).await.unwrap();
    let read = |units| ("BatchGetItem".to_owned(), units);
    let ask = |reference: &str| app.get(&format!("{CUSTOMERS}/{reference}")).user(member());
    assert_eq!(cost(&app, ask(root.id.as_str())).await, [read(3.0)]);
    assert_eq!(cost(&app, ask(&root.number.to_string())).await, [read(3.0)]);
    assert_eq!(cost(&app, ask("external/root")).await, [read(3.0), read(1.0)]);
    assert_eq!(cost(&app, ask(DUNDER)).await, [read(3.0), read(1.0)], "an id from elsewhere");
    let call = app.call("DELETE", &format!("{CUSTOMERS}/{}", root.id)).user(member());
    let delete = cost(&app, call).await;
    assert_eq!(delete[0], read(3.0));
    assert!((10.0..=14.0).contains(&delete[1].1), "{delete:?}");
}
