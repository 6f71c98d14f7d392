//! Tests of `GET /v2/customers`.

use padron_domain::{
    Customer, CustomerId, CustomerKind, CustomerNumber, Membership, Organization, OrganizationId, Role,
};
use padron_local::demo::{self, customers};
use padron_testkit::TestApp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{admin, app, globex_owner, member, owner, stranger, with_demo_data};

const PATH: &str = "/v2/customers";

async fn by_name(app: &TestApp, name: &str) -> Value {
    let page = app.get(&format!("{PATH}?limit=1000")).user(member()).send().await.json();
    let found = page["data"].as_array().unwrap().iter().find(|customer| customer["name"] == name);
    found.unwrap_or_else(|| panic!("{name}: {page:#}")).clone()
}

// 200

#[tokio::test]
async fn a_page_has_data_count_limit_and_offset() {
    let app = app().await;
    let page = app.get(PATH).user(member()).send().await;
    assert_eq!(page.status, 200);
    let body = page.json();
    let count = customers::customers().len();
    assert_eq!((&body["count"], &body["limit"], &body["offset"]), (&json!(count), &json!(50), &json!(0)));
    assert_eq!(body["data"].as_array().unwrap().len(), count);
    let body = app.get(&format!("{PATH}?limit=10&offset=40")).user(member()).send().await.json();
    assert_eq!((&body["limit"], &body["offset"]), (&json!(10), &json!(40)));
    assert_eq!(body["data"].as_array().unwrap().len(), count - 40);
    assert_eq!(body.as_object().unwrap().len(), 4);
}

