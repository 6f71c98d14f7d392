//! Tests of instants in queries: the format is that of RFC 3339, and a bound outside the range of storable instants is valid.

use serde_json::{Value, json};

use crate::support::{ACME, admin, app, member, owner, pairs, wrong};

#[tokio::test]
async fn an_instant_is_what_the_published_grammar_says() {
    let app = app().await;
    let all = app.get("/v2/customers").user(member()).send().await.json()["count"].clone();
    for (query, count) in [
        ("createdAtFrom=9999-12-31T23:59:59Z", json!(0)),
        ("createdAtFrom=9999-12-31T23:59:59.999-23:59", json!(0)),
        ("createdAtTo=9999-12-31T23:59:59Z", all.clone()),
        ("createdAtFrom=0000-01-01T00:00:00Z", all.clone()),
        ("createdAtFrom=0000-01-01T00:00:00%2B23:59", all.clone()),
        ("createdAtTo=0000-01-01T00:00:00Z", json!(0)),
        ("updatedAtFrom=9999-12-31T23:59:59Z", json!(0)),
        ("updatedAtTo=9999-12-31T23:59:59Z", all.clone()),
        ("updatedAtFrom=0000-01-01T00:00:00Z", all.clone()),
        ("updatedAtTo=0000-01-01T00:00:00Z", json!(0)),
        ("createdAtFrom=1969-12-31T23:59:59Z&createdAtTo=9999-12-31T23:59:59Z", all.clone()),
        ("createdAtTo=2025-01-26T10:00:00+00:00", json!(1)),
        ("createdAtTo=2025-01-26T10:00:00%2B00:00", json!(1)),
        ("createdAtTo=2025-01-26T04:00:00-06:00", json!(1)),
        ("createdAtTo=2025-01-26T15:30:00+05:30", json!(1)),
        ("createdAt=2025-01-26T10:00:00.000+00:00", json!(1)),
        ("createdAt=2025-01-26t10:00:00z", json!(1)),
        ("createdAt=2025-01-26T10:00:00.0000000000000000Z", json!(1)),
        ("createdAtTo=%202025-01-26T10:00:00Z%20", json!(1)),
    ] {
        let response = app.get(&format!("/v2/customers?{query}")).user(member()).send().await;
        assert_eq!(response.status, 200, "{query}: {}", response.text);
        assert_eq!(response.json()["count"], count, "{query}");
    }
}

#[tokio::test]
async fn an_error_says_which_rule_was_broken() {
    let app = app().await;
    let form = [
        "20260101T000000Z",
        "2026-01-01T00Z",
        "2026-01-01T00:00Z",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00%2B01:00[Europe/Berlin]",
        "2026-01-01T00:00:00Z[UTC]",
        "2026-01-01%2000:00:00Z",
        "2026-01-01T00:00:00%2B0100",
        "1767225600",
        "now",
        "",
    ];
    let value = [
        "2026-02-30T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-01T25:00:00Z",
        "2026-01-01T00:00:00%2B24:00",
    ];
    let all =
        form.iter().map(|text| (text, "such as")).chain(value.iter().map(|text| (text, "no such date")));
    for (text, said) in all {
        for path in [
            format!("{ACME}/customers?createdAtFrom={text}"),
            format!("{ACME}/customers?updatedAt={text}"),
            format!("/v2/customers?updatedAtTo={text}"),
            format!("{ACME}/events?from={text}"),
            format!("{ACME}/events?to={text}"),
        ] {
            let response = app.get(&path).user(admin()).send().await;
            let name = path.split(['?', '=']).nth(1).unwrap();
            assert_eq!(wrong(&response), pairs(&[(&format!("/query/{name}"), "invalid_value")]), "{path}");
            let detail = response.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains(said), "{path}: {detail}");
            assert_eq!(detail.contains("%2B"), said == "such as", "{detail}");
        }
    }
}

#[tokio::test]
async fn a_range_begins_at_the_first_millisecond_in_it_wherever_it_is_asked() {
    let app = app().await;
    let renamed = app.call("PUT", ACME).user(owner()).json(&json!({ "name": "Renamed" })).send().await;
    assert_eq!(renamed.status, 200);
    let events = async |query: &str| {
        let response = app.get(&format!("{ACME}/events?{query}")).user(admin()).send().await;
        response.json().as_array().unwrap().len()
    };
    for (query, count) in [
        ("from=2026-01-15T12:00:00.000Z", 1),
        ("from=2026-01-15T12:00:00.0001Z", 0),
        ("to=2026-01-15T12:00:00.0009Z", 1),
        ("to=2026-01-15T11:59:59.9999Z", 0),
        ("from=2026-01-15T12:00:00+00:00&to=9999-12-31T23:59:59Z", 1),
        ("from=9999-12-31T23:59:59Z", 0),
        ("to=0000-01-01T00:00:00Z", 0),
    ] {
        assert_eq!(events(query).await, count, "{query}");
    }
    let body = json!({ "legalName": "Now", "address": { "country": "USA" } });
    let created = app.call("POST", &format!("{ACME}/customers")).user(member()).json(&body).send().await;
    assert_eq!(created.json()["createdAt"], "2026-01-15T12:00:00.000Z");
    let token = app.token(member());
    let search = async |created: &str| {
        let path = format!("/customer/getByOrganization/{}", padron_local::demo::ACME);
        let call = app.call("POST", &path).bearer(&token).header("token", &token);
        let call = call.header("tenantid", padron_local::demo::ACME).json(&json!({ "created": created }));
        let response: Value = call.send().await.json();
        let error = &response["errors"][0];
        match response["customers"].as_array() {
            Some(customers) => customers.len().to_string(),
            None => format!("{} {}", error["pointer"].as_str().unwrap(), error["detail"].as_str().unwrap()),
        }
    };
    let form = "/created An instant of RFC 3339 with its offset, or a date such as 2026-01-15.";
    let value = format!("/created {}", padron_domain::InstantProblem::Value.detail());
    for (created, count) in [
        ("2026-01-15T12:00:00.000Z", "1"),
        ("2026-01-15T12:00:00.0001Z", "0"),
        ("2026-01-15T06:00:00-06:00", "1"),
        ("2026-01-15", "1"),
        ("2026-01-16", "0"),
        ("9999-12-31T23:59:59Z", "0"),
        ("2026-02-30", &value),
        ("2026-02-30T12:00:00Z", &value),
        ("20260115", form),
    ] {
        assert_eq!(search(created).await, count, "{created}");
    }
}
