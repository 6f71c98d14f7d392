//! Tests that the three dialects share one customer record.
//!
//! Each dialect reads what the others write. An update leaves the fields that its dialect does not have unchanged.

use padron_local::demo;
use padron_testkit::{Call, TestApp, TestResponse};
use serde_json::{Value, json};

use crate::support::{ACME, admin, app, member, owner, pairs, wrong};

/// A customer as an admin sees it in each of the three dialects.
struct DialectViews {
    timbrix: Value,
    spirii: Value,
    cyrexa: Value,
}

async fn read_all(app: &TestApp, id: &str) -> DialectViews {
    let timbrix = app.get(&format!("{ACME}/customers/{id}")).user(admin()).send().await.json();
    let number = timbrix["number"].to_string();
    let page = app.get(&format!("/v2/customers?customerIds={number}")).user(admin()).send().await.json();
    let cyrexa = with_tenant_headers(app.get(&format!("/customer/getDetailsById/{id}")), app).send().await;
    assert_eq!(cyrexa.status, 200, "{cyrexa:?}");
    DialectViews { timbrix, spirii: page["data"][0].clone(), cyrexa: cyrexa.json()["customer"].clone() }
}

/// Adds Cyrexa's three headers to a request.
fn with_tenant_headers<'a>(call: Call<'a>, app: &TestApp) -> Call<'a> {
    let token = app.token(admin());
    call.bearer(&token).header("tenantid", demo::ACME).header("token", &token)
}

async fn timbrix(app: &TestApp, body: &Value) -> String {
    let response = app.call("POST", &format!("{ACME}/customers")).user(member()).json(body).send().await;
    assert_eq!(response.status, 201, "{response:?}");
    response.json()["id"].as_str().unwrap().to_owned()
}

async fn put_timbrix(app: &TestApp, id: &str, body: &Value) -> TestResponse {
    app.call("PUT", &format!("{ACME}/customers/{id}")).user(member()).json(body).send().await
}

async fn spirii(app: &TestApp, body: &Value) -> TestResponse {
    app.call("POST", "/v2/customers").user(admin()).json(body).send().await
}

async fn put_spirii(app: &TestApp, number: &Value, body: &Value) -> TestResponse {
    app.call("PUT", &format!("/v2/customers/{number}")).user(admin()).json(body).send().await
}

async fn cyrexa(app: &TestApp, body: &Value) -> TestResponse {
    with_tenant_headers(app.call("POST", "/customer/create"), app).json(body).send().await
}

async fn put_cyrexa(app: &TestApp, id: &str, body: &Value) -> TestResponse {
    with_tenant_headers(app.call("PUT", &format!("/customer/update/{id}")), app).json(body).send().await
}

/// Returns a Spirii customer with all required fields and the fields of `more`.
fn required(more: Value) -> Value {
    let mut body = json!({
        "name": "Volt Nord", "country": "DK", "contactDetails": {}, "ownerId": 3_559_189_708_800_000_u64, "type": "business",
    });
    let Value::Object(more) = more else { unreachable!() };
    body.as_object_mut().unwrap().extend(more);
    body
}

// Field mappings

#[tokio::test]
async fn what_timbrix_writes_the_others_read() {
    let app = app().await;
    let id = timbrix(
        &app,
        &json!({
            "legalName": "Sofía Núñez", "taxId": "CACX7605101P8", "taxSystem": "612", "defaultInvoiceUse": "D01",
            "email": "sofia@example.com", "phone": "5551234", "externalId": "ext-9", "metadata": { "a": "b" },
            "parentId": demo::customers::DUNDER_MIFFLIN,
            "address": {
                "street": "Av. Juárez", "exterior": "10", "interior": "B", "neighborhood": "Centro", "city": "Puebla",
                "municipality": "Puebla", "zip": "72000", "state": "Puebla", "country": "MEX",
            },
        }),
    )
    .await;
    let DialectViews { timbrix, spirii, cyrexa } = read_all(&app, &id).await;
    assert_eq!(timbrix["parentId"], 3_559_189_708_800_000_u64);
    assert_eq!(spirii["id"], timbrix["number"]);
    assert_eq!((&spirii["name"], &spirii["type"]), (&json!("Sofía Núñez"), &json!("Private")));
    assert_eq!((&spirii["country"], &spirii["externalId"]), (&json!("MX"), &json!("ext-9")));
    assert_eq!(
        spirii["contactDetails"],
        json!({ "name": null, "email": "sofia@example.com", "phone": "5551234" })
    );
    let billing = &spirii["billingDetails"];
    assert_eq!(
        (&billing["vatNumber"], &billing["address"]),
        (&json!("CACX7605101P8"), &json!("Av. Juárez 10"))
    );
    assert_eq!((&billing["city"], &billing["zipCode"]), (&json!("Puebla"), &json!("72000")));
    assert_eq!((&billing["paymentMethod"], &billing["invoiceFormat"]), (&json!("Invoice"), &json!("Email")));
    assert_eq!(spirii["owner"], json!({ "id": 3_559_189_708_800_000_u64, "name": "Dunder Mifflin" }));
    assert_eq!((&spirii["cpo"], &spirii["payoutInformation"]), (&Value::Null, &Value::Null));
    assert_eq!((&spirii["createdAt"], &spirii["updatedAt"]), (&timbrix["createdAt"], &timbrix["updatedAt"]));
    assert_eq!(cyrexa["id"], json!(id));
    assert_eq!((&cyrexa["customerName"], &cyrexa["customerType"]), (&json!("Sofía Núñez"), &json!("Person")));
    assert_eq!((&cyrexa["customerStatus"], &cyrexa["categorization"]), (&json!("new"), &json!("category1")));
    let person = &cyrexa["person"];
    assert_eq!((&person["fullName"], &person["email"]), (&json!("Sofía Núñez"), &json!("sofia@example.com")));
    assert_eq!((&person["firstName"], &person["lastName"]), (&Value::Null, &Value::Null));
    assert_eq!(person["telephoneNumbers"][0]["number"], "5551234");
    let address = &person["addresses"][0]["address"];
    assert_eq!((&address["street"], &address["streetNumber"]), (&json!("Av. Juárez"), &json!(["10"])));
    assert_eq!((&address["apartment"], &address["area"]), (&json!("B"), &json!("Centro")));
    assert_eq!(
        (&address["city"], &address["zipCode"], &address["country"]),
        (&json!("Puebla"), &json!("72000"), &json!("MEX"))
    );
}

