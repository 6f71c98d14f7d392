//! Tests of `GET /organizations/{organizationId}`.

use std::time::Duration;

use padron_local::demo;
use padron_testkit::{Fault, TestApp};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{ACME, NOWHERE, admin, app, globex_owner, member, owner, stranger};

// 200

#[tokio::test]
async fn the_published_example_is_answered_value_for_value() {
    let app = app().await;
    let response = app.get(ACME).user(owner()).send().await;
    assert_eq!(response.status, 200);
    insta::assert_json_snapshot!(response.json(), @r#"
    {
      "certificate": {
        "expires_at": "2045-05-05T20:55:33.468Z",
        "has_certificate": true,
        "serial_number": "30001000000300000101",
        "updated_at": "2023-05-05T20:55:33.468Z"
      },
      "createdAt": "2025-01-26T10:00:00.000Z",
      "created_at": "2025-01-26T10:00:00.000Z",
      "customization": {
        "color": "BADA55",
        "has_logo": true,
        "next_folio_number": 123,
        "next_folio_number_test": 123,
        "pdf_extra": {
          "address_codes": true,
          "codes": true,
          "ieps_breakdown": true,
          "product_key": true,
          "render_carta_porte": false,
          "repeat_signature": false,
          "round_unit_price": false,
          "tax_breakdown": true
        }
      },
      "fiel": {
        "expires_at": "2045-05-05T20:55:33.468Z",
        "has_fiel": true,
        "serial_number": "30001000000300000101",
        "updated_at": "2023-05-05T20:55:33.468Z"
      },
      "id": "550e8400-e29b-41d4-a716-446655440000",
      "is_production_ready": true,
      "legal": {
        "address": {
          "city": "Huatabampo",
          "exterior": "142",
          "interior": "4",
          "municipality": "Huatabampo",
          "neighborhood": "Centro",
          "state": "Sonora",
          "street": "Blvd. Atardecer",
          "zip": "86500"
        },
        "legal_name": "Mi Empresa SA de CV",
        "name": "Mi Empresa",
        "phone": "+52 555 123 4567",
        "rfc": "EKU9003173C9",
        "tax_system": "601",
        "website": "https://miempresa.com",
        "zip": "86500"
      },
      "logo": "https://example.com/logo.png",
      "name": "Acme Corp",
      "ownerId": "123e4567-e89b-12d3-a456-426614174000",
      "pending_steps": [],
      "plan": "pro",
      "receipts": {
        "duration_days": 7,
        "next_folio_number": 123,
        "next_folio_number_test": 123,
        "periodicity": "day"
      },
      "self_invoice": {
        "allowed_cfdi_uses": [
          "G01",
          "G03"
        ],
        "apply_resico_isr": true,
        "support_email": "soporte@miempresa.com",
        "support_email_verified": true
      },
      "slug": "acme-corp",
      "stripeCustomerId": "cus_ABC123",
      "subscriptionPeriodEnd": "2026-01-26T10:00:00.000Z",
      "subscriptionStatus": "active",
      "timezone": "America/Mexico_City",
      "updatedAt": "2025-12-26T10:00:00.000Z",
      "updated_at": "2025-12-26T10:00:00.000Z"
    }
    "#);
}

/// Returns a validator for Timbrix's published `OrganizationResponseDto`. The schema is unchanged, except for a root `$ref` that makes its
/// references resolve.
fn published_schema() -> jsonschema::Validator {
    let text = include_str!("../seeds/timbrix-organization.yaml");
    let mut schema: Value = serde_yaml_ng::from_str(text).unwrap();
    schema["$ref"] = json!("#/components/schemas/OrganizationResponseDto");
    jsonschema::validator_for(&schema).unwrap()
}

#[tokio::test]
async fn every_organization_validates_against_the_published_schema() {
    let app = app().await;
    let schema = published_schema();
    for (path, user) in [(ACME, member()), (&format!("/organizations/{}", demo::GLOBEX), globex_owner())] {
        let body = app.get(path).user(user).send().await.json();
        let errors: Vec<_> = schema.iter_errors(&body).map(|error| error.to_string()).collect();
        assert_eq!(errors, [] as [&str; 0], "{body:#}");
    }
    let mut broken = app.get(ACME).user(owner()).send().await.json();
    broken["certificate"] = json!({});
    assert!(!schema.is_valid(&broken), "the schema checks something");
}

#[tokio::test]
async fn a_new_organization_says_what_is_left_to_do() {
    let app = app().await;
    let path = format!("/organizations/{}", demo::GLOBEX);
    let body = app.get(&path).user(globex_owner()).send().await.json();
    assert_eq!(body["is_production_ready"], false);
    insta::assert_json_snapshot!(body["pending_steps"], @r#"
    [
      {
        "blocking": true,
        "description": "Complete legal information",
        "type": "legal"
      },
      {
        "blocking": true,
        "description": "Upload a valid certificate (CSD)",
        "type": "certificate"
      },
      {
        "blocking": false,
        "description": "Add a logo",
        "type": "logo"
      }
    ]
    "#);
}

#[tokio::test]
async fn readiness_ends_with_the_certificate_without_any_write() {
    let app = app().await;
    let before = app.get(ACME).user(owner()).send().await;
    app.clock.advance(Duration::from_secs(20 * 366 * 24 * 60 * 60));
    let after = app.get(ACME).user(owner()).header("if-none-match", before.header("etag")).send().await;
    assert_eq!(after.status, 200, "a tag from before does not match any more");
    assert_eq!(before.json()["is_production_ready"], true);
    assert_eq!(after.json()["is_production_ready"], false);
    assert_eq!(after.json()["pending_steps"][0]["type"], "certificate");
}

#[tokio::test]
async fn every_role_reads_the_same() {
    let app = app().await;
    let bodies = [
        app.get(ACME).user(owner()).send().await.text,
        app.get(ACME).user(admin()).send().await.text,
        app.get(ACME).user(member()).send().await.text,
    ];
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

#[tokio::test]
async fn an_id_in_upper_case_is_the_same_id() {
    let app = app().await;
    let path = ACME.replace("550e8400-e29b", "550E8400-E29B");
    assert_eq!(app.get(&path).user(owner()).send().await.json()["name"], "Acme Corp");
}

#[tokio::test]
async fn two_units_and_one_strongly_consistent_call_answer_it() {
    let app = app().await;
    app.recorded();
    app.get(ACME).user(member()).send().await;
    let recorded = app.recorded();
    assert_eq!(recorded.iter().map(|request| &*request.operation).collect::<Vec<_>>(), ["BatchGetItem"]);
    let table = recorded[0].body["RequestItems"].as_object().unwrap().values().next().unwrap();
    assert_eq!(table["ConsistentRead"], true);
    assert_eq!(recorded[0].units(), 2.0);
    let log: Value = serde_json::from_str(app.logged().last().unwrap()).unwrap();
    assert_eq!((&log["storeCalls"], &log["storeUnits"]), (&json!(1), &json!(2.0)), "the log knows the bill");
}

// 304

#[tokio::test]
async fn a_client_that_has_it_gets_304_without_a_body() {
    let app = app().await;
    let first = app.get(ACME).user(owner()).send().await;
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with("\"1.") && tag.ends_with('"'), "{tag}");
    assert_eq!(first.header("cache-control"), "private, no-cache");
    for known in [tag.clone(), format!("W/{tag}"), format!("\"0.x\", {tag}"), "*".into()] {
        let again = app.get(ACME).user(owner()).header("if-none-match", &known).send().await;
        assert_eq!((again.status, &*again.text, again.header("etag")), (304, "", &*tag), "{known}");
    }
    for other in ["\"1\"", "\"1.0\"", "", "1", "\"2.aaaaaaaaaaaaaaaa\""] {
        let again = app.get(ACME).user(owner()).header("if-none-match", other).send().await;
        assert_eq!(again.status, 200, "{other}");
    }
}

#[tokio::test]
async fn a_tag_opens_nothing_to_those_who_may_not_read() {
    let app = app().await;
    let tag = app.get(ACME).user(owner()).send().await.header("etag").to_owned();
    let refused = app.get(ACME).user(stranger()).header("if-none-match", &tag).send().await;
    assert_eq!(refused.problem(), "403 not_a_member");
}

// 400

#[tokio::test]
async fn an_id_that_is_no_uuid_is_named() {
    let app = app().await;
    for id in ["1", "acme-corp", "550e8400e29b41d4a716446655440000", "%00", "%F0%9F%92%A5", "%FF", "%2E%2E"] {
        let response = app.get(&format!("/organizations/{id}")).user(owner()).send().await;
        assert_eq!(response.problem(), "400 invalid_request", "{id}");
        assert_eq!(response.json()["errors"][0]["pointer"], "/path/organizationId", "{id}");
    }
}

#[tokio::test]
async fn query_parameters_are_refused_without_showing_their_values() {
    let app = app().await;
    let long = format!("x={}", "a".repeat(10_240));
    for query in ["secret=hunter2", "%FF=hunter2", "hunter2%20hunter2", "=hunter2", "a&b&c=hunter2", &long] {
        let response = app.get(&format!("{ACME}?{query}")).user(owner()).send().await;
        assert_eq!(response.problem(), "400 invalid_request");
        assert!(!response.text.contains("hunter2"), "{}", response.text);
        assert!(response.text.len() < 1000);
    }
    let response = app.get(&format!("{ACME}?expand=owner")).user(owner()).send().await;
    assert_eq!(response.json()["errors"][0]["pointer"], "/query/expand");
    assert_eq!(app.get(&format!("{ACME}?")).user(owner()).send().await.status, 200, "an empty query is none");
}

// 401, 403, 404

#[tokio::test]
async fn the_published_refusals_are_answered_to_the_letter() {
    let app = app().await;
    let missing = app.get(NOWHERE).user(owner()).send().await;
    assert_eq!(missing.problem(), "404 organization_not_found");
    assert_eq!(missing.json()["message"], "Organization not found");
    let refused = app.get(ACME).user(stranger()).send().await;
    assert_eq!(refused.problem(), "403 not_a_member");
    assert_eq!(refused.json()["message"], "Access denied. User is not a member of this organization");
    let unknown = app.get(ACME).send().await;
    assert_eq!(unknown.problem(), "401 authentication_required");
    assert_eq!(unknown.json()["message"], "Authentication required. Provide a valid bearer token.");
    assert_eq!(
        unknown.header("www-authenticate"),
        "Bearer resource_metadata=\"https://padron.test/api/.well-known/oauth-protected-resource\""
    );
}

#[tokio::test]
async fn whoever_is_not_known_learns_nothing_about_organizations() {
    let app = app().await;
    app.recorded();
    let bodies =
        [app.get(ACME).send().await, app.get(NOWHERE).send().await, app.get("/organizations/1").send().await]
            .map(|response| {
                let mut body = response.json();
                body["requestId"] = Value::Null;
                body
            });
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    assert!(app.recorded().is_empty(), "the table is not asked");
}

// 503

#[tokio::test]
async fn a_membership_that_comes_late_is_waited_for() {
    let app = app().await;
    let membership = format!("MEMBER#{}", demo::MEMBER);
    app.recorded();
    app.proxy.inject([Fault::Unprocessed(membership.clone()), Fault::Unprocessed(membership)]);
    let response = app.get(ACME).user(member()).send().await;
    assert_eq!(response.status, 200, "never 403: {}", response.text);
    let recorded = app.recorded();
    assert_eq!(recorded.len(), 3);
    assert_eq!(recorded.iter().map(|request| request.units()).sum::<f64>(), 2.0, "nothing is read twice");

    app.proxy.inject([Fault::Unprocessed("ORG".into())]);
    assert_eq!(app.get(ACME).user(member()).send().await.status, 200, "never 404");
    app.proxy.inject([Fault::AllUnprocessed]);
    assert_eq!(app.get(ACME).user(member()).send().await.status, 200);
}

/// Sends one request while every request to the database meets the fault, and asserts that it is refused in time.
async fn is_unavailable(app: &mut TestApp, fault: Fault) {
    app.time_limit = Duration::from_millis(900);
    app.proxy.always(Some(fault.clone()));
    let started = Instant::now();
    let response = app.get(ACME).user(member()).send().await;
    assert_eq!(response.problem(), "503 service_unavailable", "{fault:?}");
    assert_eq!(response.header("retry-after"), "1", "{fault:?}");
    // Ten times the time limit: a request that hangs fails this check, a slow machine does not.
    assert!(started.elapsed() < Duration::from_secs(9), "{fault:?}");
    app.proxy.always(None);
    app.time_limit = Duration::from_secs(9);
    assert_eq!(app.get(ACME).user(member()).send().await.status, 200, "after {fault:?}");
}

#[tokio::test]
async fn a_database_that_fails_in_any_way_gives_503_in_time() {
    let mut app = app().await;
    for fault in [
        Fault::Throttle,
        Fault::ServerError,
        Fault::AllUnprocessed,
        Fault::Unprocessed("ORG".into()),
        Fault::Unprocessed(format!("MEMBER#{}", demo::MEMBER)),
        Fault::Hang,
        Fault::Reset,
        Fault::LostResponse,
        Fault::Delay(Duration::from_secs(30)),
    ] {
        is_unavailable(&mut app, fault).await;
    }
}

#[tokio::test]
async fn a_database_that_is_gone_gives_503() {
    let app = TestApp::of(padron_api::endpoints())
        // Nothing listens on port 1, which is reserved.
        .variable("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
        .build()
        .await;
    assert_eq!(app.get(ACME).user(member()).send().await.problem(), "503 service_unavailable");
}

#[tokio::test]
async fn a_moment_of_trouble_is_not_noticed() {
    let app = app().await;
    for fault in [Fault::Throttle, Fault::ServerError, Fault::Reset, Fault::LostResponse] {
        app.proxy.inject([fault.clone()]);
        assert_eq!(app.get(ACME).user(member()).send().await.status, 200, "{fault:?}");
    }
}
