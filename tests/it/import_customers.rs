//! Tests of files with customers: what an export writes, an import reads back; what spreadsheets make of it works or is told by line and column.

use std::{collections::BTreeMap, time::Duration};

use padron_domain::{Customer, UserId};
use padron_local::demo;
use padron_testkit::{Fault, TestApp, TestResponse};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{ACME, admin, app, event_types, globex_owner, member, owner};

/// Globex has no customers.
const GLOBEX: &str = "/organizations/660e8400-e29b-41d4-a716-446655440000";

async fn import(app: &TestApp, query: &str, media_type: &str, body: impl Into<Vec<u8>>) -> TestResponse {
    let call = app.call("POST", &format!("{GLOBEX}/customers/import{query}")).user(globex_owner());
    call.header("content-type", media_type).body(body).send().await
}

async fn import_csv(app: &TestApp, query: &str, body: impl Into<Vec<u8>>) -> Value {
    let response = import(app, query, "text/csv", body).await;
    assert_eq!(response.status, 200, "{response:?}");
    response.json()
}

async fn import_ndjson(app: &TestApp, query: &str, lines: &[Value]) -> Value {
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let response = import(app, query, "application/x-ndjson", body).await;
    assert_eq!(response.status, 200, "{response:?}");
    response.json()
}

/// Returns the line and the status of each result, with the code where there is one.
fn statuses(report: &Value) -> Vec<String> {
    let results = report["results"].as_array().unwrap();
    let status = |result: &Value| {
        let code = result["code"].as_str().map(|code| format!(" {code}")).unwrap_or_default();
        format!("{} {}{code}", result["line"], result["status"].as_str().unwrap())
    };
    results.iter().map(status).collect()
}

/// Returns all parts of an export of an organization.
async fn export(app: &TestApp, organization: &str, by: UserId, format: &str) -> String {
    let mut path = format!("{organization}/customers/export?format={format}");
    let mut text = String::new();
    loop {
        let part = app.get(&path).user(by).send().await;
        assert_eq!(part.status, 200, "{part:?}");
        text += &part.text;
        match part.next_page() {
            Some(next) => path = next,
            None => return text,
        }
    }
}

async fn globex_customers(app: &TestApp) -> Vec<Value> {
    let response = app.get(&format!("{GLOBEX}/customers")).user(globex_owner()).send().await;
    response.json().as_array().unwrap().clone()
}

#[tokio::test]
async fn what_an_export_writes_an_import_reads_back() {
    let app = app().await;
    // A customer with every field that a dialect has.
    let cyrexa = json!({
        "customerType": "Organization", "customerName": "=HYPERLINK(\"x\")", "categorization": "category2",
        "notifications": [{ "notificationType": "SMS", "isEnabled": true }],
        "person": { "gender": "x", "documents": [{ "name": "passport" }] },
    });
    let created = app.call("POST", "/customer/create").user(owner()).header("tenantid", demo::ACME);
    let created = created.header("token", &app.token(owner())).json(&cyrexa).send().await;
    assert_eq!(created.status, 201, "{created:?}");
    let written = export(&app, ACME, owner(), "ndjson").await;
    let lines: Vec<Value> = written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.len() > 3 && lines.iter().any(|line| line["parentId"].is_u64()), "{lines:?}");
    let report = import_ndjson(&app, "", &lines).await;
    assert!(statuses(&report).iter().all(|status| status.ends_with(" created")), "{report}");
    assert_eq!((&report["processed"], &report["next"]), (&json!(lines.len()), &Value::Null));
    // All but the organization is the same, ids, numbers and dates among it.
    let read = export(&app, GLOBEX, globex_owner(), "ndjson").await;
    assert_eq!(read.replace(demo::GLOBEX, demo::ACME), written);
    let stored = async |organization: &str| {
        let span = padron_store::NumberRange {
            direction: padron_domain::Direction::Ascending,
            bounds: (padron_domain::CustomerNumber::MIN, padron_domain::CustomerNumber::MAX),
            after: None,
            skip: 0,
            limit: 100,
        };
        let id = demo::organization(organization);
        let customers = app.store().customers(id, span).await.unwrap().customers;
        let blank = |one: Customer| Customer { organization: id, version: 1, ..one };
        let of_acme = |one: Customer| Customer { organization: demo::organization(demo::ACME), ..blank(one) };
        customers.into_iter().map(of_acme).collect::<Vec<_>>()
    };
    assert_eq!(stored(demo::GLOBEX).await, stored(demo::ACME).await);
    // Once more changes nothing.
    let types = event_types(&app, demo::organization(demo::GLOBEX)).await;
    assert!(types.iter().all(|name| name == "customer.imported"), "{types:?}");
    for mode in ["", "?mode=upsert"] {
        let again = import_ndjson(&app, mode, &lines).await;
        assert!(statuses(&again).iter().all(|status| status.ends_with(" unchanged")), "{again}");
    }
    assert_eq!(export(&app, GLOBEX, globex_owner(), "ndjson").await, read);
    assert_eq!(event_types(&app, demo::organization(demo::GLOBEX)).await, types);
}

