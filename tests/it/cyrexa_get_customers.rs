//! Tests of `GET /organization/getCustomers/{organizationId}`.

use padron_domain::{
    Customer, CustomerAddress, CustomerKind, Document, NamePart, Person, PersonAddress, Telephone, TwoFactor,
};
use padron_emulator::SigningKey;
use padron_local::demo::{self, customers};
use padron_testkit::{TestApp, TestResponse};
use serde_json::{Value, json};

use crate::support::{app, app_for_sample, member, owner, pairs, sample_request, stranger, wrong};

const PATH: &str = "/organization/getCustomers/550e8400-e29b-41d4-a716-446655440000";

/// Sends a request with these values of Cyrexa's three headers; `None` leaves a header out.
async fn ask(app: &TestApp, bearer: Option<&str>, tenant: Option<&str>, token: Option<&str>) -> TestResponse {
    let mut call = app.get(PATH);
    if let Some(bearer) = bearer {
        call = call.bearer(bearer);
    }
    for (name, value) in [("tenantId", tenant), ("token", token)] {
        if let Some(value) = value {
            call = call.header(name, value);
        }
    }
    call.send().await
}

async fn first(app: &TestApp) -> Value {
    let token = app.token(member());
    let response = ask(app, Some(&token), Some(demo::ACME), Some(&token)).await;
    assert_eq!(response.status, 200, "{}", response.text);
    response.json()[0]["customer"].clone()
}

// 200

