//! Tests of creating and updating customers in Timbrix's dialect.

use padron_local::demo;
use padron_testkit::{TestApp, TestResponse};
use serde_json::{Map, Value, json};

use crate::support::{ACME, app, cost, event_types, member, owner, pairs, wrong};

async fn create(app: &TestApp, body: &Value) -> TestResponse {
    app.call("POST", &format!("{ACME}/customers")).user(member()).json(body).send().await
}

async fn created(app: &TestApp, body: &Value) -> Value {
    let response = create(app, body).await;
    assert_eq!(response.status, 201, "{response:?}");
    response.json()
}

async fn update(app: &TestApp, id: &Value, body: &Value) -> TestResponse {
    let path = format!("{ACME}/customers/{}", id.as_str().unwrap());
    app.call("PUT", &path).user(member()).json(body).send().await
}

async fn read(app: &TestApp, id: &Value) -> Value {
    let path = format!("{ACME}/customers/{}", id.as_str().unwrap());
    app.get(&path).user(member()).send().await.json()
}

/// Returns the published example of a customer, in the documented request format.
fn published() -> Value {
    json!({
        "legalName": "Dunder Mifflin",
        "taxId": "ABC101010111",
        "taxSystem": "601",
        "email": "email@example.com",
        "phone": "6474010101",
        "defaultInvoiceUse": "G01",
        "addressStreet": "Blvd. Atardecer",
        "addressExterior": "142",
        "addressInterior": "4",
        "addressNeighborhood": "Centro",
        "addressCity": "Huatabampo",
        "addressMunicipality": "Huatabampo",
        "addressZip": "86500",
        "addressState": "Sonora",
        "addressCountry": "MEX",
    })
}

/// Returns [`published`] with the nested `address` object of responses.
fn nested() -> Value {
    let Value::Object(flat) = published() else { unreachable!() };
    let (mut body, mut address) = (Map::new(), Map::new());
    for (name, value) in flat {
        match name.strip_prefix("address") {
            Some(part) => drop(address.insert(part.to_lowercase(), value)),
            None => drop(body.insert(name, value)),
        }
    }
    body.insert("address".into(), address.into());
    body.into()
}

/// Returns a Mexican customer with the required fields only.
fn minimal_customer() -> Value {
    json!({ "legalName": "Tienda", "taxId": "ABC101010111", "taxSystem": "601", "address": { "zip": "06000" } })
}

fn with(mut body: Value, changes: Value) -> Value {
    let Value::Object(changes) = changes else { unreachable!() };
    body.as_object_mut().unwrap().extend(changes);
    body
}

// 201

#[tokio::test]
async fn the_published_customer_goes_round_field_by_field() {
    let app = app().await;
    let mut shown = Vec::new();
    for body in [published(), nested()] {
        let response = create(&app, &body).await;
        assert_eq!(response.status, 201, "{response:?}");
        let mut one = response.json();
        let id = one["id"].clone();
        assert_eq!(response.location(), format!("{ACME}/customers/{}", id.as_str().unwrap()));
        assert!(response.header("etag").starts_with("\"1."), "{}", response.header("etag"));
        let warnings = one.as_object_mut().unwrap().remove("warnings").unwrap();
        assert_eq!(read(&app, &id).await, one);
        assert!(one["number"].as_u64().is_some_and(|number| number < 1 << 53));
        assert!(id.as_str().unwrap().starts_with(&format!("{:014x}", one["number"].as_u64().unwrap())));
        assert_eq!(
            warnings,
            json!([{
                "pointer": "/address/zip",
                "code": "zip_not_in_state",
                "detail": "The postal code is not one of this state.",
            }])
        );
        for own in ["id", "number"] {
            one.as_object_mut().unwrap().remove(own);
        }
        shown.push(one);
    }
    assert_eq!(shown[0], shown[1], "flat and nested are the same record");
    assert_eq!(
        shown[0],
        json!({
            "organizationId": demo::ACME,
            "legalName": "Dunder Mifflin",
            "taxId": "ABC101010111",
            "taxSystem": "601",
            "email": "email@example.com",
            "phone": "6474010101",
            "defaultInvoiceUse": "G01",
            "address": {
                "street": "Blvd. Atardecer", "exterior": "142", "interior": "4", "neighborhood": "Centro",
                "city": "Huatabampo", "municipality": "Huatabampo", "zip": "86500", "state": "Sonora", "country": "MEX",
            },
            "createdAt": "2026-01-15T12:00:00.000Z",
            "updatedAt": "2026-01-15T12:00:00.000Z",
            "type": "Business",
            "parentId": null,
            "externalId": null,
            "metadata": {},
        })
    );
    let event_types = event_types(&app, demo::organization(demo::ACME)).await;
    assert_eq!(event_types.iter().filter(|name| *name == "customer.created").count(), 2);
}