#[tokio::test]
async fn a_round_trip_as_csv_keeps_every_cell() {
    let app = app().await;
    let names = ["=1+1", "+52", "-x", "@a", "'quoted", "a \"b\", c; d", "Ñandú & Cía", "'=1"];
    let lines = names.iter().enumerate().map(|(index, name)| {
        json!({
            "externalId": format!("=E{index}"), "legalName": name, "phone": "+52 55 1234 5678",
            "addressCountry": if index == 0 { "USA" } else { "MEX" },
            "address": Value::Null, "metadata": { "a\"b": "line\nbreak, comma", "=x": "'" },
        })
    });
    let lines = lines.map(|mut line| {
        line.as_object_mut().unwrap().remove("address");
        line
    });
    let report = import_ndjson(&app, "", &lines.collect::<Vec<_>>()).await;
    assert_eq!(report["processed"], names.len(), "{report}");
    let written = export(&app, GLOBEX, globex_owner(), "csv").await;
    // No cell is a formula, as a reader of CSV sees it, and lines end as RFC 4180 says.
    assert_eq!(written.matches("\r\n").count(), names.len() + 1);
    let mut reader = csv::Reader::from_reader(written.as_bytes());
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), names.len());
    for cell in records.iter().flat_map(csv::StringRecord::iter) {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
    }
    let before = globex_customers(&app).await;
    for customer in &before {
        let path = format!("{GLOBEX}/customers/{}", customer["id"].as_str().unwrap());
        assert_eq!(app.call("DELETE", &path).user(globex_owner()).send().await.status, 204);
    }
    let report = import_csv(&app, "", format!("\u{feff}{written}")).await;
    assert!(statuses(&report).iter().all(|status| status.ends_with(" created")), "{report}");
    assert_eq!(globex_customers(&app).await, before);
    assert_eq!(export(&app, GLOBEX, globex_owner(), "csv").await, written);
}

