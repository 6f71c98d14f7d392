//! Tests that searches find what users type.

use padron_domain::Role;
use serde_json::{Value, json};

use crate::support::{ACME, app, join, member, owner, user};

#[tokio::test]
async fn customers_are_found_by_what_people_type() {
    let app = app().await;
    for name in [
        "Straße",
        "ﬁne dining",
        "ŒUVRE",
        "Ærø",
        "O'Brien",
        "Łódź",
        "Møller",
        "ΟΔΟΣ",
        "Þór",
        "Đorđe",
        "100% Agave",
        "snake_case",
        "a*b",
        "Zero\u{200b}Width",
        "Núñez",
        "GROẞE",
        "ＦＵＬＬ",
        "Гараж",
    ] {
        let body = json!({ "legalName": name, "address": { "country": "USA" } });
        let response = app.call("POST", &format!("{ACME}/customers")).user(member()).json(&body).send().await;
        assert_eq!(response.status, 201, "{name}: {}", response.text);
    }
    for (typed, found) in [
        ("strasse", &["Straße"][..]),
        ("STRASSE", &["Straße"]),
        ("straße", &["Straße"]),
        ("fine din", &["ﬁne dining"]),
        ("oeuvre", &["ŒUVRE"]),
        ("œuvre", &["ŒUVRE"]),
        ("aero", &["Ærø"]),
        ("ÆRØ", &["Ærø"]),
        (" brien ", &["O'Brien"]),
        ("\u{a0}o'brien\u{200b}", &["O'Brien"]),
        ("lodz", &["Łódź"]),
        ("ŁÓDŹ", &["Łódź"]),
        ("moller", &["Møller"]),
        ("οδος", &["ΟΔΟΣ"]),
        ("οδοσ", &["ΟΔΟΣ"]),
        ("thor", &["Þór"]),
        ("dorde", &["Đorđe"]),
        ("100%", &["100% Agave"]),
        ("%", &["100% Agave"]),
        ("_", &["snake_case"]),
        ("*", &["a*b"]),
        ("a*", &["a*b"]),
        ("zerowidth", &["Zero\u{200b}Width"]),
        ("nunez", &["Núñez"]),
        ("nuñez", &["Núñez"]),
        ("grosse", &["GROẞE"]),
        ("full", &["ＦＵＬＬ"]),
        ("гараж", &["Гараж"]),
        ("beijing", &[]),
        ("strase", &[]),
    ] {
        let encoded: String = typed.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let path = format!("{ACME}/customers?search={encoded}&createdAtFrom=2026-01-15T00:00:00Z");
        let response = app.get(&path).user(member()).send().await.json();
        let names: Vec<_> =
            response.as_array().unwrap().iter().map(|one| one["legalName"].as_str().unwrap()).collect();
        assert_eq!(names, found, "{typed}");
    }
    // A search for blanks matches everything.
    let all = app.get("/v2/customers?search=%20%C2%A0").user(member()).send().await.json()["count"].clone();
    assert_eq!(all, app.get("/v2/customers").user(member()).send().await.json()["count"]);
}

#[tokio::test]
async fn members_are_found_by_what_people_type() {
    let app = app().await;
    let names = ["Jürgen Großmann", "Søren Ærø", "Michał Łódź"];
    for (index, name) in (0..).zip(names) {
        join(&app, padron_local::demo::ACME, user(index), Role::Member).await;
        let mut claims = app.claims(user(index));
        claims["name"] = json!(name);
        let token = app.tokens.issuer.token(&claims);
        assert_eq!(app.get("/users/me").bearer(&token).send().await.status, 200);
    }
    for (typed, index) in
        [("grossmann", 0), ("JURGEN", 0), ("soren", 1), ("aero", 1), ("michal%20lodz", 2), ("%20lodz%20", 2)]
    {
        let found = app.get(&format!("{ACME}/members?q={typed}")).user(owner()).send().await.json();
        let found: Vec<&Value> = found.as_array().unwrap().iter().map(|one| &one["user"]["name"]).collect();
        assert_eq!(found, [names[index]], "{typed}");
    }
}