#[tokio::test]
async fn what_is_left_out_is_what_the_dialect_takes_it_for() {
    let app = app().await;
    let one = created(&app, &minimal_customer()).await;
    assert_eq!((&one["type"], &one["address"]["country"]), (&json!("Business"), &json!("MEX")));
    assert_eq!(
        (&one["email"], &one["phone"], &one["defaultInvoiceUse"]),
        (&json!(""), &Value::Null, &json!(""))
    );
    let person = with(minimal_customer(), json!({ "taxId": "CACX7605101P8", "taxSystem": "612" }));
    assert_eq!(
        created(&app, &person).await["type"],
        "Private",
        "an RFC of thirteen characters is a person's"
    );
    let said = with(person, json!({ "type": "Business" }));
    assert_eq!(created(&app, &said).await["type"], "Business", "unless somebody says otherwise");
    let foreign = json!({ "legalName": "Volt", "address": { "country": "DNK" }, "taxId": "1234567890123" });
    let foreign = created(&app, &foreign).await;
    assert_eq!((&foreign["type"], &foreign["taxSystem"]), (&json!("Business"), &json!("")));
    let generic = with(
        minimal_customer(),
        json!({ "taxId": "XAXX010101000", "taxSystem": "616", "defaultInvoiceUse": "S01" }),
    );
    assert_eq!(created(&app, &generic).await["warnings"], json!([]));
}

#[tokio::test]
async fn warnings_refuse_nothing() {
    let app = app().await;
    let odd = with(
        minimal_customer(),
        json!({ "taxId": "DUM901231AB3", "address": { "zip": "86500", "state": "SON" } }),
    );
    let warnings = created(&app, &odd).await["warnings"].clone();
    let codes: Vec<_> = warnings.as_array().unwrap().iter().map(|warning| warning["code"].clone()).collect();
    assert_eq!(codes, ["rfc_check_digit", "zip_not_in_state"]);
}

// 400

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once_and_where_the_body_has_it() {
    let app = app().await;
    let response = create(&app, &json!({})).await;
    assert_eq!(
        wrong(&response),
        pairs(&[
            ("/legalName", "required"),
            ("/taxId", "required"),
            ("/taxSystem", "required"),
            ("/address/zip", "required"),
        ])
    );
    let bad = json!({
        "legalName": "A|B", "taxId": "abc.101010.111", "taxSystem": "999", "email": "nobody", "defaultInvoiceUse": "P01",
        "addressZip": "6000", "addressCountry": "MEX", "externalId": "x".repeat(41), "metadata": { "": "x" },
        "phone": "5".repeat(301), "colour": "red",
    });
    assert_eq!(
        wrong(&create(&app, &bad).await),
        pairs(&[
            ("/phone", "too_long"),
            ("/colour", "unknown_field"),
            ("/legalName", "invalid_character"),
            ("/externalId", "too_long"),
            ("/email", "invalid_format"),
            ("/metadata", "invalid_key"),
            ("/taxId", "invalid_format"),
            ("/taxSystem", "unknown_value"),
            ("/defaultInvoiceUse", "unknown_value"),
            ("/addressZip", "invalid_format"),
        ])
    );
    let foreign = json!({ "legalName": "Volt", "address": { "country": "Danmark" }, "taxSystem": "601", "taxId": "x".repeat(41) });
    assert_eq!(
        wrong(&create(&app, &foreign).await),
        pairs(&[("/address/country", "unknown_value"), ("/taxId", "too_long")]),
        "what depends on the country is not looked at"
    );
    let both = with(nested(), json!({ "addressCity": "Huatabampo" }));
    assert_eq!(wrong(&create(&app, &both).await), pairs(&[("/address", "contradiction")]));
    assert_eq!(
        event_types(&app, demo::organization(demo::ACME)).await,
        Vec::<String>::new(),
        "nothing was written"
    );
}