#[tokio::test]
async fn files_of_spreadsheets_are_read() {
    let app = app().await;
    // Excel in Mexico and Europe: semicolons, Windows-1252, other names of columns in any order, a trailing empty line.
    let excel = b"C\xf3digo Postal;RAZ\xd3N SOCIAL;rfc;R\xe9gimen fiscal;clave;email\r\n\
                  06000;\"Compa\xf1\xeda; S.A.\";XAXX010101000;616;A-1;a@b.mx\r\n\
                  ;Cliente Dos;;;A-2;\r\n;;;;;\r\n\r\n";
    let report = import_csv(&app, "", &excel[..]).await;
    assert_eq!(statuses(&report), ["2 created", "3 created"]);
    let again = import(&app, "", "application/csv", &excel[..]).await;
    assert_eq!(statuses(&again.json()), ["2 unchanged", "3 unchanged"]);
    let customers = globex_customers(&app).await;
    assert_eq!(
        (&customers[0]["legalName"], &customers[0]["address"]["zip"], &customers[0]["externalId"]),
        (&json!("Compañía; S.A."), &json!("06000"), &json!("A-1"))
    );
    assert_eq!(customers[1]["address"]["country"], "MEX");
    // What is wrong is told by line and column, and stops nothing.
    let file = "externalId,Código Postal,legalName,RFC,email\n\
                B-1,1000,Uno,,\n\
                B-2,06000,,,\n\
                B-3,06000,\"Dos\nlineas\",,\n\
                B-4,06000,Tres,ABC,x@\n\
                ,06000,Cuatro,,\n\
                B-6,06000,Cinco,,,,extra\n\
                B-7,06000,Seis,,\n\
                B-8,06000,Si\u{fffd}te,,\n";
    let report = import_csv(&app, "", file).await;
    assert_eq!(
        statuses(&report),
        [
            "2 error invalid_request",
            "3 error invalid_request",
            "4 error invalid_request",
            "6 error invalid_request",
            "7 error invalid_request",
            "8 error invalid_request",
            "9 created",
            "10 error invalid_request"
        ]
    );
    let errors = |index: usize| -> Vec<(String, String)> {
        let errors = report["results"][index]["errors"].as_array().unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        errors.iter().map(|error| (text(&error["column"]), text(&error["code"]))).collect()
    };
    let expected = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(column, code)| ((*column).to_owned(), (*code).to_owned())).collect()
    };
    for (index, wrong) in [
        (0, &[("Código Postal", "invalid_format")][..]),
        (1, &[("legalName", "required")]),
        (2, &[("legalName", "invalid_character")]),
        (3, &[("email", "invalid_format"), ("RFC", "invalid_format")]),
        (4, &[("externalId", "required")]),
        (5, &[("", "too_many_cells")]),
        (7, &[("legalName", "invalid_encoding")]),
    ] {
        assert_eq!(errors(index), expected(wrong), "{report}");
    }
    for (body, code) in [
        ("", "missing_header"),
        ("a,b\n1,2\n", "unknown_column"),
        ("legalName,Nombre\nx,y\n", "duplicate_column"),
    ] {
        let refused = import(&app, "", "text/csv", body).await;
        assert_eq!(
            (refused.problem(), &refused.json()["errors"][0]["code"]),
            ("400 invalid_request".into(), &json!(code))
        );
    }
    let ignored = import_csv(&app, "?unknownColumns=ignore", "notes,externalId,legalName\nx,C-1,Uno\n").await;
    assert_eq!(statuses(&ignored), ["2 created"]);
    // A number that a spreadsheet has rounded is not another customer.
    let exported = export(&app, GLOBEX, globex_owner(), "csv").await;
    let number = globex_customers(&app).await[0]["number"].as_u64().unwrap();
    let rounded = exported
        .replace(&format!(",{number},"), &format!(",{},", number / 10 * 10 + u64::from(number % 10 == 0)));
    let report = import_csv(&app, "?mode=upsert", rounded).await;
    assert_eq!(report["results"][0]["errors"][0]["code"], "rounded_number", "{report}");
    // The columns of Facturapi.
    let facturapi = "id,created_at,livemode,organization,legal_name,tax_id,tax_system,email,curp,default_invoice_use,external_id,\
                     address.street,address.zip,address.country,sat_validated_at,edit_link,edit_link_expires_at\n\
                     65a0e6c56d04f840aa8438a1,2017-05-05T20:55:33.468Z,false,x,Empresa,ABC101010111,601,a@b.mx,XEXX010101HNEXXXA4,\
                     G01,f-1,Calle,86500,MEX,,,\n";
    assert_eq!(statuses(&import_csv(&app, "", facturapi).await), ["2 created"]);
    let path = format!("{GLOBEX}/customers/65a0e6c56d04f840aa8438a1");
    let customer = app.get(&path).user(globex_owner()).send().await.json();
    assert_eq!(customer["metadata"], json!({ "curp": "XEXX010101HNEXXXA4" }));
    assert_eq!(
        (&customer["createdAt"], &customer["taxId"]),
        (&json!("2017-05-05T20:55:33.468Z"), &json!("ABC101010111"))
    );
}

