//! Tests of the fiscal profile: legal data, customization, receipts, self-invoicing, and the SAT catalogues.

use futures_util::future::join_all;
use padron_domain::{InvoiceUse, Role, TaxSystem};
use padron_local::demo;
use padron_testkit::{TestApp, TestResponse};
use serde_json::{Value, json};

use crate::support::{
    ACME, admin, api_key, app, event_types, globex_owner, install_key, member, owner, stored, wrong,
};

const GLOBEX: &str = "/organizations/660e8400-e29b-41d4-a716-446655440000";

async fn put(app: &TestApp, path: &str, body: &Value) -> TestResponse {
    app.call("PUT", path).user(owner()).json(body).send().await
}

/// Returns the codes of the warnings of a response.
fn warnings(response: &TestResponse) -> Vec<String> {
    let warnings = response.json()["warnings"].take();
    warnings.as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect()
}

fn pending(organization: &Value) -> Vec<&str> {
    let steps = organization["pending_steps"].as_array().unwrap();
    steps.iter().map(|step| step["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn legal_data_is_changed_field_by_field() {
    let app = app().await;
    let before = app.get(ACME).user(owner()).send().await;
    let path = format!("{ACME}/legal");
    let response = put(&app, &path, &json!({ "name": " La Empresa ", "phone": "(647) 401-0101" })).await;
    assert_eq!(response.status, 200, "{response:?}");
    let after = response.json();
    assert_eq!(
        (&after["legal"]["name"], &after["legal"]["phone"]),
        (&json!("La Empresa"), &json!("(647) 401-0101"))
    );
    assert_eq!(after["legal"]["legal_name"], before.json()["legal"]["legal_name"]);
    assert_eq!(after["name"], "Acme Corp", "the account keeps its name");
    assert_eq!(
        warnings(&response),
        ["zip_not_in_state"],
        "the published example has a postal code of Tabasco in Sonora"
    );
    // The entity tag is that of the organization.
    let read = app.get(ACME).user(member()).send().await;
    assert_eq!(read.header("etag"), response.header("etag"));
    let event = app.get(&format!("{ACME}/events")).user(owner()).send().await.json();
    assert_eq!(event[0]["data"]["fields"], json!(["legal.name", "legal.phone"]));
    // What is sent back as it was read changes nothing, and neither does an unknown state of things.
    let mut legal = after["legal"].clone();
    let unchanged = put(&app, &path, &legal).await;
    assert_eq!((unchanged.status, unchanged.header("etag")), (200, response.header("etag")), "{unchanged:?}");
    legal["rfc"] = json!("ABC101010111");
    assert_eq!(wrong(&put(&app, &path, &legal).await), [("/rfc".into(), "read_only".into())]);
    // A postal code stands in two places of what is read, and is changed in one.
    let mut legal = after["legal"].clone();
    legal["address"]["zip"] = json!("85900");
    let moved = put(&app, &path, &legal).await;
    assert_eq!((moved.status, &moved.json()["legal"]["zip"]), (200, &json!("85900")), "{moved:?}");
    assert!(warnings(&moved).is_empty());
    legal["zip"] = json!("85901");
    assert_eq!(wrong(&put(&app, &path, &legal).await), [("/zip".into(), "read_only".into())]);
    // Null clears, and so does nothing at all.
    let cleared =
        put(&app, &path, &json!({ "website": null, "phone": "", "address": { "interior": null } })).await;
    let legal = &cleared.json()["legal"];
    assert!(legal.get("website").is_none() && legal.get("phone").is_none(), "{legal}");
    assert!(
        legal["address"].get("interior").is_none() && legal["address"]["street"] == "Blvd. Atardecer",
        "{legal}"
    );
    let cleared = put(&app, &path, &json!({ "address": null })).await.json();
    assert_eq!((&cleared["legal"]["address"], cleared["legal"].get("zip")), (&json!({}), None));
    // A response can be sent back whole, to where the organization itself is changed.
    let mut whole = cleared.clone();
    whole["name"] = json!("Acme Corporation");
    assert_eq!(put(&app, ACME, &whole).await.json()["name"], "Acme Corporation");
}

#[tokio::test]
async fn legal_data_that_is_not_right_changes_nothing() {
    let app = app().await;
    let path = format!("{ACME}/legal");
    let before = stored(&app, demo::ACME).await;
    for (body, expected) in [
        (json!({ "name": "a".repeat(101) }), "/name invalid_length"),
        (json!({ "name": "a\u{202e}b" }), "/name invalid_character"),
        (json!({ "legal_name": "a".repeat(251) }), "/legal_name invalid_length"),
        (json!({ "legal_name": "a|b" }), "/legal_name invalid_character"),
        (json!({ "tax_system": "609" }), "/tax_system unknown_value"),
        // The RFC of Acme is a company's.
        (json!({ "tax_system": "605" }), "/tax_system tax_system_not_allowed_for_tax_id"),
        (json!({ "website": "acme" }), "/website invalid_format"),
        (json!({ "website": "javascript:alert(1)" }), "/website invalid_format"),
        (json!({ "support_email": "a@b" }), "/support_email invalid_format"),
        (json!({ "phone": "123456789" }), "/phone invalid_length"),
        (json!({ "phone": "123456789012345678901" }), "/phone invalid_length"),
        (json!({ "phone": "call me maybe" }), "/phone invalid_character"),
        (json!({ "address": { "zip": "1234" } }), "/address/zip invalid_format"),
        (json!({ "address": { "street": "a".repeat(101) } }), "/address/street invalid_length"),
        (json!({ "address": { "country": "MEX" } }), "/address/country unknown_field"),
        (json!({ "tax_id": "ABC101010111" }), "/tax_id unknown_field"),
        (json!({ "support_email_verified": true }), "/support_email_verified unknown_field"),
        (json!({ "rfc": null }), "/rfc read_only"),
        (json!({ "name": 1 }), "/name invalid_type"),
    ] {
        let response = put(&app, &path, &body).await;
        assert_eq!(response.status, 400, "{body}");
        let found: Vec<String> = wrong(&response).iter().map(|(at, code)| format!("{at} {code}")).collect();
        assert_eq!((response.status, found), (400, vec![expected.to_owned()]), "{body}");
    }
    assert_eq!(stored(&app, demo::ACME).await, before);
    let response =
        app.call("PUT", &path).user(owner()).header("if-match", "\"9.x\"").json(&json!({ "name": "a" }));
    assert_eq!(response.send().await.problem(), "412 precondition_failed");
    for part in ["customization", "receipts", "self-invoice"] {
        let path = format!("{ACME}/{part}");
        let response = app.call("PUT", &path).user(owner()).header("if-match", "\"9.x\"").json(&json!({}));
        assert_eq!(response.send().await.problem(), "412 precondition_failed", "{part}");
    }
    for who in [admin(), member()] {
        let response = app.call("PUT", &path).user(who).json(&json!({ "name": "a" })).send().await;
        assert_eq!(response.problem(), "403 insufficient_role");
    }
}

#[tokio::test]
async fn a_new_organization_says_what_it_lacks() {
    let app = app().await;
    let organization = app.get(GLOBEX).user(globex_owner()).send().await.json();
    assert_eq!(
        (&organization["is_production_ready"], pending(&organization)),
        (&json!(false), vec!["legal", "certificate", "logo"])
    );
    let put = async |body: Value| {
        let call = app.call("PUT", &format!("{GLOBEX}/legal")).user(globex_owner());
        call.json(&body).send().await.json()
    };
    // The three that the step is about, one after the other. The RFC comes with the certificate.
    let steps = [
        (json!({ "legal_name": "Globex" }), true),
        (json!({ "tax_system": "605" }), true),
        (json!({ "address": { "zip": "06000" } }), false),
    ];
    for (body, is_pending) in steps {
        let organization = put(body).await;
        assert_eq!(pending(&organization).contains(&"legal"), is_pending, "{organization}");
    }
    let organization = put(json!({ "legal_name": null })).await;
    assert!(pending(&organization).contains(&"legal"));
}

#[tokio::test]
async fn a_new_support_address_is_not_verified() {
    let app = app().await;
    let legal = format!("{ACME}/legal");
    let own = put(&app, &legal, &json!({ "support_email": "SOPORTE@miempresa.com" })).await.json();
    assert_eq!(own["self_invoice"]["support_email_verified"], true, "it is the same address");
    let other = put(&app, &legal, &json!({ "support_email": "ayuda@miempresa.com" })).await.json();
    assert_eq!(other["self_invoice"]["support_email"], "ayuda@miempresa.com");
    assert_eq!(other["self_invoice"]["support_email_verified"], false);
    let path = format!("{ACME}/self-invoice");
    let verified = put(&app, &path, &json!({ "support_email_verified": true })).await;
    assert_eq!(wrong(&verified), [("/support_email_verified".into(), "read_only".into())]);
    let again = put(&app, &path, &json!({ "support_email": "soporte@miempresa.com" })).await.json();
    assert_eq!(again["self_invoice"]["support_email_verified"], false);
    let none = put(&app, &path, &json!({ "support_email": null })).await.json();
    assert!(none["self_invoice"].get("support_email").is_none());
}

#[tokio::test]
async fn settings_are_changed_and_reset() {
    let app = app().await;
    let as_admin = async |part: &str, body: &Value| {
        let response = app.call("PUT", &format!("{ACME}/{part}")).user(admin()).json(body).send().await;
        assert_eq!((response.status, warnings(&response)), (200, vec![]), "{response:?}");
        response.json()
    };
    let changed = as_admin(
        "customization",
        &json!({ "color": "#bada55", "next_folio_number": 9_007_199_254_740_991_u64, "pdf_extra": { "codes": false, "repeat_signature": true } }),
    )
    .await;
    let customization = &changed["customization"];
    assert_eq!(
        (&customization["color"], &customization["next_folio_number_test"]),
        (&json!("bada55"), &json!(123))
    );
    assert_eq!(
        (&customization["pdf_extra"]["codes"], &customization["pdf_extra"]["product_key"]),
        (&json!(false), &json!(true))
    );
    let events = app.get(&format!("{ACME}/events")).user(owner()).send().await.json();
    assert_eq!(
        events[0]["data"]["fields"],
        json!([
            "customization.color",
            "customization.next_folio_number",
            "customization.pdf_extra.codes",
            "customization.pdf_extra.repeat_signature"
        ])
    );
    assert_eq!(as_admin("customization", customization).await["customization"], *customization);
    let reset =
        as_admin("customization", &json!({ "color": null, "next_folio_number": null, "pdf_extra": null }))
            .await;
    assert_eq!(
        reset["customization"],
        json!({
            "has_logo": true, "next_folio_number": 1, "next_folio_number_test": 123,
            "pdf_extra": {
                "codes": true, "address_codes": true, "product_key": true, "round_unit_price": false, "tax_breakdown": true,
                "ieps_breakdown": true, "render_carta_porte": false, "repeat_signature": false,
            },
        })
    );
    let receipts =
        as_admin("receipts", &json!({ "periodicity": "month", "duration_days": 0, "next_folio_number": 5 }))
            .await;
    assert_eq!(
        receipts["receipts"],
        json!({ "periodicity": "month", "duration_days": 0, "next_folio_number": 5, "next_folio_number_test": 123 })
    );
    let reset = as_admin(
        "receipts",
        &json!({ "periodicity": null, "duration_days": null, "next_folio_number": null }),
    )
    .await;
    assert_eq!(reset["receipts"]["duration_days"], 7);
    let uses = json!({ "allowed_cfdi_uses": ["s01", "G03", "G03"], "apply_resico_isr": false });
    let changed = as_admin("self-invoice", &uses).await;
    assert_eq!(changed["self_invoice"]["allowed_cfdi_uses"], json!(["G03", "S01"]));
    let all = as_admin("self-invoice", &json!({ "allowed_cfdi_uses": null, "apply_resico_isr": true })).await;
    assert_eq!(
        (&all["self_invoice"]["allowed_cfdi_uses"], &all["self_invoice"]["apply_resico_isr"]),
        (&json!([]), &json!(true))
    );
    // A new organization has the defaults.
    let body = json!({ "name": "New", "slug": "new-one" });
    let new = app.call("POST", "/organizations").user(owner()).json(&body).send().await.json();
    assert_eq!(new["customization"]["pdf_extra"], reset_extra());
    assert_eq!(
        new["receipts"],
        json!({ "periodicity": "month", "duration_days": 7, "next_folio_number": 1, "next_folio_number_test": 1 })
    );
}

fn reset_extra() -> Value {
    json!({
        "codes": true, "address_codes": true, "product_key": true, "round_unit_price": false, "tax_breakdown": true,
        "ieps_breakdown": true, "render_carta_porte": false, "repeat_signature": false,
    })
}

#[tokio::test]
async fn settings_that_are_not_right_are_refused() {
    let app = app().await;
    for (part, body, expected) in [
        ("customization", json!({ "color": "red" }), "/color invalid_format"),
        ("customization", json!({ "color": "##ADA55" }), "/color invalid_format"),
        ("customization", json!({ "next_folio_number": 0 }), "/next_folio_number out_of_range"),
        (
            "customization",
            json!({ "next_folio_number_test": 9_007_199_254_740_992_u64 }),
            "/next_folio_number_test out_of_range",
        ),
        (
            "customization",
            json!({ "pdf_extra": { "export_key": true } }),
            "/pdf_extra/export_key unknown_field",
        ),
        ("customization", json!({ "pdf_extra": { "codes": "yes" } }), "/pdf_extra/codes invalid_type"),
        ("customization", json!({ "has_logo": false }), "/has_logo read_only"),
        ("receipts", json!({ "periodicity": "fortnight" }), "/periodicity unknown_value"),
        ("receipts", json!({ "duration_days": 366 }), "/duration_days out_of_range"),
        ("receipts", json!({ "next_folio_number": 0 }), "/next_folio_number out_of_range"),
        ("self-invoice", json!({ "allowed_cfdi_uses": ["P01"] }), "/allowed_cfdi_uses/0 unknown_value"),
        ("self-invoice", json!({ "allowed_cfdi_uses": vec!["G01"; 49] }), "/allowed_cfdi_uses too_many"),
        ("self-invoice", json!({ "apply_resico_isr": "true" }), "/apply_resico_isr invalid_type"),
        ("self-invoice", json!({ "support_email": "soporte" }), "/support_email invalid_format"),
    ] {
        let response = put(&app, &format!("{ACME}/{part}"), &body).await;
        let found: Vec<String> = wrong(&response).iter().map(|(at, code)| format!("{at} {code}")).collect();
        assert_eq!((response.status, found), (400, vec![expected.to_owned()]), "{part} {body}");
    }
    for part in ["customization", "receipts", "self-invoice"] {
        let call = app.call("PUT", &format!("{ACME}/{part}")).user(member()).json(&json!({}));
        assert_eq!(call.send().await.problem(), "403 insufficient_role", "{part}");
    }
}

#[tokio::test]
async fn whoever_is_no_admin_any_more_changes_nothing() {
    let app = app().await;
    let key = install_key(&app, &api_key(&app, Role::Admin)).await;
    let path = format!("{ACME}/receipts");
    let with_key = app.call("PUT", &path).key(&key).json(&json!({ "duration_days": 30 })).send().await;
    assert_eq!(with_key.status, 200, "{with_key:?}");
    let legal =
        app.call("PUT", &format!("{ACME}/legal")).key(&key).json(&json!({ "name": "a" })).send().await;
    assert_eq!(legal.problem(), "403 keys_not_accepted");
    // A write that was decided before the admin lost the role is not made.
    for round in 0..5 {
        let [as_admin, as_member] = ["admin", "member"].map(|role| json!({ "role": role }));
        let member_path = format!("{ACME}/members/{}/role", admin());
        assert_eq!(put(&app, &member_path, &as_admin).await.status, 200);
        let write = async {
            let body = json!({ "duration_days": 31 + round });
            app.call("PUT", &path).user(admin()).json(&body).send().await
        };
        let updates = async || {
            let types = event_types(&app, demo::organization(demo::ACME)).await;
            types.iter().filter(|name| *name == "organization.updated").count()
        };
        let before = updates().await;
        let (written, demoted) = tokio::join!(write, put(&app, &member_path, &as_member));
        assert_eq!(demoted.status, 200);
        match written.status {
            // The write came first, and has its event.
            200 => assert_eq!(updates().await, before + 1),
            _ => {
                assert_eq!(written.problem(), "403 insufficient_role");
                assert_eq!(updates().await, before);
            }
        }
    }
    // Of many at once, none is lost.
    let folios = (1..=10_u64).map(|number| {
        let body = json!({ "next_folio_number": 1000 + number });
        let app = &app;
        async move { put(app, &format!("{ACME}/receipts"), &body).await.status }
    });
    assert!(join_all(folios).await.iter().all(|status| matches!(status, 200 | 409)));
}

#[tokio::test]
async fn the_catalogues_say_whom_their_entries_are_for() {
    let app = app().await;
    let systems = app.get("/catalogs/tax-systems").send().await;
    assert_eq!(systems.header("cache-control"), "public, max-age=3600");
    let systems = systems.json();
    assert_eq!(systems.as_array().unwrap().len(), TaxSystem::ALL.len());
    assert_eq!(
        systems[0],
        json!({ "code": "601", "name": "General de Ley Personas Morales", "fisica": false, "moral": true })
    );
    let uses = app.get("/catalogs/cfdi-uses").send().await;
    let tag = uses.header("etag").to_owned();
    assert_eq!(app.get("/catalogs/cfdi-uses").header("if-none-match", &tag).send().await.status, 304);
    let uses = uses.json();
    assert_eq!(uses.as_array().unwrap().len(), InvoiceUse::ALL.len());
    let payroll = uses.as_array().unwrap().iter().find(|one| one["code"] == "CN01").unwrap();
    assert_eq!(
        *payroll,
        json!({ "code": "CN01", "name": "Nómina", "fisica": true, "moral": false, "taxSystems": ["605"] })
    );
}