#[tokio::test]
async fn what_spirii_writes_the_others_read() {
    let app = app().await;
    let response = spirii(
        &app,
        &required(json!({
            "type": "CPOSUBSIDIARY",
            "ownerId": demo_cpo(&app).await,
            "externalId": "ext-7",
            "contactDetails": { "name": "Mette", "email": "mette@example.com", "phone": "+45 1234" },
            "billingDetails": {
                "paymentMethod": "Card", "invoiceFormat": "OIOUBL", "gln": "5790000000000", "invoiceEmail": "bills@example.com",
                "vatNumber": "DK12345678", "address": "Jernbanegade 27", "city": "Odense", "zipCode": "5000",
            },
            "payoutInformation": {
                "iban": "DK5000400440116243", "swiftCode": "NDEADKKK", "bankAccountHolderName": "Volt",
                "bankRegistrationNumber": "0040", "bankAccount": "0440116243",
            },
            "financialSetup": { "language": "DA", "currency": "DKK" },
            "billingSettings": { "chargeKeyLineAggregation": "charge" },
            "locations": [7, -1],
        })),
    )
    .await;
    assert_eq!(response.status, 201, "{response:?}");
    let mut written = response.json();
    assert_eq!(response.header("location"), format!("customers/{}", written["id"]));
    assert_eq!(written.as_object_mut().unwrap().remove("warnings"), Some(json!([])));
    let id =
        app.get(&format!("{ACME}/customers/external/ext-7")).user(member()).send().await.json()["id"].clone();
    let DialectViews { timbrix, spirii, cyrexa } = read_all(&app, id.as_str().unwrap()).await;
    assert_eq!(spirii, written);
    assert_eq!(spirii["type"], "CPOSubsidiary");
    assert_eq!(spirii["owner"], spirii["cpo"]);
    assert_eq!(
        spirii["billingSettings"],
        json!({
            "chargeKeyDocumentAggregation": "customer", "chargeKeyLineAggregation": "charge",
            "companyCarReimbursementMethod": "MANUAL",
        })
    );
    assert_eq!((&timbrix["legalName"], &timbrix["type"]), (&json!("Volt Nord"), &json!("CPOSubsidiary")));
    assert_eq!((&timbrix["taxId"], &timbrix["taxSystem"]), (&json!("DK12345678"), &json!("")));
    assert_eq!((&timbrix["email"], &timbrix["phone"]), (&json!("mette@example.com"), &json!("+45 1234")));
    assert_eq!(timbrix["parentId"], spirii["owner"]["id"]);
    assert_eq!(
        timbrix["address"],
        json!({
            "street": "Jernbanegade 27", "exterior": "", "interior": null, "neighborhood": "", "city": "Odense",
            "municipality": "", "zip": "5000", "state": "", "country": "DNK",
        })
    );
    assert_eq!(
        (&cyrexa["customerType"], &cyrexa["customerName"]),
        (&json!("Organization"), &json!("Volt Nord"))
    );
    let person = &cyrexa["person"];
    assert_eq!(
        (&person["email"], &person["telephoneNumbers"][0]["number"]),
        (&json!("mette@example.com"), &json!("+45 1234"))
    );
    let address = &person["addresses"][0]["address"];
    assert_eq!((&address["street"], &address["streetNumber"]), (&json!("Jernbanegade 27"), &json!([])));
    assert_eq!(
        (&address["city"], &address["zipCode"], &address["country"]),
        (&json!("Odense"), &json!("5000"), &json!("DNK"))
    );
}