#[tokio::test]
async fn rows_are_found_again_by_what_identifies_them() {
    let app = app().await;
    let by_external_id = json!({ "externalId": "X", "legalName": "Uno" });
    let by_id = json!({ "id": "65a000000000000000000abc", "legalName": "Dos", "createdAt": "2024-01-15T00:00:00.000Z" });
    let by_line = json!({ "legalName": "Tres" });
    let rows = [by_external_id.clone(), by_id.clone(), by_line];
    let report = import_ndjson(&app, "", &rows).await;
    assert_eq!(statuses(&report), ["1 created", "2 created", "3 error invalid_request"]);
    let report = import_ndjson(&app, "?source=a.csv", &rows).await;
    assert_eq!(statuses(&report), ["1 unchanged", "2 unchanged", "3 created"]);
    // The number of the line in the whole file identifies it.
    let report = import_ndjson(&app, "?source=a.csv&firstLine=3", &rows[2..]).await;
    assert_eq!(statuses(&report), ["3 unchanged"]);
    let report = import_ndjson(&app, "?source=b.csv", &rows).await;
    assert_eq!(statuses(&report)[2], "3 created");
    let customers = globex_customers(&app).await;
    assert_eq!((customers.len(), &customers[0]["id"]), (4, &json!("65a000000000000000000abc")));
    assert_eq!(customers[0]["createdAt"], "2024-01-15T00:00:00.000Z");

    // Another content is a conflict, or an update.
    let changed = json!({ "externalId": "X", "legalName": "Otro", "email": "a@b.mx" });
    let report = import_ndjson(&app, "", std::slice::from_ref(&changed)).await;
    assert_eq!(statuses(&report), ["1 conflict customer_differs"]);
    assert_eq!(report["results"][0]["fields"], json!(["name", "email"]));
    let report = import_ndjson(&app, "?mode=upsert", &[changed.clone(), changed]).await;
    assert_eq!(statuses(&report), ["1 updated", "2 unchanged"]);
    // An id, a number and an external id of three customers contradict each other.
    let taken = json!({ "id": "65a000000000000000000def", "externalId": "X", "legalName": "Nuevo" });
    assert_eq!(statuses(&import_ndjson(&app, "", &[taken]).await), ["1 conflict external_id_taken"]);
    let number = customers[0]["number"].clone();
    let taken = json!({ "id": "65a000000000000000000def", "number": number, "legalName": "Nuevo" });
    assert_eq!(statuses(&import_ndjson(&app, "", &[taken]).await), ["1 conflict number_taken"]);
    // Two rows of one new customer: the second is compared with the first.
    let twice =
        [json!({ "externalId": "Y", "legalName": "A" }), json!({ "externalId": "Y", "legalName": "B" })];
    assert_eq!(
        statuses(&import_ndjson(&app, "", &twice).await),
        ["1 created", "2 conflict customer_differs"]
    );
    for (row, code) in [
        (json!({ "externalId": "Z", "legalName": "A", "createdAt": "2030-01-01T00:00:00Z" }), "in_future"),
        (json!({ "externalId": "Z", "legalName": "A", "id": "17" }), "invalid_format"),
        (json!({ "externalId": "Z", "legalName": "A", "surprise": 1 }), "unknown_field"),
        (json!({ "externalId": "Z", "legalName": "A", "parentId": 17 }), "unknown_customer"),
        (json!({ "externalId": "Z", "legalName": "a".repeat(301) }), "too_long"),
        (json!({ "externalId": "Z", "legalName": 1 }), "invalid_type"),
    ] {
        let report = import_ndjson(&app, "", &[row]).await;
        assert_eq!(report["results"][0]["errors"][0]["code"], code, "{report}");
    }
    let malformed = import(
        &app,
        "",
        "application/x-ndjson",
        "{\n\n[]\n\"x\"\n{\"externalId\":\"V\",\"legalName\":\"V\"}",
    )
    .await;
    let report = malformed.json();
    assert_eq!(
        statuses(&report),
        ["1 error invalid_request", "3 error invalid_request", "4 error invalid_request", "5 created"]
    );
}

#[tokio::test]
async fn parents_may_follow_their_children_in_a_file() {
    let app = app().await;
    let id = |digit: u32| format!("65a00000000000000000000{digit}");
    let row = |digit: u32, parent: Option<u32>| json!({ "id": id(digit), "legalName": format!("C{digit}"), "type": "CPO", "parentId": parent.map(id) });
    let rows: Vec<Value> = (1..=9).map(|digit| row(digit, (digit < 9).then_some(digit + 1))).collect();
    let report = import_ndjson(&app, "", &rows).await;
    let mut expected: Vec<String> = (2..=9).map(|line| format!("{line} created")).collect();
    expected.insert(0, "1 error hierarchy_too_deep".into());
    assert_eq!(statuses(&report), expected);
    // A circle has no beginning.
    let circle = [
        json!({ "id": "65b000000000000000000001", "legalName": "A", "parentId": "65b000000000000000000002" }),
        json!({ "id": "65b000000000000000000002", "legalName": "B", "parentId": "65b000000000000000000001" }),
    ];
    let report = import_ndjson(&app, "", &circle).await;
    assert!(statuses(&report).iter().all(|status| status.ends_with("error invalid_request")), "{report}");
    // A number that comes back must not close one.
    let customers = globex_customers(&app).await;
    let find = |digit: u32| customers.iter().find(|one| one["id"] == id(digit)).unwrap();
    let path = format!("{GLOBEX}/customers/{}", id(9));
    assert_eq!(app.call("DELETE", &path).user(globex_owner()).send().await.status, 204);
    let back = json!({
        "id": id(9), "number": find(9)["number"], "legalName": "C9", "type": "CPO", "parentId": id(8),
    });
    assert_eq!(statuses(&import_ndjson(&app, "", &[back]).await), ["1 error hierarchy_cycle"]);
}