#[tokio::test]
async fn the_published_customer_reads_in_this_dialect() {
    let app = app().await;
    insta::assert_json_snapshot!(first(&app).await, @r#"
    {
      "categorization": "category1",
      "customerName": "Dunder Mifflin",
      "customerStatus": "new",
      "customerType": "Organization",
      "id": "590ce6c56d04f840aa8438af",
      "notifications": [],
      "person": {
        "SecretQuestion": [],
        "addresses": [
          {
            "address": {
              "additionalData": [],
              "alternative": null,
              "apartment": null,
              "area": "Centro",
              "building": null,
              "city": "Huatabampo",
              "country": "MEX",
              "doorNumber": null,
              "entrance": null,
              "floor": null,
              "geoPosition": null,
              "relatedToAddress": [],
              "street": "Blvd. Atardecer",
              "streetNumber": [
                "142"
              ],
              "zipCode": "86500"
            },
            "addressPurpose": null
          }
        ],
        "dateOfBirth": null,
        "documents": [],
        "email": "billing@dundermifflin.com",
        "firstName": null,
        "fullName": "Dunder Mifflin",
        "gender": null,
        "groupId": null,
        "lastName": null,
        "nationality": null,
        "placeOfBirth": null,
        "telephoneNumbers": [
          {
            "country": null,
            "encoding": null,
            "number": "6474010101",
            "operator": null,
            "phoneType": null,
            "purpose": null
          }
        ]
      },
      "twofa": null
    }
    "#);
}

#[tokio::test]
async fn all_that_is_known_of_a_person_is_shown_and_no_secret_is() {
    let app = app().await;
    let text = |text: &str| Some(text.to_owned());
    let like = customers::customers().remove(0);
    let triple = |a: &str, b: &str, c: &str| [a.to_owned(), b.to_owned(), c.to_owned()];
    let person = Person {
        first_name: Some(NamePart {
            name: "Pamela".into(),
            order: Some(1),
            native: text("パム"),
            ..NamePart::default()
        }),
        last_name: Some(NamePart { name: "Beesly".into(), ..NamePart::default() }),
        gender: text("Female"),
        date_of_birth: text("1979-03-25"),
        telephone_numbers: vec![
            Telephone { phone_type: text("fixed"), number: "stale".into(), ..Telephone::default() },
            Telephone { number: "555-0199".into(), ..Telephone::default() },
        ],
        addresses: vec![PersonAddress {
            address_purpose: text("home"),
            street: text("stale"),
            street_number: vec!["1".into(), "bis".into()],
            geo_position: Some(triple("41.4", "-75.66", "225")),
            alternative: Some(triple("daring", "lion", "race")),
            additional_data: vec![triple("gate", "Number", "7")],
            ..PersonAddress::default()
        }],
        documents: vec![Document {
            purpose: text("KYC"),
            document_type: text("Passport"),
            ..Document::default()
        }],
        secret_questions: vec!["First pet?".into()],
        twofa: Some(TwoFactor { target_type: text("SMS"), target_value: text("+1 570 555 0100") }),
        ..Person::default()
    };
    let pam = Customer {
        number: padron_domain::CustomerNumber::new(1).unwrap(),
        id: padron_domain::CustomerId::parse("000000000000010000000000").unwrap(),
        name: "Pamela Beesly".into(),
        kind: CustomerKind::Private,
        phone: text("555-0100"),
        address: CustomerAddress {
            street: "Slough Avenue".into(),
            exterior: "1725".into(),
            ..CustomerAddress::default()
        },
        country: text("USA"),
        person,
        ..like
    };
    app.store().create_customer(&pam).await.unwrap();
    let shown = first(&app).await;
    assert_eq!(shown["customerType"], "Person");
    assert_eq!(shown["twofa"], json!({ "targetType": "SMS", "targetValue": "+1 570 555 0100" }));
    let person = &shown["person"];
    assert_eq!(person["firstName"]["native"], "パム");
    let numbers: Vec<_> =
        person["telephoneNumbers"].as_array().unwrap().iter().map(|phone| phone["number"].clone()).collect();
    assert_eq!(numbers, ["555-0100", "555-0199"], "the first is the record's");
    let home = &person["addresses"][0]["address"];
    assert_eq!((&home["street"], &home["streetNumber"]), (&json!("Slough Avenue"), &json!(["1725", "bis"])));
    assert_eq!(home["geoPosition"], json!({ "latitude": 41.4, "longitude": -75.66, "altitude": 225.0 }));
    assert_eq!(home["alternative"]["word3"], "race");
    assert_eq!(home["additionalData"][0], json!({ "name": "gate", "type": "Number", "value": "7" }));
    assert_eq!(person["SecretQuestion"], json!([{ "question": "First pet?" }]));
    let all = shown.to_string();
    for secret in ["password", "pinCode", "answer", "targetCode", "inputCode", "codematch", "stale"] {
        assert!(!all.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn the_tenant_is_the_organization_or_its_owner() {
    let app = app().await;
    let token = app.token(member());
    for tenant in [demo::ACME, demo::OWNER, &demo::ACME.to_uppercase()] {
        assert_eq!(ask(&app, Some(&token), Some(tenant), Some(&token)).await.status, 200, "{tenant}");
    }
    for tenant in [demo::GLOBEX, demo::MEMBER, "acme-corp"] {
        let response = ask(&app, Some(&token), Some(tenant), Some(&token)).await;
        assert_eq!(response.problem(), "403 tenant_mismatch", "{tenant}");
    }
    for left_out in [Some(""), None] {
        let response = ask(&app, Some(&token), left_out, Some(&token)).await;
        assert_eq!(wrong(&response), pairs(&[("/headers/tenantId", "missing_header")]), "{left_out:?}");
    }
}

// 401

#[tokio::test]
async fn both_tokens_are_valid_and_of_one_subject() {
    let app = app().await;
    let good = app.token(member());
    let another = app.tokens.issuer.token(&app.claims(member()));
    assert_ne!(good, another);
    assert_eq!(
        ask(&app, Some(&good), Some(demo::ACME), Some(&another)).await.status,
        200,
        "they need not be one token"
    );
    let forged = SigningKey::es256("test");
    let forged = forged.sign(&forged.header(), &app.claims(member()));
    let mut expired = app.claims(member());
    expired["exp"] = json!(1);
    let expired = app.tokens.issuer.token(&expired);
    for (bearer, token, problem) in [
        (None, Some(&*good), "401 authentication_required"),
        (Some(&*good), None, "401 authentication_required"),
        (Some(&*good), Some(""), "401 invalid_token"),
        (Some(&*good), Some("x"), "401 invalid_token"),
        (Some(&*good), Some(&*forged), "401 invalid_token"),
        (Some(&*forged), Some(&*good), "401 invalid_token"),
        (Some(&*good), Some(&*expired), "401 token_expired"),
        (Some(&*good), Some(&*app.token(owner())), "401 invalid_token"),
        (Some(&*app.token(stranger())), Some(&*app.token(stranger())), "403 not_a_member"),
    ] {
        assert_eq!(ask(&app, bearer, Some(demo::ACME), token).await.problem(), problem);
    }
    let with_scheme = format!("Bearer {good}");
    assert_eq!(
        ask(&app, Some(&good), Some(demo::ACME), Some(&with_scheme)).await.problem(),
        "401 invalid_token"
    );
}

#[tokio::test]
async fn the_owner_is_the_tenant_on_every_route_of_this_dialect() {
    for endpoint in padron_api::endpoints() {
        if !endpoint.headers.iter().any(|header| header.name.eq_ignore_ascii_case("tenantId")) {
            continue;
        }
        let app = app_for_sample(endpoint).await;
        let mut event = sample_request(&app, endpoint);
        event["headers"]["tenantid"] = demo::OWNER.into();
        let response = app.response(endpoint, &event.to_string()).await;
        assert!((200..300).contains(&response.status), "{}: {response:?}", endpoint.route.function);
    }
}

#[tokio::test]
async fn an_old_entity_tag_stops_an_update() {
    let app = app().await;
    let token = app.token(member());
    let id = first(&app).await["id"].as_str().unwrap().to_owned();
    for (method, path, body) in [
        ("PUT", format!("/customer/update/{id}"), json!({ "categorization": "category2" })),
        ("POST", format!("/customer/update/{id}/status/verified"), Value::Null),
    ] {
        let call =
            app.call(method, &path).bearer(&token).header("tenantid", demo::ACME).header("token", &token);
        let call = if body.is_null() { call } else { call.json(&body) };
        let response = call.header("if-match", "\"old\"").send().await;
        assert_eq!(response.problem(), "412 precondition_failed", "{path}");
    }
}

#[tokio::test]
async fn the_published_list_sorts_by_name() {
    let app = app().await;
    let token = app.token(member());
    let call = app.get(&format!("{PATH}?sortBy=name&sortDirection=asc&limit=5")).bearer(&token);
    let page = call.header("tenantid", demo::ACME).header("token", &token).send().await.json();
    let names: Vec<String> = page
        .as_array()
        .unwrap()
        .iter()
        .map(|one| padron_domain::name_key(one["customer"]["customerName"].as_str().unwrap()))
        .collect();
    assert!(names.len() == 5 && names.is_sorted(), "{names:?}");
}