async fn demo_cpo(app: &TestApp) -> Value {
    let page = app.get("/v2/customers?types=CPO&limit=1").user(member()).send().await.json();
    page["data"][0]["id"].clone()
}

fn person() -> Value {
    let text = r#"{
        "customerType": "Person",
        "customerStatus": "under_verification",
        "categorization": "category3",
        "notifications": [{ "notificationType": "Marketingemails", "isEnabled": true }],
        "person": {
            "firstName": { "name": "Sofía", "order": 1, "abbreviation": "S.", "language": "es", "native": null, "suffix": null, "prefix": "Sra." },
            "lastName": { "name": "Núñez" },
            "fullName": "Sofía Núñez Peña",
            "groupId": "g", "gender": "Female", "dateOfBirth": "1990-02-28", "placeOfBirth": "Puebla", "nationality": "MX",
            "pinCode": "1234", "password": "hunter2-secret",
            "email": "sofia@example.com",
            "telephoneNumbers": [
                { "phoneType": "fixed", "operator": "Telmex", "encoding": "numbers", "country": "MX", "number": "5551", "purpose": "home" },
                { "number": "5552" }
            ],
            "addresses": [
                {
                    "addressPurpose": "home",
                    "address": {
                        "country": "Mexico", "area": "Centro", "zipCode": "72000", "city": "Puebla", "street": "Av. Juárez",
                        "streetNumber": ["10", "10 bis"], "building": "A", "apartment": "4", "entrance": "2", "floor": "3",
                        "doorNumber": "9", "geoPosition": { "latitude": 19.0433, "longitude": -98.1981, "altitude": 2135 },
                        "alternative": { "word1": "uno", "word2": "dos", "word3": "tres" },
                        "relatedToAddress": [{ "relationType": "near_by", "address": "Zócalo" }],
                        "additionalData": [{ "name": "n", "type": "Number", "value": "1" }]
                    }
                },
                { "address": { "country": "US", "city": "El Paso" } }
            ],
            "documents": [{
                "purpose": "KYC", "name": "INE", "documentType": "ID front side", "location": "s3", "verificationResponse": "ok",
                "status": "verified", "metadata": [{ "name": "n", "type": "Number", "value": "1" }]
            }],
            "SecretQuestion": [{ "question": "First pet?", "answer": "Firulais-secret" }]
        },
        "twofa": { "targetType": "SMS", "targetValue": "5551", "targetCode": "999-secret", "inputCode": "998-secret", "codematch": true }
    }"#;
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn what_cyrexa_writes_the_others_read() {
    let app = app().await;
    for body in [person(), json!({ "customer": person() })] {
        let response = cyrexa(&app, &body).await;
        assert_eq!(response.status, 201, "{response:?}");
        let id = response.json()["customer"]["id"].as_str().unwrap().to_owned();
        assert_eq!(response.header("location"), format!("getDetailsById/{id}"));
        let DialectViews { timbrix, spirii, cyrexa } = read_all(&app, &id).await;
        assert_eq!(cyrexa, response.json()["customer"]);
        // The response has all fields except the secrets, in the published spelling.
        let mut expected = person();
        expected["id"] = json!(id);
        expected["customerName"] = json!("Sofía Núñez Peña");
        expected["customerStatus"] = json!("under_verificaiton");
        expected["person"]["SecretQuestion"] = json!([{ "question": "First pet?" }]);
        expected["twofa"] = json!({ "targetType": "SMS", "targetValue": "5551" });
        for secret in ["pinCode", "password"] {
            expected["person"].as_object_mut().unwrap().remove(secret);
        }
        assert_contains(&cyrexa, &expected, "");
        assert_eq!(
            (&timbrix["legalName"], &timbrix["type"]),
            (&json!("Sofía Núñez Peña"), &json!("Private"))
        );
        assert_eq!((&timbrix["email"], &timbrix["phone"]), (&json!("sofia@example.com"), &json!("5551")));
        assert_eq!((&timbrix["taxId"], &timbrix["taxSystem"]), (&json!(""), &json!("")), "never invented");
        assert_eq!(
            timbrix["address"],
            json!({
                "street": "Av. Juárez", "exterior": "10", "interior": "4", "neighborhood": "Centro", "city": "Puebla",
                "municipality": "", "zip": "72000", "state": "", "country": "MEX",
            })
        );
        assert_eq!((&spirii["name"], &spirii["country"]), (&json!("Sofía Núñez Peña"), &json!("MX")));
        assert_eq!(spirii["billingDetails"]["address"], "Av. Juárez 10");
        assert_eq!(spirii["contactDetails"]["phone"], "5551");
    }
}