#[tokio::test]
async fn a_file_of_two_thousand_rows_passes() {
    let mut app = app().await;
    app.time_limit = Duration::from_secs(120);
    let filler = "x".repeat(290);
    let row = |number: u32| {
        let metadata: BTreeMap<String, &str> = (0..5).map(|key| (format!("k{key}"), &*filler)).collect();
        json!({ "externalId": format!("E{number}"), "legalName": format!("Cliente {number}"), "contactName": filler, "metadata": metadata })
    };
    let rows: Vec<Value> = (0..2000).map(row).collect();
    let report = import_ndjson(&app, "", &rows).await;
    assert_eq!((&report["processed"], &report["next"]), (&json!(2000), &Value::Null));
    assert_eq!(
        app.get(&format!("{GLOBEX}/customers?limit=1"))
            .user(globex_owner())
            .send()
            .await
            .header("x-total-count"),
        "2000"
    );
    // An export of several parts has each customer once.
    let exported = export(&app, GLOBEX, globex_owner(), "csv").await;
    assert_eq!(csv::Reader::from_reader(exported.as_bytes()).records().count(), 2000);
    assert_eq!(export(&app, GLOBEX, globex_owner(), "ndjson").await.lines().count(), 2000);
    let too_many: String = (0..2001).map(|number| format!("{{\"externalId\":\"{number}\"}}\n")).collect();
    let refused = import(&app, "", "application/x-ndjson", too_many).await;
    assert_eq!(refused.json()["errors"][0]["code"], "too_many_rows");
    let refused = import(&app, "", "text/csv", vec![b'a'; 4 * 1024 * 1024 + 1]).await;
    assert_eq!(refused.problem(), "413 payload_too_large");
}

#[tokio::test]
async fn an_import_that_ends_early_is_continued() {
    let mut app = app().await;
    let rows: Vec<Value> = (0..100)
        .map(|number| json!({ "externalId": format!("E{number}"), "legalName": "Cliente" }))
        .collect();
    // No time is left after the first batch: each has a time of its own.
    app.time_limit = Duration::from_millis(4000);
    let response = import_ndjson(&app, "", &rows).await;
    assert_eq!((&response["processed"], &response["next"]), (&json!(0), &json!(1)));
    app.time_limit = Duration::from_secs(60);
    // Whatever fails, the rows are sent again, and no customer is doubled or missing.
    let batch = [Fault::Delay(Duration::ZERO), Fault::Delay(Duration::ZERO)];
    let faults = [Fault::Conflict(0), Fault::LostResponse, Fault::Throttle, Fault::ServerError];
    app.proxy.inject(batch.into_iter().chain(faults));
    let first = import(
        &app,
        "",
        "application/x-ndjson",
        rows.iter().map(|row| format!("{row}\n")).collect::<String>(),
    )
    .await;
    assert!(matches!(first.status, 200 | 503), "{first:?}");
    let mut left = rows.clone();
    let mut line = 1;
    while !left.is_empty() {
        let report = import_ndjson(&app, &format!("?firstLine={line}"), &left).await;
        line = report["next"].as_u64().unwrap_or(101);
        left = rows[usize::try_from(line).unwrap() - 1..].to_vec();
    }
    let again = import_ndjson(&app, "", &rows).await;
    assert!(statuses(&again).iter().all(|status| status.ends_with(" unchanged")), "{again}");
    assert_eq!(globex_customers(&app).await.len(), 100);
}

#[tokio::test]
async fn two_imports_of_one_file_at_once_create_each_customer_once() {
    let mut app = app().await;
    app.time_limit = Duration::from_secs(60);
    let rows: Vec<Value> =
        (0..60).map(|number| json!({ "externalId": format!("E{number}"), "legalName": "Cliente" })).collect();
    let mut backwards = rows.clone();
    backwards.reverse();
    let (one, other) = tokio::join!(import_ndjson(&app, "", &rows), import_ndjson(&app, "", &backwards));
    let all: Vec<String> = statuses(&one).into_iter().chain(statuses(&other)).collect();
    assert_eq!(all.len(), 120, "{one} {other}");
    assert_eq!(all.iter().filter(|status| status.ends_with(" created")).count(), 60, "{all:?}");
    assert_eq!(all.iter().filter(|status| status.ends_with(" unchanged")).count(), 60, "{all:?}");
    assert_eq!(globex_customers(&app).await.len(), 60);
}