#[tokio::test]
async fn the_published_customer_reads_in_this_dialect() {
    let app = app().await;
    insta::assert_json_snapshot!(by_name(&app, "Dunder Mifflin").await, @r#"
    {
      "billingDetails": {
        "address": "Blvd. Atardecer 142",
        "city": "Huatabampo",
        "gln": null,
        "invoiceEmail": null,
        "invoiceFormat": "Email",
        "paymentMethod": "Invoice",
        "vatNumber": "DUM901231AB3",
        "zipCode": "86500"
      },
      "billingSettings": {
        "chargeKeyDocumentAggregation": "customer",
        "chargeKeyLineAggregation": "location",
        "companyCarReimbursementMethod": "MANUAL"
      },
      "contactDetails": {
        "email": "billing@dundermifflin.com",
        "name": null,
        "phone": "6474010101"
      },
      "country": "MX",
      "cpo": null,
      "createdAt": "2025-01-26T10:00:00.000Z",
      "externalId": null,
      "financialSetup": {
        "currency": "EUR",
        "language": "EN"
      },
      "id": 3559189708800000,
      "locations": [],
      "name": "Dunder Mifflin",
      "owner": null,
      "payoutInformation": null,
      "type": "Business",
      "updatedAt": "2025-01-26T10:00:00.000Z"
    }
    "#);
}

#[tokio::test]
async fn owner_and_cpo_are_joined_by_name_even_from_beyond_the_page() {
    let app = app().await;
    let all = customers::customers();
    let find = |number: CustomerNumber| all.iter().find(|customer| customer.number == number).unwrap();
    for (limit, offset) in [(1000, 0), (1, 0), (3, 20), (10, 30)] {
        let body = app
            .get(&format!("{PATH}?limit={limit}&offset={offset}&sortDirection=asc"))
            .user(member())
            .send()
            .await
            .json();
        for (shown, customer) in body["data"].as_array().unwrap().iter().zip(all.iter().skip(offset)) {
            let mut cpo = customer.parent.map(find);
            while let Some(above) = cpo.filter(|above| above.kind != CustomerKind::Cpo) {
                cpo = above.parent.map(find);
            }
            let reference = |of: Option<&Customer>| {
                of.map_or(Value::Null, |of| json!({ "id": of.number.get(), "name": of.name }))
            };
            assert_eq!(shown["owner"], reference(customer.parent.map(find)), "{}", customer.name);
            assert_eq!(shown["cpo"], reference(cpo), "{}", customer.name);
        }
    }
}

#[tokio::test]
async fn a_parent_that_is_gone_reads_as_none() {
    let app = app().await;
    let all = customers::customers();
    let operator = all.iter().find(|customer| customer.kind == CustomerKind::Cpo).unwrap();
    crate::support::delete_customer(&app.store(), operator).await;
    let part = all.iter().find(|customer| customer.parent == Some(operator.number)).unwrap();
    let shown = by_name(&app, &part.name).await;
    assert_eq!((&shown["owner"], &shown["cpo"]), (&Value::Null, &Value::Null));
    let below = all.iter().find(|customer| customer.parent == Some(part.number)).unwrap();
    let shown = by_name(&app, &below.name).await;
    assert_eq!((&shown["owner"]["name"], &shown["cpo"]), (&json!(part.name), &Value::Null));
}

#[tokio::test]
async fn hops_grow_by_one_a_level_and_units_by_half_an_ancestor() {
    let app = app().await;
    app.recorded();
    // The newest customer with two ancestors, alone on its page.
    let all = customers::customers();
    let offset = all.iter().rev().position(|customer| customer.parent.is_some()).unwrap();
    let body = app
        .get(&format!("{PATH}?limit=1&offset={offset}"))
        .header("x-organization-id", demo::ACME)
        .user(member())
        .send()
        .await
        .json();
    assert!(body["data"][0]["cpo"].is_object());
    let recorded = app.recorded();
    let mut operations: Vec<_> = recorded.iter().map(|request| &*request.operation).collect();
    operations[..2].sort_unstable();
    assert_eq!(operations, ["BatchGetItem", "Query", "Query", "BatchGetItem", "BatchGetItem"]);
    assert_eq!(recorded[3].units() + recorded[4].units(), 1.0);
    app.recorded();
    app.get(&format!("{PATH}?limit=1")).user(member()).send().await;
    let first = app.recorded().remove(0);
    assert_eq!(
        (&*first.operation, first.units()),
        ("Query", 0.5),
        "without the header, the caller's only organization is found first"
    );
}

#[tokio::test]
async fn account_numbers_show_their_end_only_except_to_admins() {
    let app = app().await;
    let payout = async |user| {
        let body = app.get(&format!("{PATH}?limit=1000")).user(user).send().await.json();
        let mut with = body["data"]
            .as_array()
            .unwrap()
            .clone()
            .into_iter()
            .map(|mut customer| customer["payoutInformation"].take());
        with.find(|payout| !payout.is_null()).unwrap()
    };
    for user in [owner(), admin()] {
        let shown = payout(user).await;
        assert!(shown["iban"].as_str().unwrap().starts_with("DK50"));
        assert!(shown["bankAccount"].as_str().unwrap().starts_with("0440"));
    }
    let shown = payout(member()).await;
    for number in ["iban", "bankAccount"] {
        let number = shown[number].as_str().unwrap();
        assert!(number.len() == 8 && number.starts_with("****"), "{number}");
    }
    assert_eq!(shown["swiftCode"], "NDEADKKK");
    let text = app.get(&format!("{PATH}?limit=1000")).user(member()).send().await.text;
    assert!(!text.contains("DK50") && !text.contains("0440"));
}

// The organization of a request

/// Creates another organization of which the demo member is a member, and returns its id.
async fn second_organization(app: &TestApp) -> OrganizationId {
    let acme = app.store().organization_access(demo::organization(demo::ACME), member(), []).await.unwrap();
    let id = OrganizationId::new(Uuid::new_v4());
    let organization = Organization { id, slug: "second".into(), ..acme.organization.unwrap() };
    let membership = Membership { organization: id, role: Role::Member, ..acme.membership.unwrap() };
    app.store().install_organization(&organization, &[membership], None).await.unwrap();
    id
}

#[tokio::test]
async fn the_organization_is_the_header_s_or_the_only_one() {
    let app = app().await;
    let ask = |user, organization: Option<String>| {
        let call = app.get(PATH).user(user);
        match organization {
            Some(organization) => call.header("X-Organization-Id", &organization).send(),
            None => call.send(),
        }
    };
    assert_eq!(ask(member(), None).await.status, 200);
    assert_eq!(ask(member(), Some(demo::ACME.into())).await.status, 200);
    assert_eq!(ask(globex_owner(), None).await.json()["count"], 0);
    assert_eq!(ask(stranger(), None).await.problem(), "403 no_organization");
    assert_eq!(ask(member(), Some("acme-corp".into())).await.problem(), "400 invalid_request");
    // An organization of others and an unknown one get the same response, except for the request id.
    let alike =
        [demo::GLOBEX, "00000000-0000-4000-8000-000000000000"].map(|id| ask(member(), Some(id.into())));
    let mut bodies = Vec::new();
    for response in alike {
        let response = response.await;
        assert_eq!(response.problem(), "403 not_a_member");
        let mut body = response.json();
        body["requestId"] = Value::Null;
        bodies.push(body);
    }
    assert_eq!(bodies[0], bodies[1]);

    let second = second_organization(&app).await;
    assert_eq!(ask(member(), None).await.problem(), "400 several_organizations");
    assert_eq!(ask(member(), Some(second.to_string())).await.json()["count"], 0);
    assert_ne!(ask(member(), Some(demo::ACME.into())).await.json()["count"], 0);
}

#[tokio::test]
async fn a_claim_binds_a_token_to_one_organization_on_every_route() {
    let app = TestApp::of(padron_api::endpoints()).variable("JWT_ORGANIZATION_CLAIM", "org_id").build().await;
    let app = with_demo_data(app).await;
    let second = second_organization(&app).await.to_string();
    let bound = |organization: Value| {
        let mut claims = app.claims(member());
        claims["org_id"] = organization;
        app.tokens.issuer.token(&claims)
    };
    let to_acme = bound(json!(demo::ACME));
    assert_ne!(app.get(PATH).bearer(&to_acme).send().await.json()["count"], 0, "though there are several");
    let header = app.get(PATH).bearer(&to_acme).header("x-organization-id", &second).send().await;
    assert_eq!(header.problem(), "403 organization_mismatch");
    for route in ["", "/customers"] {
        let path = format!("/organizations/{}{route}", demo::ACME);
        assert_eq!(app.get(&path).bearer(&to_acme).send().await.status, 200);
        let to_second = app.get(&path).bearer(&bound(json!(second))).send().await;
        assert_eq!(to_second.problem(), "403 organization_mismatch", "{path}");
    }
    for wrong in [json!("acme"), json!(7), Value::Null, json!([demo::ACME])] {
        assert_eq!(app.get(PATH).bearer(&bound(wrong)).send().await.problem(), "401 invalid_token");
    }
    assert_eq!(
        app.get(PATH).user(member()).send().await.problem(),
        "400 several_organizations",
        "without the claim"
    );
}

// Depth

#[tokio::test]
async fn a_chain_of_eight_is_climbed_and_a_ring_ends() {
    let app = app().await;
    let template = customers::customers().pop().unwrap();
    let number = |index: u64| CustomerNumber::new(template.number.get() + 1_000_000 + index).unwrap();
    let link = |index: u64, parent: Option<u64>, kind| Customer {
        number: number(index),
        id: CustomerId::new(number(index), 0),
        external_id: None,
        name: format!("link {index}"),
        parent: parent.map(number),
        kind,
        ..template.clone()
    };
    for index in 0..8 {
        let kind = if index == 0 { CustomerKind::Cpo } else { CustomerKind::CpoSubsidiary };
        app.store().create_customer(&link(index, index.checked_sub(1), kind)).await.unwrap();
    }
    let deepest = app.get(&format!("{PATH}?limit=1")).user(member()).send().await.json();
    assert_eq!(
        (&deepest["data"][0]["name"], &deepest["data"][0]["cpo"]["name"]),
        (&json!("link 7"), &json!("link 0"))
    );
    // No write can create a cycle. If there is one nevertheless, reads still end.
    for (index, above) in [(20, 21), (21, 20)] {
        app.store().create_customer(&link(index, Some(above), CustomerKind::Business)).await.unwrap();
    }
    let ring = app.get(&format!("{PATH}?limit=1")).user(member()).send().await.json();
    assert_eq!(
        (&ring["data"][0]["owner"]["name"], &ring["data"][0]["cpo"]),
        (&json!("link 20"), &Value::Null)
    );
}