/// Asserts that a value contains everything in `expected`, and that its other members are empty.
fn assert_contains(value: &Value, expected: &Value, at: &str) {
    match (value, expected) {
        (Value::Object(members), Value::Object(wanted)) => {
            for (name, member) in members {
                let nothing = Value::Null;
                assert_contains(member, wanted.get(name).unwrap_or(&nothing), &format!("{at}/{name}"));
            }
            assert!(wanted.keys().all(|name| members.contains_key(name)), "{at}: {expected} in {value}");
        }
        (Value::Array(items), Value::Array(wanted)) => {
            assert_eq!(items.len(), wanted.len(), "{at}");
            for (index, (item, wanted)) in items.iter().zip(wanted).enumerate() {
                assert_contains(item, wanted, &format!("{at}/{index}"));
            }
        }
        (Value::Number(one), Value::Number(other)) => assert_eq!(one.as_f64(), other.as_f64(), "{at}"),
        (value, Value::Null) => {
            let is_empty = value.is_null() || *value == json!("") || *value == json!([]);
            assert!(is_empty, "{at}: {value}");
        }
        (value, expected) => assert_eq!(value, expected, "{at}"),
    }
}

#[tokio::test]
async fn every_status_is_published_in_one_spelling_and_taken_in_both() {
    let app = app().await;
    let id = timbrix(&app, &json!({ "legalName": "X", "address": { "country": "USA" } })).await;
    for (sent, published) in [
        ("verified", "verified"),
        ("under_verification", "under_verificaiton"),
        ("under_verificaiton", "under_verificaiton"),
        ("blacklisted", "blacklisted"),
        ("under_investigation", "under_investigation"),
        ("dispute", "dispute"),
        ("on_hold", "on_hold"),
        ("bankrupted", "bancrupted"),
        ("bancrupted", "bancrupted"),
        ("new", "new"),
    ] {
        let path = format!("/customer/update/{id}/status/{sent}");
        let response = with_tenant_headers(app.call("POST", &path), &app).send().await;
        assert_eq!(
            (response.status, &response.json()["customer"]["customerStatus"]),
            (200, &json!(published))
        );
        assert_eq!(read_all(&app, &id).await.cyrexa["customerStatus"], published);
        let response = put_cyrexa(&app, &id, &json!({ "customerStatus": sent })).await;
        assert_eq!(response.status, 200);
    }
    for unknown in ["Verified", "verified%20", "x"] {
        let path = format!("/customer/update/{id}/status/{unknown}");
        assert_eq!(
            with_tenant_headers(app.call("POST", &path), &app).send().await.problem(),
            "400 invalid_request"
        );
    }
    let path = "/customer/update/590ce6c56d04f840aa843000/status/new";
    assert_eq!(
        with_tenant_headers(app.call("POST", path), &app).send().await.problem(),
        "404 customer_not_found"
    );
}

// Fields that a dialect does not have

/// Creates a customer with a value in every field, and returns its id.
async fn create_full(app: &TestApp) -> String {
    create_full_with(app, "full").await
}

async fn create_full_with(app: &TestApp, external_id: &str) -> String {
    let id = cyrexa(app, &person()).await.json()["customer"]["id"].as_str().unwrap().to_owned();
    let response = put_timbrix(
        app,
        &id,
        &json!({
            "taxId": "CACX7605101P8", "taxSystem": "612", "defaultInvoiceUse": "D01", "externalId": external_id,
            "metadata": { "a": "b" }, "parentId": demo::customers::DUNDER_MIFFLIN,
            "address": { "municipality": "Puebla", "state": "Puebla" },
        }),
    )
    .await;
    assert_eq!(response.status, 200, "{response:?}");
    let response = put_spirii(
        app,
        &response.json()["number"],
        &json!({
            "contactDetails": { "name": "Mette" },
            "billingDetails": { "gln": "579", "invoiceEmail": "bills@example.com" },
            "payoutInformation": { "iban": "DK5000400440116243", "bankAccount": "0440116243" },
            "financialSetup": { "language": "ES" },
            "locations": [7],
        }),
    )
    .await;
    assert_eq!(response.status, 200, "{response:?}");
    id
}

/// Collects the pointers at which two values differ.
fn differences(before: &Value, after: &Value, at: &str, found: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(one), Value::Object(other)) => {
            let names: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for name in names {
                let part = |of: &serde_json::Map<String, Value>| of.get(name).cloned().unwrap_or_default();
                differences(&part(one), &part(other), &format!("{at}/{name}"), found);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                differences(one, other, &format!("{at}/{index}"), found);
            }
        }
        (one, other) if one != other => found.push(at.to_owned()),
        _ => {}
    }
}

async fn changed(app: &TestApp, id: &str, before: &DialectViews) -> Vec<String> {
    let after = read_all(app, id).await;
    let mut found = Vec::new();
    for (name, before, after) in [
        ("timbrix", &before.timbrix, &after.timbrix),
        ("spirii", &before.spirii, &after.spirii),
        ("cyrexa", &before.cyrexa, &after.cyrexa),
    ] {
        differences(before, after, name, &mut found);
    }
    found.retain(|pointer| !pointer.ends_with("/updatedAt"));
    found
}