#[tokio::test]
async fn files_are_for_admins() {
    let app = app().await;
    let file = "externalId,legalName\nA,B\n";
    let send = async |user: UserId| {
        let call = app.call("POST", &format!("{ACME}/customers/import")).user(user);
        call.header("content-type", "text/csv").body(file).send().await.status
    };
    assert_eq!((send(member()).await, send(admin()).await), (403, 200));
    let get = async |user: UserId| app.get(&format!("{ACME}/customers/export")).user(user).send().await;
    assert_eq!(get(member()).await.status, 403);
    let ndjson = get(admin()).await;
    assert_eq!(ndjson.header("content-type"), "application/x-ndjson");
    assert_eq!(ndjson.header("content-disposition"), "attachment; filename=\"customers.ndjson\"");
    let csv =
        app.get(&format!("{ACME}/customers/export")).user(admin()).header("accept", "text/csv").send().await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    for (query, code) in
        [("format=xls", "invalid_value"), ("cursor=x", "invalid_cursor"), ("fields=id", "unknown_parameter")]
    {
        let refused = app.get(&format!("{ACME}/customers/export?{query}")).user(admin()).send().await;
        assert_eq!(refused.json()["errors"][0]["code"], code);
    }
    for query in ["mode=replace", "source=", "firstLine=0", "unknownColumns=keep"] {
        assert_eq!(
            import(&app, &format!("?{query}"), "text/csv", file).await.problem(),
            "400 invalid_request",
            "{query}"
        );
    }
    assert_eq!(import(&app, "", "application/json", "[]").await.problem(), "415 unsupported_media_type");
    assert_eq!(import(&app, "", "text/csv", file).await.json()["processed"], 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_bytes_are_a_file_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), header in any::<bool>(), is_csv in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let app = app().await;
            let start: &[u8] = if header { b"externalId,legalName,metadata,number\n" } else { b"" };
            let media_type = if is_csv { "text/csv" } else { "application/x-ndjson" };
            let response = import(&app, "?source=x", media_type, [start, &bytes].concat()).await;
            assert!(matches!(response.status, 200 | 400), "{response:?}");
        });
    }
}

#[tokio::test]
async fn up_to_24_customers_are_one_transaction() {
    let app = app().await;
    let rows: String = (0..24).map(|number| format!("E{number},Cliente {number}\n")).collect();
    app.recorded();
    let report = import_csv(&app, "", format!("externalId,legalName\n{rows}")).await;
    assert_eq!(report["processed"], 24);
    let recorded: Vec<(String, f64)> =
        app.recorded().iter().map(|request| (request.operation.clone(), request.units())).collect();
    // The access check and the read of the rows. A customer costs 2 units, its entries in two indexes 2, and its external id 2.
    assert_eq!(
        recorded,
        [
            ("BatchGetItem".into(), 2.0),
            ("BatchGetItem".into(), 24.0),
            ("TransactWriteItems".into(), 24.0 * 6.0 + 6.0)
        ]
    );
}

#[tokio::test]
async fn an_update_follows_the_rules_of_every_update() {
    let mut app = app().await;
    app.time_limit = Duration::from_secs(60);
    let id = |number: u32| format!("65c00000000000000000{number:04x}");
    let child = |number: u32, parent: u32| json!({ "id": id(number), "externalId": format!("E{number}"), "legalName": "C", "type": "CPO", "parentId": id(parent) });
    // A customer with so many below it that all rows are read when it moves.
    let root = json!({ "id": id(0), "legalName": "Root", "type": "CPO", "externalId": "old" });
    let children = (1..=102).map(|number| child(number, 0));
    let rows: Vec<Value> = [root].into_iter().chain(children).collect();
    let report = import_ndjson(&app, "", &rows).await;
    assert!(statuses(&report).iter().all(|status| status.ends_with(" created")), "{report}");
    let upsert = async |row: Value| statuses(&import_ndjson(&app, "?mode=upsert", &[row]).await)[0].clone();
    let top = json!({ "externalId": "top", "legalName": "Top", "type": "CPO" });
    assert_eq!(upsert(top).await, "1 created");
    let customers = globex_customers(&app).await;
    let top = customers.iter().find(|one| one["legalName"] == "Top").unwrap();
    let moved = json!({ "id": id(0), "legalName": "Root", "externalId": "new", "parentId": top["number"] });
    assert_eq!(upsert(moved).await, "1 updated");
    assert_eq!(
        upsert(json!({ "id": id(0), "legalName": "Root", "parentId": id(5) })).await,
        "1 error hierarchy_cycle"
    );
    assert_eq!(
        upsert(json!({ "id": id(5), "type": "Business", "legalName": "C" })).await,
        "1 error invalid_request"
    );
    assert_eq!(upsert(json!({ "externalId": "old", "legalName": "Free again" })).await, "1 created");
    let fields = event_types(&app, demo::organization(demo::GLOBEX)).await;
    assert_eq!(fields.iter().filter(|name| *name == "customer.updated").count(), 1);
}