#[tokio::test]
async fn tax_data_is_that_of_the_catalogues() {
    let app = app().await;
    for (changes, pointer, code) in [
        (json!({ "taxId": "ABC101310111" }), "/taxId", "invalid_date"),
        (json!({ "taxId": "ABC1010101111" }), "/taxId", "invalid_format"),
        (json!({ "taxSystem": "605" }), "/taxSystem", "tax_system_not_allowed_for_tax_id"),
        (json!({ "taxId": "CACX7605101P8" }), "/taxSystem", "tax_system_not_allowed_for_tax_id"),
        (json!({ "taxSystem": "609" }), "/taxSystem", "unknown_value"),
        (
            json!({ "defaultInvoiceUse": "D01" }),
            "/defaultInvoiceUse",
            "invoice_use_not_allowed_for_tax_system",
        ),
        (
            json!({ "taxSystem": "626", "defaultInvoiceUse": "CN01" }),
            "/defaultInvoiceUse",
            "invoice_use_not_allowed_for_tax_system",
        ),
        (json!({ "address": { "zip": "٠٦٠٠٠" } }), "/address/zip", "invalid_format"),
        (json!({ "legalName": " " }), "/legalName", "required"),
        (json!({ "legalName": "x".repeat(301) }), "/legalName", "too_long"),
        (json!({ "legalName": "a\u{0}b" }), "/legalName", "invalid_character"),
        (json!({ "parentId": "590ce6c56d04f840aa843000" }), "/parentId", "unknown_customer"),
        (json!({ "parentId": 4711 }), "/parentId", "unknown_customer"),
        (json!({ "parentId": "x" }), "/parentId", "invalid_value"),
        (json!({ "type": "Person" }), "/type", "unknown_value"),
        (json!({ "address": ["a"] }), "/address", "invalid_type"),
        (json!({ "address": { "zip": "06000", "planet": "Mars" } }), "/address/planet", "unknown_field"),
    ] {
        let response = create(&app, &with(minimal_customer(), changes.clone())).await;
        assert_eq!(wrong(&response), pairs(&[(pointer, code)]), "{changes}");
    }
    for (tax_id, system, invoice_use) in [
        ("ABC101010111", "626", "G03"),
        ("CACX7605101P8", "605", "CN01"),
        ("CACX7605101P8", "605", "D10"),
        ("ÑAB000229AA0", "601", "G02"),
        ("CACX7605101P8", "616", "S01"),
        ("&BC101010AA0", "610", "CP01"),
    ] {
        let body = json!({ "taxId": tax_id, "taxSystem": system, "defaultInvoiceUse": invoice_use });
        created(&app, &with(minimal_customer(), body)).await;
    }
}

#[tokio::test]
async fn a_record_has_a_size() {
    let app = app().await;
    let metadata = |length: usize| -> Map<String, Value> {
        (0..50).map(|key| (format!("key-{key}"), "ñ".repeat(length).into())).collect()
    };
    created(&app, &with(minimal_customer(), json!({ "metadata": metadata(250) }))).await;
    let response = create(&app, &with(minimal_customer(), json!({ "metadata": metadata(500) }))).await;
    assert_eq!(wrong(&response), pairs(&[("", "too_large")]));
    let response = create(&app, &with(minimal_customer(), json!({ "metadata": metadata(501) }))).await;
    assert!(wrong(&response).contains(&("/metadata".into(), "invalid_length".into())));
}

// 409