#[tokio::test]
async fn a_dialect_changes_what_it_says_and_nothing_else() {
    let app = app().await;
    let id = create_full(&app).await;
    let before = read_all(&app, &id).await;
    assert_eq!(put_timbrix(&app, &id, &json!({ "email": "x@example.com" })).await.status, 200);
    let of_email = ["timbrix/email", "spirii/contactDetails/email", "cyrexa/person/email"];
    assert_eq!(changed(&app, &id, &before).await, of_email);
    assert_eq!(
        put_cyrexa(&app, &id, &json!({ "person": { "email": "sofia@example.com" } })).await.status,
        200
    );
    assert_eq!(changed(&app, &id, &before).await, Vec::<String>::new());
    let number = &before.timbrix["number"];
    assert_eq!(put_spirii(&app, number, &json!({ "name": "Sofía" })).await.status, 200);
    let of_name = ["timbrix/legalName", "spirii/name", "cyrexa/customerName", "cyrexa/person/fullName"];
    assert_eq!(changed(&app, &id, &before).await, of_name);
    // A new address line replaces street and number. Parts of the address that Spirii does not have stay.
    let before = read_all(&app, &id).await;
    assert_eq!(
        put_spirii(&app, number, &json!({ "billingDetails": { "address": "Calle 5" } })).await.status,
        200
    );
    assert_eq!(
        changed(&app, &id, &before).await,
        [
            "timbrix/address/exterior",
            "timbrix/address/street",
            "spirii/billingDetails/address",
            "cyrexa/person/addresses/0/address/street",
            "cyrexa/person/addresses/0/address/streetNumber/0",
        ]
    );
    // A list is replaced as a whole. The first address updates the record's address, but not its country.
    let before = read_all(&app, &id).await;
    let moved = json!({ "person": { "addresses": [{ "address": { "street": "Reforma", "city": "CDMX", "zipCode": "06600" } }] } });
    assert_eq!(put_cyrexa(&app, &id, &moved).await.status, 200);
    let after = read_all(&app, &id).await;
    assert_eq!(
        after.timbrix["address"],
        json!({
            "street": "Reforma", "exterior": "", "interior": null, "neighborhood": "", "city": "CDMX",
            "municipality": "Puebla", "zip": "06600", "state": "Puebla", "country": "MEX",
        })
    );
    assert_eq!(after.timbrix["taxSystem"], before.timbrix["taxSystem"]);
    assert_eq!(after.cyrexa["person"]["addresses"][0]["address"]["country"], "MEX");
    assert_eq!(after.spirii["payoutInformation"], before.spirii["payoutInformation"]);
    assert_eq!(after.cyrexa["person"]["documents"], before.cyrexa["person"]["documents"]);
}

#[tokio::test]
async fn what_a_dialect_answers_can_be_sent_back_to_it() {
    let app = app().await;
    let id = create_full(&app).await;
    let plain = timbrix(&app, &json!({ "legalName": "Plain", "address": { "country": "USA" } })).await;
    let unknown = json!({ "customerType": "Organization", "customerName": "Nowhere", "person": {
        "addresses": [{ "address": { "country": "Middle-earth", "city": "Bree" } }] } });
    let nowhere = cyrexa(&app, &unknown).await.json()["customer"]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        read_all(&app, &nowhere).await.cyrexa["person"]["addresses"][0]["address"]["country"],
        "Middle-earth"
    );
    // Phone numbers and addresses with missing parts, and a phone number that another dialect removed.
    let odd = json!({ "customerType": "Person", "customerName": "Odd", "person": {
        "telephoneNumbers": [{ "phoneType": "fixed" }, { "number": "55" }],
        "addresses": [{ "addressPurpose": "none", "address": {} }, { "address": { "building": "B", "streetNumber": [] } }] } });
    let odd = cyrexa(&app, &odd).await.json()["customer"]["id"].as_str().unwrap().to_owned();
    let cleared = create_full_with(&app, "cleared").await;
    assert_eq!(put_timbrix(&app, &cleared, &json!({ "phone": null })).await.status, 200);
    assert_eq!(read_all(&app, &cleared).await.cyrexa["person"]["telephoneNumbers"][1]["number"], "5552");
    for id in [&id, &plain, &nowhere, &odd, &cleared, &demo::customers::DUNDER_MIFFLIN.to_owned()] {
        let before = read_all(&app, id).await;
        // A write from here on would change `updatedAt`.
        app.clock.advance(std::time::Duration::from_secs(1));
        for response in [
            put_timbrix(&app, id, &before.timbrix).await,
            put_spirii(&app, &before.spirii["id"], &before.spirii).await,
            put_cyrexa(&app, id, &before.cyrexa).await,
            put_cyrexa(&app, id, &json!({ "customer": before.cyrexa })).await,
        ] {
            assert_eq!(response.status, 200, "{response:?}");
        }
        assert_eq!(changed(&app, id, &before).await, Vec::<String>::new());
        assert_eq!(
            read_all(&app, id).await.timbrix["updatedAt"],
            before.timbrix["updatedAt"],
            "nothing was written"
        );
        // If one field of the response is changed, only that field changes.
        let mut spirii = before.spirii.clone();
        spirii["contactDetails"]["name"] = json!("Angela");
        assert_eq!(put_spirii(&app, &before.spirii["id"], &spirii).await.status, 200);
        assert_eq!(changed(&app, id, &before).await, ["spirii/contactDetails/name"]);
        let before = read_all(&app, id).await;
        let mut cyrexa = before.cyrexa.clone();
        cyrexa["categorization"] = json!("category2");
        assert_eq!(put_cyrexa(&app, id, &cyrexa).await.status, 200);
        assert_eq!(changed(&app, id, &before).await, ["cyrexa/categorization"]);
        // The name appears twice in the body, and either of the two can be changed.
        for (place, name) in [("/customerName", "Uno"), ("/person/fullName", "Dos")] {
            let mut cyrexa = read_all(&app, id).await.cyrexa;
            *cyrexa.pointer_mut(place).unwrap() = json!(name);
            assert_eq!(put_cyrexa(&app, id, &cyrexa).await.json()["customer"]["customerName"], name);
        }
    }
}