#[tokio::test]
async fn an_id_belongs_to_one_customer() {
    let app = app().await;
    let id = "65d000000000000000000001";
    assert_eq!(
        statuses(&import_ndjson(&app, "", &[json!({ "id": id, "legalName": "Uno" })]).await),
        ["1 created"]
    );
    let number = globex_customers(&app).await[0]["number"].as_u64().unwrap() - 2048;
    let other = json!({ "id": id, "number": number, "legalName": "Otro" });
    assert_eq!(statuses(&import_ndjson(&app, "", &[other]).await), ["1 conflict id_taken"]);
    // Two rows of one request that contradict each other: the first wins, and the others are reported.
    let id = "65d000000000000000000002";
    let rows = [
        json!({ "id": id, "legalName": "Dos" }),
        json!({ "id": id, "number": number, "legalName": "Dos" }),
        json!({ "number": number + 1, "externalId": "X", "legalName": "Tres" }),
        json!({ "id": "65d000000000000000000003", "externalId": "X", "legalName": "Cuatro" }),
    ];
    let expected = ["1 created", "2 conflict id_taken", "3 created", "4 conflict external_id_taken"];
    assert_eq!(statuses(&import_ndjson(&app, "", &rows).await), expected);
    let far = json!({ "number": 9_007_199_254_740_000_u64, "legalName": "Later" });
    let report = import_ndjson(&app, "", &[far]).await;
    assert_eq!(report["results"][0]["errors"][0]["code"], "in_future", "{report}");
}

#[tokio::test]
async fn a_line_identifies_a_row_and_never_updates_a_customer() {
    let app = app().await;
    let report = import_csv(&app, "?source=a.csv", "legalName\rUno\rDos\r").await;
    assert_eq!(statuses(&report), ["2 created", "3 created"]);
    // A line was inserted.
    let report = import_csv(&app, "?source=a.csv&mode=upsert", "legalName\rCero\rUno\rDos\r").await;
    assert_eq!(
        statuses(&report),
        ["2 conflict customer_differs", "3 conflict customer_differs", "4 created"]
    );
    let names: Vec<Value> = globex_customers(&app).await.iter().map(|one| one["legalName"].clone()).collect();
    assert_eq!(names, ["Uno", "Dos", "Dos"]);
}

#[tokio::test]
async fn an_export_over_changed_customers_restores_them() {
    let app = app().await;
    let row = json!({ "externalId": "A", "legalName": "Uno" });
    import_ndjson(&app, "", &[row]).await;
    let written = export(&app, GLOBEX, globex_owner(), "ndjson").await;
    let changed = json!({
        "externalId": "A", "contactName": "Bo", "locations": [1], "status": "verified", "payout": { "iban": "DK1" },
        "billing": { "gln": "1" }, "person": { "gender": "x" },
    });
    assert_eq!(statuses(&import_ndjson(&app, "?mode=upsert", &[changed]).await), ["1 updated"]);
    let lines: Vec<Value> = written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(statuses(&import_ndjson(&app, "?mode=upsert", &lines).await), ["1 updated"]);
    let read = export(&app, GLOBEX, globex_owner(), "ndjson").await;
    let without_time = |text: &str| -> Value {
        let mut line: Value = serde_json::from_str(text).unwrap();
        line.as_object_mut().unwrap().remove("updatedAt");
        line
    };
    assert_eq!(without_time(&read), without_time(&written));
    // A parent that no longer exists is none.
    let rows = [
        json!({ "id": "65e000000000000000000001", "legalName": "Parent", "type": "CPO" }),
        json!({ "id": "65e000000000000000000002", "legalName": "Child", "parentId": "65e000000000000000000001" }),
    ];
    import_ndjson(&app, "", &rows).await;
    let path = format!("{GLOBEX}/customers/65e000000000000000000001");
    assert_eq!(app.call("DELETE", &path).user(globex_owner()).send().await.status, 204);
    let exported = export(&app, GLOBEX, globex_owner(), "ndjson").await;
    let child: Value =
        serde_json::from_str(exported.lines().find(|line| line.contains("Child")).unwrap()).unwrap();
    assert_eq!(child["parentId"], Value::Null);
}