#[tokio::test]
async fn an_external_id_is_one_customers() {
    let app = app().await;
    let named = |id: &str| with(minimal_customer(), json!({ "externalId": id }));
    let first = created(&app, &named("crm-1")).await;
    assert_eq!(create(&app, &named("crm-1")).await.problem(), "409 external_id_taken");
    let second = created(&app, &named("CRM-1")).await;
    assert_eq!(
        update(&app, &second["id"], &json!({ "externalId": "crm-1" })).await.problem(),
        "409 external_id_taken"
    );
    let freed = update(&app, &first["id"], &json!({ "externalId": null })).await;
    assert_eq!((freed.status, &freed.json()["externalId"]), (200, &Value::Null));
    assert_eq!(update(&app, &second["id"], &json!({ "externalId": "crm-1" })).await.status, 200);
    let path = |id: &str| format!("{ACME}/customers/external/{id}");
    let found = app.get(&path("crm-1")).user(member()).send().await.json();
    assert_eq!(found["id"], second["id"]);
    assert_eq!(app.get(&path("CRM-1")).user(member()).send().await.problem(), "404 customer_not_found");
    let gone = format!("{ACME}/customers/{}", second["id"].as_str().unwrap());
    assert_eq!(app.call("DELETE", &gone).user(member()).send().await.status, 204);
    created(&app, &named("crm-1")).await;
    // Only one of several concurrent requests gets the external id.
    let body = with(minimal_customer(), json!({ "externalId": "one" }));
    let all = futures_util::future::join_all((0..16).map(|_| create(&app, &body))).await;
    let mut problems: Vec<u16> = all.iter().map(|response| response.status).collect();
    problems.sort_unstable();
    assert_eq!(problems, [vec![201], vec![409; 15]].concat());
}

// PUT

#[tokio::test]
async fn what_is_left_out_of_an_update_stays() {
    let app = app().await;
    let before = created(
        &app,
        &with(published(), json!({ "externalId": "x", "metadata": { "a": "1" }, "type": "CPO" })),
    )
    .await;
    let id = &before["id"];
    app.clock.advance(std::time::Duration::from_secs(5));
    let response =
        update(&app, id, &json!({ "address": { "interior": null }, "email": "new@example.com" })).await;
    assert_eq!(response.status, 200, "{response:?}");
    assert!(response.header("etag").starts_with("\"2."));
    let mut expected = before.clone();
    expected["email"] = json!("new@example.com");
    expected["address"]["interior"] = Value::Null;
    expected["updatedAt"] = json!("2026-01-15T12:00:05.000Z");
    assert_eq!(response.json(), expected);
    let flat = update(&app, id, &json!({ "addressCity": "Navojoa", "metadata": { "b": "2" } })).await.json();
    assert_eq!((&flat["address"]["city"], &flat["metadata"]), (&json!("Navojoa"), &json!({ "b": "2" })));
    // An update that changes no value writes nothing.
    let version = read_etag(&app, id).await;
    assert_eq!(update(&app, id, &json!({ "addressCity": "Navojoa" })).await.status, 200);
    assert_eq!(read_etag(&app, id).await, version);
    let events: Vec<String> = event_types(&app, demo::organization(demo::ACME)).await;
    assert_eq!(events, ["customer.updated", "customer.updated", "customer.created"]);
}

async fn read_etag(app: &TestApp, id: &Value) -> String {
    let path = format!("{ACME}/customers/{}", id.as_str().unwrap());
    app.get(&path).user(member()).send().await.header("etag").to_owned()
}

#[tokio::test]
async fn an_answer_can_be_changed_and_sent_back() {
    let app = app().await;
    for id in [demo::customers::DUNDER_MIFFLIN.into(), created(&app, &published()).await["id"].clone()] {
        let mut whole = read(&app, &id).await;
        assert_eq!(update(&app, &id, &whole).await.status, 200, "as it is");
        whole["phone"] = json!("5555550000");
        let response = update(&app, &id, &whole).await;
        assert_eq!((response.status, &response.json()["phone"]), (200, &json!("5555550000")), "{response:?}");
        // A body may contain the `warnings` of the response.
        let mut again = response.json();
        again["phone"] = Value::Null;
        assert_eq!(update(&app, &id, &again).await.json()["phone"], Value::Null);
        // Read-only fields must have their stored values.
        let mut other = read(&app, &id).await;
        other["number"] = json!(1);
        other["createdAt"] = json!("2020-01-01T00:00:00.000Z");
        let response = update(&app, &id, &other).await;
        assert_eq!(wrong(&response), pairs(&[("/createdAt", "read_only"), ("/number", "read_only")]));
    }
}