// 400

#[tokio::test]
async fn spirii_tells_all_that_is_wrong_where_its_body_has_it() {
    let app = app().await;
    assert_eq!(
        wrong(&spirii(&app, &json!({})).await),
        pairs(&[
            ("/country", "required"),
            ("/contactDetails", "required"),
            ("/ownerId", "required"),
            ("/type", "required"),
            ("/name", "required"),
        ])
    );
    let bad = required(json!({
        "name": "x".repeat(81), "country": "Denmark", "type": "cpo", "externalId": "x".repeat(41),
        "contactDetails": { "email": "nobody" }, "billingDetails": { "invoiceEmail": "nobody", "gln": "5".repeat(301) },
        "payoutInformation": { "iban": "****6243" }, "locations": vec![1; 21], "ownerId": 5, "colour": 1,
    }));
    assert_eq!(
        wrong(&spirii(&app, &bad).await),
        pairs(&[
            ("/billingDetails/gln", "too_long"),
            ("/locations", "too_many"),
            ("/colour", "unknown_field"),
            ("/name", "too_long"),
            ("/type", "cpo_not_allowed"),
            ("/country", "unknown_value"),
            ("/payoutInformation/iban", "masked_value"),
            ("/externalId", "too_long"),
            ("/contactDetails/email", "invalid_format"),
            ("/billingDetails/invoiceEmail", "invalid_format"),
            ("/ownerId", "unknown_customer"),
        ])
    );
    let mexican =
        required(json!({ "country": "MX", "billingDetails": { "vatNumber": "MX123", "zipCode": "1" } }));
    assert_eq!(
        wrong(&spirii(&app, &mexican).await),
        pairs(&[
            ("/billingDetails/vatNumber", "invalid_format"),
            ("/billingDetails/zipCode", "invalid_format")
        ])
    );
    for kind in ["private", "Private", "BUSINESS", "business"] {
        assert_eq!(spirii(&app, &required(json!({ "type": kind }))).await.status, 201, "{kind}");
    }
    assert_eq!(
        wrong(&spirii(&app, &required(json!({ "type": "robot" }))).await),
        pairs(&[("/type", "unknown_value")])
    );
    let missing =
        app.call("PUT", "/v2/customers/4711").user(admin()).json(&json!({ "name": "x" })).send().await;
    assert_eq!(missing.problem(), "404 customer_not_found");
    assert_eq!(
        put_spirii(&app, &demo_cpo(&app).await, &json!({ "type": "CPO", "locations": [1] })).await.status,
        200
    );
}

#[tokio::test]
async fn a_masked_number_cannot_be_sent_back() {
    let app = app().await;
    let id = create_full(&app).await;
    let number = read_all(&app, &id).await.timbrix["number"].clone();
    let page = app.get(&format!("/v2/customers?customerIds={number}")).user(member()).send().await.json();
    let whole = page["data"][0].clone();
    assert_eq!(whole["payoutInformation"]["iban"], "****6243");
    let put = |body: Value| app.call("PUT", &format!("/v2/customers/{number}")).user(member()).json(&body);
    assert_eq!(
        wrong(&put(whole.clone()).send().await),
        pairs(&[
            ("/payoutInformation/iban", "masked_value"),
            ("/payoutInformation/bankAccount", "masked_value")
        ])
    );
    let mut without = whole;
    without.as_object_mut().unwrap().remove("payoutInformation");
    without["locations"] = json!([8]);
    assert_eq!(put(without).send().await.status, 200);
    assert_eq!(
        read_all(&app, &id).await.spirii["payoutInformation"]["iban"],
        "DK5000400440116243",
        "left out, it stays"
    );
    let response = put(json!({ "payoutInformation": { "iban": "DK0000000000009999" } })).send().await.json();
    assert_eq!(response["payoutInformation"]["iban"], "****9999", "who writes it need not see it");
    assert_eq!(
        put(json!({ "payoutInformation": null })).send().await.json()["payoutInformation"],
        Value::Null
    );
}

