//! Tests of `padron admin set-plan`: plan and seats are set by an operator and by no caller.

use padron_domain::{EventData, Failure, Membership, OrganizationId, Plan, Role};
use padron_local::{
    admin::{Limit, PlanChange, apply},
    demo,
};
use padron_store::TransactionError;
use padron_testkit::TestApp;
use serde_json::json;

use crate::support::{app, globex_owner, owner, user};

async fn set_plan(app: &TestApp, plan: Plan, seats: Option<Limit>) -> String {
    app.clock.advance(std::time::Duration::from_secs(1));
    let change = PlanChange { organization: demo::organization(demo::GLOBEX), plan, seats };
    apply(&app.store(), change, &app.clock).await.unwrap()
}

/// Adds a member to Globex if a seat is free.
async fn try_to_join(app: &TestApp, number: u128) -> Result<(), TransactionError> {
    let organization = demo::organization(demo::GLOBEX);
    let (user, joined_at) = (user(number), app.clock.now());
    let member = Membership {
        organization,
        user,
        version: 1,
        role: Role::Member,
        email: None,
        name: None,
        joined_at,
        changed_at: None,
    };
    let what = EventData::MemberAdded { member_id: user, role: Role::Member, invitation_id: None };
    let event = padron_domain::Event::new(organization, padron_domain::Actor::User(user), joined_at, what);
    app.store().add_member(&member, &event).unwrap().commit().await
}

/// Adds members until no seat is free, and returns how many have joined.
async fn join_until_full(app: &TestApp, numbers: std::ops::Range<u128>) -> usize {
    let mut joined = 0;
    for number in numbers {
        match try_to_join(app, number).await {
            Ok(()) => joined += 1,
            Err(TransactionError::Refused(Failure::SEAT_LIMIT_REACHED)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    joined
}

#[tokio::test]
async fn a_plan_brings_its_seats_and_the_operator_can_set_others() {
    let app = app().await;
    assert_eq!(join_until_full(&app, 0..10).await, 4, "the free plan has five, the owner's among them");
    let said = set_plan(&app, Plan::Pro, None).await;
    assert_eq!(said, format!("Globex ({}) has the plan pro and up to 50 members.", demo::GLOBEX));
    let path = format!("/organizations/{}", demo::GLOBEX);
    let seen = app.get(&path).user(globex_owner()).send().await;
    assert_eq!(seen.json()["plan"], "pro");
    assert!(seen.header("etag").starts_with("\"2."));
    assert_eq!(join_until_full(&app, 10..70).await, 45);
    set_plan(&app, Plan::Enterprise, Some(Limit::AtMost(52))).await;
    assert_eq!(join_until_full(&app, 70..80).await, 2);
    let said = set_plan(&app, Plan::Enterprise, None).await;
    assert!(said.ends_with("the plan enterprise and any number of members."), "{said}");
    assert_eq!(join_until_full(&app, 80..90).await, 10);
    let events = format!("{path}/events?actor=operator&limit=1");
    let event = app.get(&events).user(globex_owner()).send().await.json()[0].clone();
    assert_eq!(event["type"], "organization.plan_updated");
    assert_eq!(event["data"], json!({ "plan": "enterprise", "seats": null }));
}

#[tokio::test]
async fn the_last_seat_is_given_once() {
    let app = app().await;
    set_plan(&app, Plan::Free, Some(Limit::AtMost(2))).await;
    let joins = futures_util::future::join_all((0..32).map(|number| try_to_join(&app, number))).await;
    assert_eq!(joins.iter().filter(|joined| joined.is_ok()).count(), 1);
    let full = |joined: &&Result<(), TransactionError>| {
        matches!(joined, Err(TransactionError::Refused(Failure::SEAT_LIMIT_REACHED)))
    };
    assert_eq!(joins.iter().filter(full).count(), 31);
}

#[tokio::test]
async fn what_is_not_there_has_no_plan() {
    let app = app().await;
    let nowhere = PlanChange { organization: OrganizationId::random(), plan: Plan::Pro, seats: None };
    assert!(apply(&app.store(), nowhere, &app.clock).await.unwrap_err().contains("There is no organization"));
    let path = format!("/organizations/{}", demo::ACME);
    assert_eq!(app.call("DELETE", &path).user(owner()).send().await.status, 204);
    let deleted = PlanChange { organization: demo::organization(demo::ACME), ..nowhere };
    assert!(apply(&app.store(), deleted, &app.clock).await.unwrap_err().contains("or it is deleted"));
}