#[tokio::test]
async fn numbers_of_deleted_customers_close_no_circle() {
    let app = app().await;
    let row = |id: &str, parent: Option<&str>| json!({ "id": id, "legalName": id, "type": "CPO", "parentId": parent });
    let [p1, p2] = ["aa0000000000000000000000", "ab0000000000000000000000"];
    let [c1, c2] = ["ba0000000000000000000000", "bb0000000000000000000000"];
    let rows = [row(p1, None), row(p2, None), row(c1, Some(p1)), row(c2, Some(p2))];
    import_ndjson(&app, "", &rows).await;
    let customers = globex_customers(&app).await;
    let number = |id: &str| customers.iter().find(|one| one["id"] == id).unwrap()["number"].clone();
    for id in [p1, p2] {
        let path = format!("{GLOBEX}/customers/{id}");
        assert_eq!(app.call("DELETE", &path).user(globex_owner()).send().await.status, 204);
    }
    let back = |id: &str, parent: &str| json!({ "number": number(id), "legalName": id, "type": "CPO", "parentId": parent });
    let report = import_ndjson(&app, "", &[back(p1, c2), back(p2, c1)]).await;
    assert_eq!(statuses(&report), ["1 created", "2 error hierarchy_cycle"]);
    // A chain that comes back below another one would be too deep.
    let id = |chain: &str, level: usize| format!("{chain}000000000000000000000{level}");
    for chain in ["ca", "da"] {
        let links: Vec<Value> = (0..7)
            .map(|level| row(&id(chain, level), (level > 0).then(|| id(chain, level - 1)).as_deref()))
            .collect();
        let report = import_ndjson(&app, "", &links).await;
        assert!(statuses(&report).iter().all(|status| status.ends_with(" created")), "{report}");
    }
    let customers = globex_customers(&app).await;
    let top = customers.iter().find(|one| one["id"] == id("ca", 0)).unwrap()["number"].clone();
    let path = format!("{GLOBEX}/customers/{}", id("ca", 0));
    assert_eq!(app.call("DELETE", &path).user(globex_owner()).send().await.status, 204);
    let again = json!({ "number": top, "legalName": "Again", "type": "CPO", "parentId": id("da", 6) });
    assert_eq!(statuses(&import_ndjson(&app, "", &[again]).await), ["1 error hierarchy_too_deep"]);
}

#[tokio::test]
async fn an_id_that_was_made_here_belongs_to_its_customer() {
    let app = app().await;
    let created = app.call("POST", &format!("{GLOBEX}/customers")).user(globex_owner());
    let created = created
        .json(&json!({ "legalName": "Made here", "address": { "country": "USA" } }))
        .send()
        .await
        .json();
    let number = created["number"].as_u64().unwrap();
    let stealer = json!({ "number": number - 4096, "id": created["id"], "legalName": "Other" });
    assert_eq!(statuses(&import_ndjson(&app, "", &[stealer]).await), ["1 conflict id_taken"]);
    // The id of a deleted customer comes back with another number, and then not with its own.
    let path = format!("{GLOBEX}/customers/{}", created["id"].as_str().unwrap());
    assert_eq!(app.call("DELETE", &path).user(globex_owner()).send().await.status, 204);
    let row = json!({ "id": created["id"], "legalName": "Back", "createdAt": "2024-01-01T00:00:00Z" });
    assert_eq!(statuses(&import_ndjson(&app, "", &[row]).await), ["1 created"]);
    let row = json!({ "id": created["id"], "number": number, "legalName": "Back" });
    assert_eq!(statuses(&import_ndjson(&app, "", &[row]).await), ["1 conflict id_taken"]);
}

#[tokio::test]
async fn a_quotation_mark_that_is_not_closed_is_told() {
    let app = app().await;
    let file = "legalName,externalId,phone\nA,a1,\"5\"\"\"\nB,b1,\"oops\nC,c1,x\nD,d1,x\n";
    let report = import_csv(&app, "", file).await;
    assert_eq!(statuses(&report), ["2 created", "3 error invalid_request"]);
    assert_eq!(report["results"][1]["errors"][0]["code"], "unclosed_quote");
    // One inside of a cell without quotation marks is a letter.
    let report = import_csv(&app, "", "legalName,externalId\nA 5\" pipe,a2\nB,\"b\n2\"\n").await;
    assert_eq!(statuses(&report), ["2 created", "3 error invalid_request"], "{report}");
}