#[tokio::test]
async fn cyrexa_tells_all_that_is_wrong_where_its_body_has_it() {
    let app = app().await;
    assert_eq!(
        wrong(&cyrexa(&app, &json!({})).await),
        pairs(&[("/customerType", "required"), ("/customerName", "required")])
    );
    let bad = json!({ "customerType": "Person", "customerName": "A|B", "person": { "email": "x", "gender": "g".repeat(301) } });
    let expected = [
        ("/person/gender", "too_long"),
        ("/customerName", "invalid_character"),
        ("/person/email", "invalid_format"),
    ];
    assert_eq!(wrong(&cyrexa(&app, &bad).await), pairs(&expected));
    let within = expected.map(|(pointer, code)| (format!("/customer{pointer}"), code.to_owned()));
    assert_eq!(wrong(&cyrexa(&app, &json!({ "customer": bad })).await), within);
    for (body, pointer, code) in [
        (json!({ "customerType": "Robot" }), "/customerType", "unknown_value"),
        (
            json!({ "person": { "addresses": [{ "address": ["x"] }] } }),
            "/person/addresses/0/address",
            "invalid_type",
        ),
        (json!({ "person": { "nickname": "x" } }), "/person/nickname", "unknown_field"),
        (json!({ "customerStatus": "gone" }), "/customerStatus", "unknown_value"),
        (json!({ "customer": {}, "customerName": "x" }), "/customer", "contradiction"),
    ] {
        assert_eq!(
            wrong(&put_cyrexa(&app, demo::customers::DUNDER_MIFFLIN, &body).await),
            pairs(&[(pointer, code)])
        );
    }
    let names = json!({ "customerType": "Person", "person": { "firstName": { "name": "Ana" }, "lastName": { "name": "Ruiz" } } });
    assert_eq!(cyrexa(&app, &names).await.json()["customer"]["customerName"], "Ana Ruiz");
}

// Cyrexa's searches