#[tokio::test]
async fn the_published_example_can_be_sent_back_to_the_letter() {
    let app = app().await;
    // The text of the published page, whose instants have no milliseconds.
    let text = r#"{
      "id": "590ce6c56d04f840aa8438af",
      "organizationId": "550e8400-e29b-41d4-a716-446655440000",
      "legalName": "Dunder Mifflin",
      "taxId": "DUM901231AB3",
      "taxSystem": "601",
      "email": "billing@dundermifflin.com",
      "phone": "6474010101",
      "defaultInvoiceUse": "G01",
      "address": {
        "street": "Blvd. Atardecer", "exterior": "142", "interior": null, "neighborhood": "Centro", "city": "Huatabampo",
        "municipality": "Huatabampo", "zip": "86500", "state": "Sonora", "country": "MEX"
      },
      "createdAt": "2025-01-26T10:00:00Z",
      "updatedAt": "2025-01-26T04:00:00-06:00"
    }"#;
    let mut published: Value = serde_json::from_str(text).unwrap();
    let id = json!(demo::customers::DUNDER_MIFFLIN);
    assert_eq!(update(&app, &id, &published).await.status, 200);
    assert_eq!(read_etag(&app, &id).await.split('.').next(), Some("\"1"), "nothing was written");
    published["createdAt"] = json!("2025-01-26T10:00:01Z");
    assert_eq!(wrong(&update(&app, &id, &published).await), pairs(&[("/createdAt", "read_only")]));
}

#[tokio::test]
async fn whoever_wrote_it_need_not_read_it_again() {
    let app = app().await;
    // The response has warnings, which are not part of the entity tag.
    let response = create(&app, &published()).await;
    let location = response.location();
    let get = |tag: &str| app.get(&location).user(member()).header("if-none-match", tag).send();
    assert_eq!(get(response.header("etag")).await.status, 304);
    let put = app.call("PUT", &location).user(member()).json(&json!({ "phone": "1" })).send().await;
    assert_eq!(get(response.header("etag")).await.status, 200);
    assert_eq!(get(put.header("etag")).await.status, 304);
}

#[tokio::test]
async fn an_update_needs_the_newest_version_where_it_names_one() {
    let app = app().await;
    let id = created(&app, &minimal_customer()).await["id"].clone();
    let path = format!("{ACME}/customers/{}", id.as_str().unwrap());
    let tag = read_etag(&app, &id).await;
    let put = |name: &str, tag: &str| {
        let call = app.call("PUT", &path).user(owner()).header("if-match", tag);
        call.json(&json!({ "legalName": name }))
    };
    assert_eq!(put("Uno", &tag).send().await.status, 200);
    assert_eq!(put("Dos", &tag).send().await.problem(), "412 precondition_failed");
    assert_eq!(put("Dos", "*").send().await.status, 200);
    let mut nonsense = app.call("PUT", &path).user(owner()).header("if-match", &tag);
    nonsense = nonsense.json(&json!({ "legalName": "" }));
    assert_eq!(nonsense.send().await.problem(), "400 invalid_request", "no version takes that");
}

