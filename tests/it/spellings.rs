//! Tests that equivalent spellings are treated alike: surrounding spaces, letter case, hyphens. Ambiguous values are refused.

use padron_testkit::{TestApp, TestResponse};
use serde_json::{Value, json};

use crate::support::{ACME, app, member, owner, pairs, wrong};

fn mexican(changes: &Value) -> Value {
    let mut body = json!({ "legalName": "Dunder Mifflin", "taxId": "DUM901231AB3", "taxSystem": "601", "address": { "zip": "86500" } });
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

async fn create(app: &TestApp, body: &Value) -> TestResponse {
    app.call("POST", &format!("{ACME}/customers")).user(member()).json(body).send().await
}

async fn created(app: &TestApp, body: &Value) -> Value {
    let response = create(app, body).await;
    assert_eq!(response.status, 201, "{body}: {}", response.text);
    response.json()
}

async fn put(app: &TestApp, customer: &Value, body: &Value) -> TestResponse {
    let path = format!("{ACME}/customers/{}", customer["id"].as_str().unwrap());
    app.call("PUT", &path).user(member()).json(body).send().await
}

fn codes(customer: &Value) -> Vec<(&str, &str)> {
    let warnings = customer["warnings"].as_array().unwrap();
    warnings.iter().map(|one| (one["pointer"].as_str().unwrap(), one["code"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn a_tax_id_is_stored_in_one_spelling() {
    let app = app().await;
    for (sent, stored) in [
        ("dum901231ab3", "DUM901231AB3"),
        (" DUM901231AB3 ", "DUM901231AB3"),
        ("DUM-901231-AB3", "DUM901231AB3"),
        ("DUM 901231 AB3", "DUM901231AB3"),
        ("dum\u{2010}901231\u{a0}ab3\u{200b}", "DUM901231AB3"),
        ("\tDUM901231AB3\r\n", "DUM901231AB3"),
        ("N\u{303}UM901231AB3", "ÑUM901231AB3"),
        ("ñum901231ab3", "ÑUM901231AB3"),
        ("d&m901231ab3", "D&M901231AB3"),
    ] {
        let timbrix = created(&app, &mexican(&json!({ "taxId": sent }))).await;
        assert_eq!((&timbrix["taxId"], &timbrix["type"]), (&json!(stored), &json!("Business")), "{sent:?}");
        let spirii = json!({
            "name": "Dunder", "type": "Business", "country": "mx", "contactDetails": {}, "ownerId": timbrix["number"],
            "billingDetails": { "vatNumber": sent, "zipCode": "86500" },
        });
        let spirii = app.call("POST", "/v2/customers").user(member()).json(&spirii).send().await;
        assert_eq!(spirii.status, 201, "{}", spirii.text);
        assert_eq!(spirii.json()["billingDetails"]["vatNumber"], stored, "{sent:?}");
        let path = format!("{ACME}/customers/{}", timbrix["id"].as_str().unwrap());
        let before = app.get(&path).user(member()).send().await;
        let again = put(&app, &timbrix, &json!({ "taxId": sent })).await;
        assert_eq!(again.header("etag"), before.header("etag"), "{sent:?}: nothing has changed");
    }
    let person = json!({ "taxId": "cacx-760510-1p8", "taxSystem": "605" });
    assert_eq!(
        created(&app, &mexican(&person)).await["type"],
        "Private",
        "13 characters, without the hyphens"
    );
    for other in
        ["DUM.901231.AB3", "DUM/901231AB3", "DÚM901231AB3", "DUM901231AB", "DUM901231ÄB3", "ßUM901231AB3"]
    {
        let response = create(&app, &mexican(&json!({ "taxId": other }))).await;
        assert_eq!(wrong(&response), pairs(&[("/taxId", "invalid_format")]), "{other}");
    }
    let foreign = json!({ "legalName": "Volt", "taxId": " dk-12 34 ", "address": { "country": "dnk" } });
    let foreign = created(&app, &foreign).await;
    assert_eq!(
        (&foreign["taxId"], &foreign["address"]["country"]),
        (&json!("dk-12 34"), &json!("DNK")),
        "free text"
    );
}

#[tokio::test]
async fn texts_lose_what_is_blank_at_their_ends_and_nothing_inside() {
    let app = app().await;
    let blank = [" ", "\u{a0}", "\u{200b}", "\u{feff}", "\t", "\u{2003}", "\r\n", "\u{2060}"];
    for around in blank {
        let text = |text: &str| json!(format!("{around}{text}{around}"));
        let body = mexican(&json!({
            "legalName": text("Dunder  Mifflin"), "taxSystem": text("601"), "email": text("a@b.example"), "phone": text("55 1234"),
            "defaultInvoiceUse": text("g03"), "externalId": text(&format!("id {:x}", around.chars().next().unwrap() as u32)),
            "address": { "zip": text("86500"), "street": text("Calle  1"), "country": text("mex") },
            "metadata": { " k ": " v " },
        }));
        let customer = created(&app, &body).await;
        assert_eq!(customer["legalName"], "Dunder  Mifflin", "{around:?}");
        assert_eq!(customer["email"], "a@b.example");
        assert_eq!(customer["phone"], "55 1234");
        assert_eq!((&customer["taxSystem"], &customer["defaultInvoiceUse"]), (&json!("601"), &json!("G03")));
        assert_eq!(customer["externalId"], format!("id {:x}", around.chars().next().unwrap() as u32));
        let address = &customer["address"];
        assert_eq!(
            (&address["zip"], &address["street"], &address["country"]),
            (&json!("86500"), &json!("Calle  1"), &json!("MEX"))
        );
        assert_eq!(customer["metadata"], json!({ " k ": " v " }), "the caller's own");
        assert_eq!(codes(&customer), [("/taxId", "rfc_check_digit")]);
    }
    for name in ["", " ", "\u{a0}\u{200b}"] {
        assert_eq!(
            wrong(&create(&app, &mexican(&json!({ "legalName": name }))).await),
            pairs(&[("/legalName", "required")])
        );
    }
    // Surrounding blanks do not count toward the maximum length.
    let long = format!(" {} ", "x".repeat(300));
    assert_eq!(
        created(&app, &mexican(&json!({ "legalName": long }))).await["legalName"].as_str().unwrap().len(),
        300
    );
    let organization = json!({ "name": "\u{a0} Mía \u{200b}", "slug": " mia ", "timezone": " Europe/Madrid ", "logo": " https://x.example/ " });
    let organization =
        app.call("POST", "/organizations").user(owner()).json(&organization).send().await.json();
    assert_eq!((&organization["name"], &organization["slug"]), (&json!("Mía"), &json!("mia")));
    assert_eq!(
        (&organization["timezone"], &organization["logo"]),
        (&json!("Europe/Madrid"), &json!("https://x.example/"))
    );
    let invitation = json!({ "email": " New@Person.example\u{a0}", "role": "member" });
    let invite =
        app.call("POST", &format!("{ACME}/members/invite")).user(owner()).json(&invitation).send().await;
    assert_eq!(invite.json()["email"], "new@person.example");
    let path = "/customer/create";
    let token = app.token(owner());
    let person = json!({ "customerType": " Person ", "customerName": "\u{a0}Ana ", "person": { "firstName": { "name": " Ana " } } });
    let call = app
        .call("POST", path)
        .bearer(&token)
        .header("token", &token)
        .header("tenantid", padron_local::demo::ACME);
    let customer = call.json(&person).send().await.json()["customer"].clone();
    assert_eq!(
        (&customer["customerName"], &customer["person"]["firstName"]["name"]),
        (&json!("Ana"), &json!("Ana"))
    );
}

#[tokio::test]
async fn what_cannot_be_seen_inside_a_name_is_a_warning() {
    let app = app().await;
    for name in [
        "Dunder\u{a0}Mifflin",
        "Dunder\u{200b}Mifflin",
        "Dunder\u{ad}Mifflin",
        "Dunder\u{2009}Mifflin",
        "Dun\u{feff}der",
        "a\u{200e}b",
    ] {
        let customer = created(&app, &mexican(&json!({ "legalName": name, "taxId": "ABC101010111" }))).await;
        assert_eq!(customer["legalName"], name, "as it was sent");
        assert_eq!(codes(&customer), [("/legalName", "invisible_character")], "{name:?}");
    }
    for name in ["Dunder Mifflin", "Ñandú & Söhne", "名前", "O'Brien-Łódź"] {
        let customer = created(&app, &mexican(&json!({ "legalName": name, "taxId": "ABC101010111" }))).await;
        assert_eq!(codes(&customer), [], "{name:?}");
    }
    for name in ["a\u{202e}b", "a\u{2066}b", "a\0b", "a\nb", "a\u{1b}b", "a|b"] {
        let response = create(&app, &mexican(&json!({ "legalName": name }))).await;
        assert_eq!(wrong(&response), pairs(&[("/legalName", "invalid_character")]), "{name:?}");
    }
}

#[tokio::test]
async fn generic_tax_ids_go_with_the_regime_of_those_without_obligations() {
    let app = app().await;
    for rfc in ["XAXX010101000", "XEXX010101000", "xaxx-010101-000"] {
        for (system, invoice_use, refused) in [
            ("616", "S01", None),
            ("616", "CP01", None),
            ("616", "", None),
            ("616", "G03", Some(("/defaultInvoiceUse", "invoice_use_not_allowed_for_tax_id"))),
            ("616", "D01", Some(("/defaultInvoiceUse", "invoice_use_not_allowed_for_tax_id"))),
            ("612", "S01", Some(("/taxSystem", "tax_system_not_allowed_for_tax_id"))),
            ("601", "", Some(("/taxSystem", "tax_system_not_allowed_for_tax_id"))),
            ("605", "", Some(("/taxSystem", "tax_system_not_allowed_for_tax_id"))),
        ] {
            let body =
                mexican(&json!({ "taxId": rfc, "taxSystem": system, "defaultInvoiceUse": invoice_use }));
            let response = create(&app, &body).await;
            match refused {
                None => assert_eq!(response.status, 201, "{body}: {}", response.text),
                Some(refused) => {
                    assert_eq!(wrong(&response), pairs(&[refused]), "{body}");
                    let detail = response.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
                    assert!(
                        detail.contains("616") || detail.contains("S01"),
                        "it says what goes with it: {detail}"
                    );
                }
            }
        }
        let both = mexican(&json!({ "taxId": rfc, "taxSystem": "612", "defaultInvoiceUse": "G03" }));
        assert_eq!(wrong(&create(&app, &both).await).len(), 2, "all at once");
    }
    // An RFC that is not generic may have what the catalogues allow.
    let own = json!({ "taxId": "CACX7605101P8", "taxSystem": "616", "defaultInvoiceUse": "S01" });
    created(&app, &mexican(&own)).await;
}

#[tokio::test]
async fn foreigners_take_what_the_tax_authority_prescribes_for_them() {
    let app = app().await;
    for (system, invoice_use, refused) in [
        (json!("616"), json!("S01"), None),
        (json!("616"), json!("CP01"), None),
        (json!("616"), json!("s01"), None),
        (json!("616"), json!(null), None),
        (json!(null), json!("S01"), None),
        (json!(null), json!(null), None),
        (json!(""), json!(""), None),
        (json!("601"), json!("S01"), Some("/taxSystem")),
        (json!("612"), json!(null), Some("/taxSystem")),
        (json!("616"), json!("G03"), Some("/defaultInvoiceUse")),
        (json!(null), json!("G01"), Some("/defaultInvoiceUse")),
        (json!("616"), json!("X"), Some("/defaultInvoiceUse")),
    ] {
        for country in ["USA", "usa", "DNK"] {
            let body = json!({
                "legalName": "Volt", "taxId": "DK 1", "address": { "country": country }, "taxSystem": system, "defaultInvoiceUse": invoice_use,
            });
            let response = create(&app, &body).await;
            match refused {
                Some(pointer) => {
                    assert_eq!(wrong(&response), pairs(&[(pointer, "not_applicable")]), "{body}");
                }
                None => {
                    assert_eq!(response.status, 201, "{body}: {}", response.text);
                    let customer = response.json();
                    let text = |value: &Value| json!(value.as_str().unwrap_or_default().to_uppercase());
                    assert_eq!(
                        (&customer["taxSystem"], &customer["defaultInvoiceUse"]),
                        (&text(&system), &text(&invoice_use))
                    );
                }
            }
        }
    }
    // A customer that moves abroad cannot keep values that do not apply there.
    let customer = created(&app, &mexican(&json!({ "defaultInvoiceUse": "G03" }))).await;
    let moved = put(&app, &customer, &json!({ "address": { "country": "USA" } })).await;
    assert_eq!(
        wrong(&moved),
        pairs(&[("/taxSystem", "not_applicable"), ("/defaultInvoiceUse", "not_applicable")])
    );
    let moved = json!({ "address": { "country": "USA" }, "taxSystem": "616", "defaultInvoiceUse": "S01" });
    assert_eq!(put(&app, &customer, &moved).await.status, 200);
}

#[tokio::test]
async fn a_country_that_is_none_is_the_only_thing_that_is_told() {
    let app = app().await;
    for country in ["MX", "mx", "México", "XXX", "MEXX", "1"] {
        let body = json!({
            "legalName": "Dunder", "taxId": "DUM901231AB3", "taxSystem": "601", "defaultInvoiceUse": "G03",
            "address": { "zip": "86500", "country": country },
        });
        let response = create(&app, &body).await;
        assert_eq!(wrong(&response), pairs(&[("/address/country", "unknown_value")]), "{country}");
        assert!(response.text.contains("ISO 3166-1 alpha-3"), "{}", response.text);
    }
    for country in ["MEX", "mex", " Mex "] {
        let address = json!({ "address": { "zip": "86500", "country": country } });
        assert_eq!(created(&app, &mexican(&address)).await["address"]["country"], "MEX");
    }
}

#[tokio::test]
async fn a_zip_of_no_state_is_a_warning_with_a_state_and_without() {
    let app = app().await;
    for (zip, state, code) in [
        ("00000", "", Some("zip_unknown")),
        ("00000", "Sonora", Some("zip_unknown")),
        ("00999", "", Some("zip_unknown")),
        ("17500", "CDMX", Some("zip_unknown")),
        ("86500", "Sonora", Some("zip_not_in_state")),
        ("86500", "Tabasco", None),
        ("86500", "", None),
        ("01000", "", None),
        ("99999", "", None),
    ] {
        let body = mexican(&json!({ "taxId": "ABC101010111", "address": { "zip": zip, "state": state } }));
        let customer = created(&app, &body).await;
        let expected: Vec<_> = code.map(|code| ("/address/zip", code)).into_iter().collect();
        assert_eq!(codes(&customer), expected, "{zip} {state}");
    }
}

#[tokio::test]
async fn a_country_in_unknown_words_leaves_the_one_that_is_known() {
    let app = app().await;
    let token = app.token(owner());
    let customer = created(&app, &mexican(&json!({}))).await;
    let path = format!("/customer/update/{}", customer["id"].as_str().unwrap());
    for (given, is_known) in
        [("Mexcio", false), ("Middle-earth", false), ("México", true), ("mex", true), (" MEXICO ", true)]
    {
        let body =
            json!({ "person": { "addresses": [{ "address": { "country": given, "zipCode": "86500" } }] } });
        let call = app
            .call("PUT", &path)
            .bearer(&token)
            .header("token", &token)
            .header("tenantid", padron_local::demo::ACME);
        let response = call.json(&body).send().await;
        assert_eq!(response.status, 200, "{}", response.text);
        let response = response.json();
        let warned =
            response["warnings"].as_array().unwrap().iter().any(|one| one["code"] == "unknown_country");
        assert_eq!(warned, !is_known, "{given}: {response}");
        assert_eq!(
            response["customer"]["person"]["addresses"][0]["address"]["country"],
            given.trim(),
            "as it was given"
        );
        let renamed = put(&app, &customer, &json!({ "legalName": format!("Told {given}") })).await;
        assert_eq!(codes(&renamed.json()), [("/taxId", "rfc_check_digit")], "{given}: where no one wrote it");
        let timbrix = put(&app, &customer, &json!({ "taxSystem": "999" })).await;
        assert_eq!(
            wrong(&timbrix),
            pairs(&[("/taxSystem", "unknown_value")]),
            "{given}: the rules still hold"
        );
        let stored = put(&app, &customer, &json!({})).await.json();
        assert_eq!(stored["address"]["country"], "MEX");
    }
    // After another dialect has changed the country, the earlier text is no longer shown.
    let moved = json!({ "address": { "country": "USA" }, "taxSystem": null, "taxId": "1" });
    assert_eq!(put(&app, &customer, &moved).await.status, 200);
    let path = format!("/customer/getDetailsById/{}", customer["id"].as_str().unwrap());
    let call =
        app.get(&path).bearer(&token).header("token", &token).header("tenantid", padron_local::demo::ACME);
    assert_eq!(call.send().await.json()["customer"]["person"]["addresses"][0]["address"]["country"], "USA");
}

#[tokio::test]
async fn a_type_is_changed_and_never_taken_away() {
    let app = app().await;
    let customer = created(&app, &mexican(&json!({}))).await;
    let path = format!("/v2/customers/{}", customer["number"]);
    let spirii = async |body: Value| app.call("PUT", &path).user(member()).json(&body).send().await;
    assert_eq!(wrong(&spirii(json!({ "type": null })).await), pairs(&[("/type", "required")]));
    for (text, kind) in [("private", "Private"), ("BUSINESS", "Business"), (" Business ", "Business")] {
        assert_eq!(spirii(json!({ "type": text })).await.json()["type"], kind);
    }
}

#[tokio::test]
async fn a_url_is_stored_as_it_is_serialized_or_refused() {
    let app = app().await;
    let put =
        async |logo: &str| app.call("PUT", ACME).user(owner()).json(&json!({ "logo": logo })).send().await;
    for (sent, stored) in [
        ("HTTPS://x.example/a", "https://x.example/a"),
        ("https://x.example/\"><script>", "https://x.example/%22%3E%3Cscript%3E"),
        (" https://X.example:443 ", "https://x.example/"),
        ("https://x.example/a b?c=d e", "https://x.example/a%20b?c=d%20e"),
        ("https://peña.example/ñ", "https://xn--pea-8ma.example/%C3%B1"),
    ] {
        let response = put(sent).await;
        assert_eq!((response.status, &response.json()["logo"]), (200, &json!(stored)), "{sent}");
    }
    for sent in [
        "https:///x",
        "https://@x",
        "https://x.example\\@evil.example/",
        "https://user:password@x.example/",
        "https:x.example",
        "http://x.example/",
        "javascript:alert(1)",
        "https://",
        "x.example",
    ] {
        assert_eq!(wrong(&put(sent).await), pairs(&[("/logo", "invalid_format")]), "{sent}");
    }
}

#[tokio::test]
async fn a_name_given_twice_is_refused_wherever_it_stands() {
    let app = app().await;
    let customers = format!("{ACME}/customers");
    for (method, path, body, pointer) in [
        ("POST", &*customers, r#"{"legalName":"A","legalName":"B"}"#, "/legalName"),
        ("POST", &*customers, r#"{"legalName":"A","metadata":{"k":"1","k":"2"}}"#, "/metadata/k"),
        ("POST", &*customers, r#"{"legalName":"A","address":{"zip":"06000","zip":"06001"}}"#, "/address/zip"),
        ("POST", &*customers, r#"{"legalName":"A","unknown":1,"unknown":2}"#, "/unknown"),
        (
            "POST",
            "/organizations",
            r#"{"name":"ABC","slug":"abc","metadata":{"k":"1","k":"1"}}"#,
            "/metadata/k",
        ),
        ("POST", "/organizations", r#"{"name":"ABC","slug":"abc","slug":"abd"}"#, "/slug"),
        ("PUT", ACME, r#"{"metadata":{"a/b":"1","a/b":"2"}}"#, "/metadata/a~1b"),
        ("PUT", ACME, r#"{"name":"ABC","name":"ABD"}"#, "/name"),
        (
            "POST",
            "/v2/customers",
            r#"{"contactDetails":{"email":"a@b.example","email":"b@b.example"}}"#,
            "/contactDetails/email",
        ),
        ("POST", "/invitations/accept", r#"{"token":"a","token":"b"}"#, "/token"),
    ] {
        let call = app.call(method, path).user(owner()).header("content-type", "application/json").body(body);
        assert_eq!(wrong(&call.send().await), pairs(&[(pointer, "duplicate_field")]), "{body}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_named_for_what_it_is() {
    let app = app().await;
    let post = async |body: &[u8], headers: &[(&str, &str)]| {
        let mut call = app.call("POST", &format!("{ACME}/customers")).user(member());
        for (name, value) in headers {
            call = call.header(name, value);
        }
        call.body(body).send().await
    };
    const JSON: (&str, &str) = ("content-type", "application/json");
    let foreign = r#"{"legalName":"Marked","address":{"country":"USA"}}"#;
    assert_eq!(post(format!("\u{feff}{foreign}").as_bytes(), &[JSON]).await.status, 201, "a byte order mark");
    let number = post(br#"{"legalName":"A","locations":[1e400]}"#, &[JSON]).await;
    assert_eq!(wrong(&number), pairs(&[("/locations/0", "out_of_range")]));
    for encoding in ["gzip", "br", "deflate", "zstd", "GZIP", "gzip, identity"] {
        let response = post(foreign.as_bytes(), &[JSON, ("content-encoding", encoding)]).await;
        assert_eq!(response.problem(), "415 unsupported_media_type", "{encoding}");
        assert_eq!(response.json()["errors"][0]["pointer"], "/headers/Content-Encoding");
    }
    assert_eq!(post(foreign.as_bytes(), &[JSON, ("content-encoding", "identity")]).await.status, 201);
    for (sent, named) in [
        ("first_name=x", "/query/first_name"),
        ("filter%5Bname%5D=x", "/query/filter[name]"),
        ("filter[name]=x", "/query/filter[name]"),
        ("a/b=x", "/query/a~1b"),
        ("a~b=x", "/query/a~0b"),
        ("$top=x", "/query/$top"),
        ("legal-name=x", "/query/legal-name"),
        ("a.b=x", "/query/a.b"),
        ("hunter2%20hunter2=x", "/query"),
        ("%3Cscript%3E=x", "/query"),
        (&format!("{}=x", "a".repeat(41)), "/query"),
    ] {
        let response = app.get(&format!("{ACME}/customers?{sent}")).user(member()).send().await;
        assert_eq!(wrong(&response), pairs(&[(named, "unknown_parameter")]), "{sent}");
    }
}