#[tokio::test]
async fn cyrexa_finds_by_type_status_and_time() {
    let app = app().await;
    let search = async |path: &str, body: Value| {
        let response = with_tenant_headers(app.call("POST", path), &app).json(&body).send().await;
        assert_eq!(response.status, 200, "{response:?}");
        let customers = response.json()["customers"].as_array().unwrap().clone();
        customers.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = demo::customers::customers();
    let by_organization = format!("/customer/getByOrganization/{}", demo::ACME);
    let ids = |keep: &dyn Fn(&padron_domain::Customer) -> bool| {
        all.iter().filter(|one| keep(one)).map(|one| one.id.to_string()).collect::<Vec<_>>()
    };
    let is_person = |one: &padron_domain::Customer| one.kind == padron_domain::CustomerKind::Private;
    assert_eq!(search(&by_organization, json!({})).await, ids(&|_| true));
    assert_eq!(search(&by_organization, json!({ "type": "Person" })).await, ids(&is_person));
    let by_type = "/customer/getByCustomerType/Organization";
    assert_eq!(search(by_type, json!({ "pageSize": 1000 })).await, ids(&|one| !is_person(one)));
    assert_eq!(
        search(by_type, json!({ "pageNumber": 2, "pageSize": 5 })).await,
        ids(&|one| !is_person(one))[10..15]
    );
    let since = all[20].created_at.to_string();
    assert_eq!(
        search(&by_organization, json!({ "created": since })).await,
        ids(&|one| one.created_at >= all[20].created_at)
    );
    assert_eq!(search(&by_organization, json!({ "created": &since[..10], "pageSize": 1 })).await.len(), 1);
    let verified = search(&by_organization, json!({ "status": "verified" })).await;
    assert_eq!(verified, ids(&|one| one.status == padron_domain::CustomerStatus::Verified));
    assert_eq!(search(&by_organization, json!({ "pageNumber": 1_000_000 })).await, Vec::<String>::new());
    for (body, pointer) in [
        (json!({ "pageSize": 0 }), "/pageSize"),
        (json!({ "pageSize": 1001 }), "/pageSize"),
        (json!({ "pageNumber": 1_000_001 }), "/pageNumber"),
        (json!({ "status": "x" }), "/status"),
        (json!({ "created": "yesterday" }), "/created"),
        (json!({ "page": 1 }), "/page"),
    ] {
        let response = with_tenant_headers(app.call("POST", &by_organization), &app).json(&body).send().await;
        assert_eq!(wrong(&response)[0].0, pointer);
    }
    let other =
        with_tenant_headers(app.call("POST", by_type), &app).json(&json!({ "type": "Person" })).send().await;
    assert_eq!(wrong(&other), pairs(&[("/type", "contradiction")]));
    let unknown = with_tenant_headers(app.call("POST", "/customer/getByCustomerType/Robot"), &app)
        .json(&json!({}))
        .send()
        .await;
    assert_eq!(wrong(&unknown), pairs(&[("/path/customerType", "unknown_value")]));
}

#[tokio::test]
async fn the_tenant_is_named_by_its_id_or_its_owners() {
    let app = app().await;
    let ask = async |tenant: &str, token: Option<&str>| {
        let bearer = app.token(member());
        let path = format!("/customer/getDetailsById/{}", demo::customers::DUNDER_MIFFLIN);
        let mut call = app.get(&path).bearer(&bearer);
        if !tenant.is_empty() {
            call = call.header("tenantid", tenant);
        }
        call = call.header("token", token.unwrap_or(&bearer));
        call.send().await
    };
    assert_eq!(ask(demo::ACME, None).await.status, 200);
    assert_eq!(ask(demo::OWNER, None).await.status, 200);
    for other in [demo::GLOBEX, demo::GLOBEX_OWNER, "00000000-0000-4000-8000-000000000000", demo::MEMBER] {
        assert_eq!(ask(other, None).await.problem(), "403 not_a_member", "{other}");
    }
    assert_eq!(ask("x", None).await.problem(), "403 tenant_mismatch");
    assert_eq!(wrong(&ask("", None).await), pairs(&[("/headers/tenantId", "missing_header")]));
    // If the owner has several organizations, the header selects one.
    let body = json!({ "name": "Another", "slug": "another" });
    let second =
        app.call("POST", "/organizations").user(owner()).json(&body).send().await.json()["id"].clone();
    let second = second.as_str().unwrap();
    crate::support::join(&app, second, member(), padron_domain::Role::Member).await;
    let ambiguous = ask(demo::OWNER, None).await;
    assert_eq!(ambiguous.problem(), "400 several_organizations");
    let bearer = app.token(member());
    for (chosen, status) in [(demo::ACME, 200), (second, 404), (demo::GLOBEX, 403)] {
        let path = format!("/customer/getDetailsById/{}", demo::customers::DUNDER_MIFFLIN);
        let call = app.get(&path).bearer(&bearer).header("token", &bearer).header("tenantid", demo::OWNER);
        assert_eq!(call.header("x-organization-id", chosen).send().await.status, status, "{chosen}");
    }
    let others = app.token(owner());
    assert_eq!(ask(demo::ACME, Some(&others)).await.problem(), "401 invalid_token");
    assert_eq!(ask(demo::ACME, Some("x")).await.problem(), "401 invalid_token");
}

// Secrets

#[tokio::test]
async fn secrets_are_dropped_before_anything_is_kept() {
    let app = app().await;
    app.recorded();
    let mut answers = Vec::new();
    let send = async |method: &str, path: &str, body: Value| {
        let call = with_tenant_headers(app.call(method, path), &app)
            .header("idempotency-key", "secrets")
            .json(&body);
        format!("{:?}", call.send().await)
    };
    answers.push(send("POST", "/customer/create", person()).await);
    assert!(answers[0].contains("201"), "{}", answers[0]);
    // A retry with other secrets is the same request, because secrets are not even hashed.
    let mut again = person();
    again["person"]["password"] = json!("hunter3-secret");
    let replayed = send("POST", "/customer/create", again).await;
    assert!(replayed.contains("idempotent-replayed"), "{replayed}");
    answers.push(replayed);
    let id = app.get("/v2/customers?limit=1").user(member()).send().await.json()["data"][0]["id"].clone();
    answers.push(send("PUT", &format!("/customer/update/{id}"), json!({ "customer": person() })).await);
    // Secrets in a body that is invalid for another reason are dropped as well.
    let mut bad = person();
    bad["person"]["email"] = json!("nobody");
    answers.push(send("PUT", &format!("/customer/update/{id}"), bad).await);
    let mut odd = person();
    odd["person"]["password"] = json!({ "hunter2-secret": ["hunter2-secret"] });
    odd["person"]["pinCode"] = json!(987_654_321);
    answers.push(send("PUT", &format!("/customer/update/{id}"), odd).await);
    for path in [
        format!("{ACME}/customers?search=Sof"),
        "/v2/customers?limit=5".into(),
        format!("{ACME}/events"),
        format!("{ACME}/export"),
    ] {
        answers.push(format!("{:?}", app.get(&path).user(owner()).send().await));
    }
    answers.push(format!(
        "{:?}",
        with_tenant_headers(app.get(&format!("/customer/getDetailsById/{id}")), &app).send().await
    ));
    let list = format!("/organization/getCustomers/{}", demo::ACME);
    answers.push(format!("{:?}", with_tenant_headers(app.get(&list), &app).send().await));
    let items = crate::support::everything(&app).await;
    let everything = [answers, app.logged(), items].concat();
    assert!(everything.iter().any(|text| text.contains("First pet?")), "questions are kept");
    for secret in ["hunter2", "hunter3", "Firulais", "999-secret", "998-secret", "1234\\\"", "987654321"] {
        let told = everything.iter().find(|text| text.contains(secret));
        assert_eq!(told, None, "{secret}");
    }
}