#[tokio::test]
async fn a_change_is_held_to_the_rules_of_what_it_touches_only() {
    let app = app().await;
    // This customer comes from a dialect with fewer fields: it has no tax id and no tax system.
    let spirii = json!({
        "name": "Carga", "country": "MX", "type": "business", "ownerId": 3_559_189_708_800_000_u64, "contactDetails": {},
    });
    let number =
        app.call("POST", "/v2/customers").user(member()).json(&spirii).send().await.json()["id"].clone();
    let id = json!(number.to_string());
    assert_eq!(update(&app, &id, &json!({ "phone": "1" })).await.status, 200);
    let mut whole = read(&app, &id).await;
    whole["legalName"] = json!("Carga y Descarga");
    assert_eq!(update(&app, &id, &whole).await.status, 200, "empty fields sent back are no change");
    assert_eq!(
        wrong(&update(&app, &id, &json!({ "taxId": "nope" })).await),
        pairs(&[("/taxId", "invalid_format")])
    );
    assert_eq!(
        update(&app, &id, &json!({ "taxId": "ABC101010111", "taxSystem": "601", "addressZip": "06000" }))
            .await
            .status,
        200
    );
    for name in ["taxId", "taxSystem", "addressZip"] {
        for nothing in [json!(""), Value::Null] {
            let pointer = format!("/{name}");
            assert_eq!(
                wrong(&update(&app, &id, &json!({ name: nothing })).await),
                pairs(&[(&pointer, "required")])
            );
        }
    }
    // A customer that moves abroad must give up its tax system.
    let abroad = update(&app, &id, &json!({ "addressCountry": "USA" })).await;
    assert_eq!(wrong(&abroad), pairs(&[("/taxSystem", "not_applicable")]));
    let abroad = json!({ "addressCountry": "USA", "taxSystem": "", "taxId": "98-7654321", "addressZip": "10001-1234" });
    assert_eq!(update(&app, &id, &abroad).await.status, 200);
    assert_eq!(
        wrong(&update(&app, &id, &json!({ "address": { "country": "MEX" } })).await),
        pairs(&[
            ("/taxId", "invalid_format"),
            ("/address/zip", "invalid_format"),
            ("/taxSystem", "required"),
        ])
    );
}

#[tokio::test]
async fn a_cpo_stays_in_its_family() {
    let app = app().await;
    let id = created(&app, &with(minimal_customer(), json!({ "type": "CPO" }))).await["id"].clone();
    for kind in ["Private", "Business"] {
        assert_eq!(
            wrong(&update(&app, &id, &json!({ "type": kind })).await),
            pairs(&[("/type", "kind_fixed")])
        );
    }
    assert_eq!(update(&app, &id, &json!({ "type": "CPOSubsidiary" })).await.status, 200);
}

// Capacity units

/// Returns a customer whose item is 1.2 KB.
fn large_customer() -> Value {
    with(published(), json!({ "metadata": { "note": "x".repeat(450) } }))
}

#[tokio::test]
async fn writes_cost_what_the_contract_says() {
    let app = app().await;
    let post = |body: &Value| app.call("POST", &format!("{ACME}/customers")).user(member()).json(body);
    let units = |cost: &[(String, f64)]| {
        cost.iter().map(|(name, units)| format!("{name} {units}")).collect::<Vec<_>>()
    };
    assert_eq!(
        units(&cost(&app, post(&large_customer())).await),
        ["BatchGetItem 2", "TransactWriteItems 10"]
    );
    let named = with(large_customer(), json!({ "externalId": "units" }));
    assert_eq!(units(&cost(&app, post(&named)).await), ["BatchGetItem 2", "TransactWriteItems 12"]);
    let id =
        app.get(&format!("{ACME}/customers/external/units")).user(member()).send().await.json()["id"].clone();
    let path = format!("{ACME}/customers/{}", id.as_str().unwrap());
    app.clock.advance(std::time::Duration::from_secs(1));
    let put = |body: Value| app.call("PUT", &path).user(member()).json(&body);
    // The update time is part of an index key, so the old index entry is deleted and a new one is written.
    assert_eq!(
        units(&cost(&app, put(json!({ "phone": "1" }))).await),
        ["BatchGetItem 3", "TransactWriteItems 8"]
    );
    app.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(
        units(&cost(&app, put(json!({ "externalId": "other" }))).await),
        ["BatchGetItem 3", "TransactWriteItems 12"]
    );
    assert_eq!(
        units(&cost(&app, app.call("DELETE", &path).user(member())).await),
        ["BatchGetItem 3", "TransactWriteItems 12"]
    );
}
