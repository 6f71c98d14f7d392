//! Tests of `GET /organizations/{organizationId}/events`.

use std::{collections::BTreeSet, time::Duration};

use padron_domain::{Actor, Event, EventData};
use padron_local::demo;
use padron_testkit::TestApp;
use serde_json::{Value, json};

use crate::support::{ACME, admin, app, cost, owner, stored};

const EVENTS: &str = "/organizations/550e8400-e29b-41d4-a716-446655440000/events";

/// Makes four name changes as the owner and two role changes as the admin, a second apart.
async fn history(app: &TestApp) {
    for number in 0..6 {
        app.clock.advance(Duration::from_secs(1));
        let call = if number % 3 == 2 {
            let role = if number == 2 { "admin" } else { "member" };
            let path = format!("{ACME}/members/{}/role", demo::MEMBER);
            app.call("PUT", &path).user(admin()).json(&json!({ "role": role }))
        } else {
            app.call("PUT", ACME).user(owner()).json(&json!({ "name": format!("Acme {number}") }))
        };
        assert_eq!(call.send().await.status, 200);
    }
}

async fn list(app: &TestApp, query: &str) -> Vec<Value> {
    let response = app.get(&format!("{EVENTS}{query}")).user(admin()).send().await;
    assert_eq!(response.status, 200, "{}", response.text);
    response.json().as_array().unwrap().clone()
}

#[tokio::test]
async fn the_newest_come_first_and_say_who_did_what_when() {
    let app = app().await;
    assert_eq!(list(&app, "").await, [] as [Value; 0]);
    history(&app).await;
    let events = list(&app, "").await;
    assert_eq!(events.len(), 6);
    let times: Vec<_> = events.iter().map(|event| event["createdAt"].as_str().unwrap().to_owned()).collect();
    let mut sorted = times.clone();
    sorted.sort_by(|a, b| b.cmp(a));
    assert_eq!(times, sorted);
    let mut newest = events[0].clone();
    newest["id"] = json!("…");
    let expected = json!({
        "id": "…", "type": "member.role_updated", "organizationId": demo::ACME, "actor": demo::ADMIN,
        "createdAt": app.clock.now().to_string(),
        "data": { "memberId": demo::MEMBER, "from": "admin", "to": "member" },
    });
    assert_eq!(newest, expected);
}

#[tokio::test]
async fn they_are_found_by_kind_by_actor_and_by_time() {
    let app = app().await;
    let start = app.clock.now();
    history(&app).await;
    let at = |seconds| start.plus(Duration::from_secs(seconds));
    for (query, count) in [
        ("?type=organization.updated".to_owned(), 4),
        ("?type=member.role_updated".to_owned(), 2),
        ("?type=organization.deleted".to_owned(), 0),
        (format!("?actor={}", demo::OWNER), 4),
        (format!("?actor={}&type=member.role_updated", demo::OWNER), 0),
        ("?actor=operator".to_owned(), 0),
        (format!("?from={}", at(3)), 4),
        (format!("?to={}", at(3)), 3),
        (format!("?from={}&to={}", at(3), at(3)), 1),
        (format!("?from={}&to={}", at(4), at(3)), 0),
        (format!("?from={}&type=organization.updated", at(3)), 2),
        (format!("?to={}", "2026-01-15T06:00:02-06:00"), 2),
    ] {
        assert_eq!(list(&app, &query.replace('+', "%2B")).await.len(), count, "{query}");
    }
}

#[tokio::test]
async fn pages_lead_through_all_of_them_filtered_or_not() {
    let app = app().await;
    history(&app).await;
    for (query, count) in [("limit=1", 6), ("limit=2", 6), ("limit=1&type=organization.updated", 4)] {
        let mut path = format!("{EVENTS}?{query}");
        let mut seen = Vec::new();
        for _ in 0..12 {
            let response = app.get(&path).user(admin()).send().await;
            seen.extend(response.json().as_array().unwrap().iter().map(|event| event["id"].to_string()));
            let Some(next) = response.next_page() else { break };
            path = next;
        }
        assert_eq!((seen.len(), seen.iter().collect::<BTreeSet<_>>().len()), (count, count), "{query}");
        let other = path
            .replace("organization.updated", "member.added")
            .replace("limit=", "type=member.added&limit=");
        if path.contains("cursor") && !query.contains("type") {
            let refused = app.get(&other).user(admin()).send().await;
            assert_eq!(refused.json()["errors"][0]["code"], "invalid_cursor", "bound to what was asked");
        }
    }
}

#[tokio::test]
async fn a_page_of_what_is_rare_reads_a_bounded_part_and_leads_on() {
    let app = app().await;
    let organization = demo::organization(demo::ACME);
    let fields = vec!["x".repeat(200); 100];
    for number in 0..120 {
        app.clock.advance(Duration::from_secs(1));
        let what = if number == 0 {
            EventData::OrganizationRestored {}
        } else {
            EventData::OrganizationUpdated { fields: fields.clone() }
        };
        let mut acme = stored(&app, demo::ACME).await;
        acme.mark_updated(app.clock.now());
        let event = Event::new(organization, Actor::Operator, app.clock.now(), what);
        app.store().update_organization(&acme, &event).unwrap().commit().await.unwrap();
    }
    let mut path = format!("{EVENTS}?type=organization.restored&limit=2");
    let (mut pages, mut seen) = (0, 0);
    loop {
        app.recorded();
        let response = app.get(&path).user(admin()).send().await;
        pages += 1;
        seen += response.json().as_array().unwrap().len();
        let units: f64 = app.recorded().iter().map(|request| request.units()).sum();
        assert!(units <= 2.0 + 130.0, "{units}");
        let Some(next) = response.next_page() else { break };
        path = next;
    }
    assert_eq!(seen, 1, "the oldest is found, behind more than a megabyte of others");
    assert!((2..=4).contains(&pages), "{pages}");
}

#[tokio::test]
async fn what_is_not_understood_is_refused() {
    let app = app().await;
    for query in
        ["type=created", "actor=me", "from=yesterday", "to=2026-13-01T00:00:00Z", "limit=1000", "q=a"]
    {
        let response = app.get(&format!("{EVENTS}?{query}")).user(admin()).send().await;
        assert_eq!(response.problem(), "400 invalid_request", "{query}");
    }
}

#[tokio::test]
async fn it_takes_a_read_and_a_query() {
    let app = app().await;
    history(&app).await;
    let costs = cost(&app, app.get(EVENTS).user(admin())).await;
    assert_eq!(costs, [("BatchGetItem".to_owned(), 2.0), ("Query".to_owned(), 0.5)]);
}
