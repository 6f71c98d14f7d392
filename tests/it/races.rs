//! Tests of concurrent requests against a sequential model of the business rules.
//!
//! Random operations run in rounds, those of a round at the same time, with injected conflicts between transactions. Afterwards some
//! sequential order of the operations must explain every response and the stored state. This is the definition of linearizability.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use futures_util::future::join_all;
use padron_domain::{Actor, Authority, Event, EventData, Role, UserId};
use padron_local::demo;
use padron_store::EventRange;
use padron_testkit::{Fault, TestApp, TestResponse};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngSeed, TestRunner},
};
use serde_json::{Value, json};

use crate::support::{ACME, app, event_types, join, keys_of, owner, sized, stored, user};

/// An operation of a user. Users are small numbers, so that operations often affect the same ones.
#[derive(Clone, Debug)]
enum Operation {
    Transfer { by: usize, to: usize },
    SetRole { by: usize, of: usize, admin: bool },
    Remove { by: usize, of: usize },
    Rename { by: usize, name: char, version: Option<u64> },
    Delete { by: usize },
    Restore { by: usize },
}

const USERS: usize = 5;
/// The number that stands for the current owner.
const THE_OWNER: usize = USERS;

fn operation() -> impl Strategy<Value = Operation> {
    let one = || 0..=USERS;
    prop_oneof![
        3 => (one(), one()).prop_map(|(by, to)| Operation::Transfer { by, to }),
        4 => (one(), one(), any::<bool>()).prop_map(|(by, of, admin)| Operation::SetRole { by, of, admin }),
        2 => (one(), one()).prop_map(|(by, of)| Operation::Remove { by, of }),
        3 => (one(), proptest::char::range('a', 'c'), proptest::option::weighted(0.3, 1..6_u64))
            .prop_map(|(by, name, version)| Operation::Rename { by, name, version }),
        1 => one().prop_map(|by| Operation::Delete { by }),
        3 => one().prop_map(|by| Operation::Restore { by }),
    ]
}

impl Operation {
    /// The events of all operations.
    const EVENTS: [&'static str; 6] = [
        "organization.transferred",
        "member.role_updated",
        "member.removed",
        "organization.updated",
        "organization.deleted",
        "organization.restored",
    ];

    /// Returns the type of the event that a change by this operation writes.
    fn event(&self) -> &'static str {
        let index = match self {
            Self::Transfer { .. } => 0,
            Self::SetRole { .. } => 1,
            Self::Remove { .. } => 2,
            Self::Rename { .. } => 3,
            Self::Delete { .. } => 4,
            Self::Restore { .. } => 5,
        };
        Self::EVENTS[index]
    }

    /// Replaces [`THE_OWNER`] with the number of the current owner.
    fn with_owner_resolved(mut self, model: &Model) -> Self {
        let (first, second) = match &mut self {
            Self::Transfer { by, to } => (by, Some(to)),
            Self::SetRole { by, of, .. } | Self::Remove { by, of } => (by, Some(of)),
            Self::Rename { by, .. } | Self::Delete { by } | Self::Restore { by } => (by, None),
        };
        let owner = model.roles.iter().find(|(_, role)| **role == Role::Owner).map(|(number, _)| *number);
        for number in std::iter::once(first).chain(second) {
            if *number == THE_OWNER {
                *number = owner.unwrap();
            }
        }
        self
    }
}

/// The part of an organization's state that decides outcomes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Model {
    version: u64,
    name: String,
    deleted: bool,
    roles: BTreeMap<usize, Role>,
}

impl Model {
    /// Applies an operation and returns its outcome: the status, or the problem.
    fn apply(&mut self, operation: &Operation) -> String {
        self.attempt(operation).unwrap_or_else(|problem| problem.to_owned())
    }

    fn attempt(&mut self, operation: &Operation) -> Result<String, &'static str> {
        let role = |by: &usize| self.roles.get(by).copied();
        let enter = |by: &usize, least: Role| {
            if self.deleted {
                return Err("404 organization_not_found");
            }
            match role(by) {
                None => Err("403 not_a_member"),
                Some(role) if role < least => Err("403 insufficient_role"),
                Some(_) => Ok(()),
            }
        };
        match operation {
            Operation::Transfer { by, to } => {
                enter(by, Role::Owner)?;
                let to_role = role(to).ok_or("404 member_not_found")?;
                if to_role == Role::Owner {
                    return Err("409 already_owner");
                }
                self.roles.insert(*by, Role::Admin);
                self.roles.insert(*to, Role::Owner);
                self.version += 1;
            }
            Operation::SetRole { by, of, admin } => {
                enter(by, Role::Admin)?;
                if role(of).ok_or("404 member_not_found")? == Role::Owner {
                    return Err("409 owner_role_immutable");
                }
                self.roles.insert(*of, if *admin { Role::Admin } else { Role::Member });
            }
            Operation::Remove { by, of } => {
                enter(by, if by == of { Role::Member } else { Role::Admin })?;
                if role(of).ok_or("404 member_not_found")? == Role::Owner {
                    return Err("409 owner_cannot_leave");
                }
                self.roles.remove(of);
                return Ok("204".into());
            }
            Operation::Rename { by, name, version } => {
                enter(by, Role::Owner)?;
                if version.is_some_and(|version| version != self.version) {
                    return Err("412 precondition_failed");
                }
                let name = String::from(*name).repeat(3);
                if self.name != name {
                    self.name = name;
                    self.version += 1;
                }
            }
            Operation::Delete { by } => {
                enter(by, Role::Owner)?;
                self.deleted = true;
                self.version += 1;
                return Ok("204".into());
            }
            Operation::Restore { by } => {
                match role(by) {
                    Some(Role::Owner) if !self.deleted => return Err("409 organization_not_deleted"),
                    Some(Role::Owner) => {}
                    _ if self.deleted => return Err("404 organization_not_found"),
                    None => return Err("403 not_a_member"),
                    Some(_) => return Err("403 insufficient_role"),
                }
                self.deleted = false;
                self.version += 1;
            }
        }
        Ok("200".into())
    }
}

/// Returns the user with this number. The owner of the demo organization is number 0.
fn numbered_user(number: usize) -> UserId {
    if number == 0 { owner() } else { user(number as u128) }
}

async fn send(app: &TestApp, operation: &Operation) -> TestResponse {
    let call = |method: &str, by: &usize, path: String| app.call(method, &path).user(numbered_user(*by));
    let member = |of: &usize| format!("{ACME}/members/{}", numbered_user(*of));
    let call = match operation {
        Operation::Transfer { by, to } => call("POST", by, format!("{ACME}/transfer"))
            .json(&json!({ "userId": numbered_user(*to).to_string() })),
        Operation::SetRole { by, of, admin } => {
            let role = if *admin { "admin" } else { "member" };
            call("PUT", by, format!("{}/role", member(of))).json(&json!({ "role": role }))
        }
        Operation::Remove { by, of } => call("DELETE", by, member(of)),
        Operation::Rename { by, name, version } => {
            let call = call("PUT", by, ACME.into());
            let call = match version {
                Some(version) => call.header("if-match", &format!("\"{version}.0\"")),
                None => call,
            };
            call.json(&json!({ "name": String::from(*name).repeat(3) }))
        }
        Operation::Delete { by } => call("DELETE", by, ACME.into()),
        Operation::Restore { by } => call("POST", by, format!("{ACME}/restore")),
    };
    call.send().await
}

fn outcome(response: &TestResponse) -> String {
    if response.status < 300 { response.status.to_string() } else { response.problem() }
}

/// Returns the stored state as a model, and asserts that the counts of the roster are right.
async fn observe(app: &TestApp) -> Model {
    let organization = stored(app, demo::ACME).await;
    let page = app.store().members(organization.id, None, 100, None).await.unwrap();
    let roles: BTreeMap<usize, Role> = page
        .items
        .iter()
        .map(|member| ((0..USERS).find(|number| numbered_user(*number) == member.user).unwrap(), member.role))
        .collect();
    let owners: Vec<_> = roles.iter().filter(|(_, role)| **role == Role::Owner).collect();
    assert_eq!(owners.len(), 1, "exactly one owner: {roles:?}");
    let roster = roster(app).await;
    let count =
        |role: Option<Role>| roles.values().filter(|one| role.is_none_or(|role| role == **one)).count();
    let expected = json!({
        "state": if organization.deleted_at.is_some() { "deleted" } else { "active" },
        "owner": numbered_user(*owners[0].0).to_string(),
        "members": count(None).to_string(),
        "admins": count(Some(Role::Admin)).to_string(),
    });
    assert_eq!(roster, expected, "the roster agrees with the members");
    assert_eq!(organization.owner, numbered_user(*owners[0].0), "the organization agrees with the members");
    Model {
        version: organization.version,
        name: organization.name,
        deleted: organization.deleted_at.is_some(),
        roles,
    }
}

/// Returns the content of the roster.
async fn roster(app: &TestApp) -> Value {
    let (client, table) = app.raw_table();
    let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.into());
    let key = HashMap::from([
        ("PK".to_owned(), text(&format!("ORG#{}", demo::ACME))),
        ("SK".to_owned(), text("ROSTER")),
    ]);
    let item = client.get_item().table_name(table).set_key(Some(key)).send().await.unwrap().item.unwrap();
    let value = |name: &str| item[name].as_s().or(item[name].as_n()).unwrap().clone();
    json!({
        "state": value("state"), "owner": value("owner"), "members": value("members"), "admins": value("admins"),
    })
}

/// Returns whether some order of the operations leads from `before` to `after` with these outcomes. An operation that fails with
/// `concurrent_change` has had no effect.
fn is_explained(before: &Model, after: &Model, done: &[(&Operation, String)]) -> bool {
    if done.is_empty() {
        return before == after;
    }
    (0..done.len()).any(|next| {
        let (operation, outcome) = &done[next];
        let mut state = before.clone();
        if outcome != "409 concurrent_change" && state.apply(operation) != *outcome {
            return false;
        }
        let rest: Vec<_> =
            done.iter().enumerate().filter(|(at, _)| *at != next).map(|(_, one)| one.clone()).collect();
        is_explained(&state, after, &rest)
    })
}

/// Starts an app in which Acme Corp has members of every role, of whom only the owner is from the demo.
async fn start() -> TestApp {
    let app = app().await;
    for id in [demo::ADMIN, demo::MEMBER] {
        let path = format!("{ACME}/members/{id}");
        assert_eq!(app.call("DELETE", &path).user(owner()).send().await.status, 204);
    }
    for (number, role) in [(1, Role::Admin), (2, Role::Admin), (3, Role::Member)] {
        join(&app, demo::ACME, numbered_user(number), role).await;
    }
    app
}

/// Returns a random generator that is the same in every run, so that failures can be reproduced.
fn runner() -> TestRunner {
    TestRunner::new(Config { rng_seed: RngSeed::Fixed(20_261_122), ..Config::default() })
}

fn generate<T>(runner: &mut TestRunner, strategy: &impl Strategy<Value = T>) -> T {
    strategy.new_tree(runner).unwrap().current()
}

/// Lets members who left or were removed join again, so that operations still meet members.
async fn refill(app: &TestApp, model: &Model) {
    for number in 1..USERS - 1 {
        if !model.deleted && !model.roles.contains_key(&number) {
            join(app, demo::ACME, numbered_user(number), Role::Member).await;
        }
    }
}

#[tokio::test]
async fn one_after_the_other_requests_do_what_the_model_does() {
    let app = start().await;
    let mut runner = runner();
    let mut statuses: BTreeMap<String, usize> = BTreeMap::new();
    for step in 0..sized(400, 120) {
        if step % 40 == 0 {
            refill(&app, &observe(&app).await).await;
        }
        let mut model = observe(&app).await;
        let operation = generate(&mut runner, &operation()).with_owner_resolved(&model);
        let expected = model.apply(&operation);
        let found = outcome(&send(&app, &operation).await);
        assert_eq!(found, expected, "{operation:?} in {model:?}");
        assert_eq!(observe(&app).await, model, "after {operation:?}");
        *statuses.entry(found).or_default() += 1;
    }
    for outcome in [
        "200",
        "204",
        "403 insufficient_role",
        "403 not_a_member",
        "404 member_not_found",
        "404 organization_not_found",
        "409 already_owner",
        "409 organization_not_deleted",
        "409 owner_cannot_leave",
        "409 owner_role_immutable",
        "412 precondition_failed",
    ] {
        assert!(statuses.contains_key(outcome), "{outcome} was never met: {statuses:?}");
    }
}

#[tokio::test]
async fn some_order_explains_what_requests_at_the_same_time_did() {
    let app = start().await;
    app.proxy.conflict_every(Some(4));
    let mut runner = runner();
    let round = proptest::collection::vec(operation(), 2..=5);
    for number in 0..sized(120, 20) {
        if number % 8 == 0 {
            refill(&app, &observe(&app).await).await;
        }
        let before = observe(&app).await;
        let operations = generate(&mut runner, &round).into_iter();
        let operations: Vec<_> = operations.map(|operation| operation.with_owner_resolved(&before)).collect();
        let answers = join_all(operations.iter().map(|operation| send(&app, operation))).await;
        let done: Vec<_> = operations.iter().zip(answers.iter().map(outcome)).collect();
        let after = observe(&app).await;
        assert!(is_explained(&before, &after, &done), "{before:#?}\n{done:#?}\n{after:#?}");
    }
}

#[tokio::test]
async fn through_thirty_two_at_once_there_is_one_owner_and_no_one_gets_5xx() {
    let app = start().await;
    app.proxy.conflict_every(Some(3));
    let mut runner = runner();
    let round = proptest::collection::vec(operation(), 32);
    let mut written = Events::default();
    let rounds = sized(12, 4);
    for _ in 0..rounds {
        let model = observe(&app).await;
        if model.deleted {
            let restore = Operation::Restore { by: THE_OWNER }.with_owner_resolved(&model);
            assert_eq!(send(&app, &restore).await.status, 200);
        }
        refill(&app, &observe(&app).await).await;
        let (before, events_before) = (observe(&app).await, events(&app).await);
        // Most of them contradict each other. Some that do not show that the others hold nobody up for ever.
        let renames = ('d'..='k').map(|name| Operation::Rename { by: THE_OWNER, name, version: None });
        let operations = generate(&mut runner, &round).into_iter().chain(renames);
        let operations: Vec<_> = operations.map(|operation| operation.with_owner_resolved(&before)).collect();
        let answers = join_all(operations.iter().map(|operation| send(&app, operation))).await;
        for (operation, response) in operations.iter().zip(&answers) {
            assert!(response.status < 500, "{operation:?}: {response:?}");
        }
        let (after, events) = (observe(&app).await, events(&app).await.since(&events_before));
        let successes = operations.iter().zip(&answers).filter(|(_, response)| response.status < 300);
        let successes: Vec<&Operation> = successes.map(|(operation, _)| operation).collect();
        assert_events(&events, &successes, &before, &after);
        written.add(&events);
    }
    assert!(written.total() >= 2 * rounds, "{written:?} in {rounds} rounds");
}

/// The number of events of each type.
#[derive(Debug, Default)]
struct Events(BTreeMap<String, usize>);

impl Events {
    fn count(&self, event_type: &str) -> usize {
        self.0.get(event_type).copied().unwrap_or_default()
    }

    fn total(&self) -> usize {
        self.0.values().sum()
    }

    fn add(&mut self, other: &Self) {
        for (name, count) in &other.0 {
            *self.0.entry(name.clone()).or_default() += count;
        }
    }

    /// Returns the number of events that were written after `earlier`.
    fn since(mut self, earlier: &Self) -> Self {
        self.0.iter_mut().for_each(|(name, count)| *count -= earlier.count(name));
        self
    }
}

/// Returns the number of events of each type in Acme Corp.
async fn events(app: &TestApp) -> Events {
    let (mut events, mut after) = (Events::default(), None);
    loop {
        let organization = demo::organization(demo::ACME);
        let page = app
            .store()
            .events(organization, EventRange { after, ..EventRange::default() }, 100, None)
            .await
            .unwrap();
        for event in page.items {
            *events.0.entry(event.data.event_type().to_owned()).or_default() += 1;
        }
        match page.next {
            Some(last) => after = Some(last.id),
            None => return events,
        }
    }
}

/// Asserts that every change has exactly one event, and that nothing else has one.
fn assert_events(events: &Events, successes: &[&Operation], before: &Model, after: &Model) {
    let context = || format!("{events:?} of {successes:#?} from {before:?} to {after:?}");
    for name in Operation::EVENTS {
        let (written, succeeded) =
            (events.count(name), successes.iter().filter(|operation| operation.event() == name).count());
        // A role or a name that is the same as before is a success without a change.
        if matches!(name, "member.role_updated" | "organization.updated") {
            assert!(written <= succeeded, "{name}: {}", context());
        } else {
            assert_eq!(written, succeeded, "{name}: {}", context());
        }
    }
    let of_organization = |name: &&str| name.starts_with("organization.");
    let versions: usize =
        Operation::EVENTS.into_iter().filter(of_organization).map(|name| events.count(name)).sum();
    assert_eq!(after.version - before.version, versions as u64, "{}", context());
    assert_eq!(before.roles.len() - after.roles.len(), events.count("member.removed"), "{}", context());
    assert_eq!(
        usize::from(before.deleted) + events.count("organization.deleted"),
        usize::from(after.deleted) + events.count("organization.restored"),
        "{}",
        context()
    );
    assert!(!successes.is_empty(), "{}", context());
}

#[tokio::test]
async fn whoever_leaves_and_joins_again_is_someone_else_to_writes_and_tags_from_before() {
    let app = start().await;
    let path = format!("{ACME}/members/{}", numbered_user(3));
    let tag = app.get(&path).user(owner()).send().await.header("etag").to_owned();
    // The role is decided from the earlier membership. The member leaves and joins again as an admin before the role is
    // written.
    app.proxy.inject([Fault::Delay(Duration::ZERO), Fault::Delay(Duration::from_millis(400))]);
    let role = app.call("PUT", &format!("{path}/role")).user(owner()).json(&json!({ "role": "admin" }));
    let rejoin = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let acme = demo::organization(demo::ACME);
        let membership =
            app.store().organization_access(acme, numbered_user(3), []).await.unwrap().membership.unwrap();
        let removed = EventData::MemberRemoved { member_id: numbered_user(3), revoked_keys: Vec::new() };
        let event = Event::new(acme, Actor::User(numbered_user(3)), app.clock.now(), removed);
        let keys = keys_of(&app, numbered_user(3)).await;
        app.store()
            .remove_member(&membership, &keys, &Authority::Membership(membership.clone()), &event)
            .unwrap()
            .commit()
            .await
            .unwrap();
        join(&app, demo::ACME, numbered_user(3), Role::Admin).await;
    };
    let (response, ()) = tokio::join!(role.send(), rejoin);
    assert_eq!(
        (response.status, &response.json()["role"]),
        (200, &json!("admin")),
        "decided anew: nothing to do"
    );
    observe(&app).await;
    let stale = app.call("DELETE", &path).user(owner()).header("if-match", &tag).send().await;
    assert_eq!(stale.problem(), "412 precondition_failed");
}

#[tokio::test]
async fn an_owner_of_before_writes_nothing_to_the_organization_of_after() {
    let mut app = start().await;
    // The inconsistency is permanent, so every retry has the same outcome.
    app.time_limit = Duration::from_secs(1);
    // A batch may read this while a transfer commits: the membership from before, and the organization from after.
    let (client, table) = app.raw_table();
    let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.into());
    let key = HashMap::from([
        ("PK".to_owned(), text(&format!("ORG#{}", demo::ACME))),
        ("SK".to_owned(), text(&format!("MEMBER#{}", owner()))),
    ]);
    let get = client.get_item().table_name(table).set_key(Some(key)).send().await.unwrap();
    let transfer = app.call("POST", &format!("{ACME}/transfer")).user(owner());
    let transfer = transfer.json(&json!({ "userId": numbered_user(1).to_string() })).send().await;
    assert_eq!(transfer.status, 200);
    client.put_item().table_name(table).set_item(get.item).send().await.unwrap();
    for (method, path) in
        [("PUT", ACME.to_owned()), ("DELETE", ACME.to_owned()), ("GET", format!("{ACME}/export"))]
    {
        let call = app.call(method, &path).user(owner()).json(&json!({ "name": "Mine again" }));
        assert_eq!(call.send().await.problem(), "409 concurrent_change", "{method}");
    }
    assert_eq!(
        app.call("DELETE", ACME).user(numbered_user(1)).send().await.status,
        204,
        "the owner of after can"
    );
}

#[tokio::test]
async fn of_thirty_two_transfers_to_different_members_one_wins() {
    let app = start().await;
    app.proxy.conflict_every(Some(3));
    let members: Vec<UserId> = (100..132).map(user).collect();
    for member in &members {
        join(&app, demo::ACME, *member, Role::Member).await;
    }
    let answers = join_all(members.iter().map(|to| {
        let call = app.call("POST", &format!("{ACME}/transfer")).user(owner());
        call.json(&json!({ "userId": to.to_string() })).send()
    }))
    .await;
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for response in &answers {
        *outcomes.entry(outcome(response)).or_default() += 1;
    }
    let expected = [("200".to_owned(), 1), ("403 insufficient_role".to_owned(), 31)];
    assert_eq!(outcomes, BTreeMap::from(expected), "the others are by someone who is the owner no more");
}

#[tokio::test]
async fn of_thirty_two_who_change_the_version_they_read_one_wins() {
    let app = start().await;
    app.proxy.conflict_every(Some(3));
    let tag = app.get(ACME).user(owner()).send().await.header("etag").to_owned();
    let answers = join_all((0..32).map(|number| {
        let call = app.call("PUT", ACME).user(owner()).header("if-match", &tag);
        call.json(&json!({ "name": format!("Acme {number}") })).send()
    }))
    .await;
    let winners: Vec<_> = answers.iter().filter(|response| response.status == 200).collect();
    assert_eq!(winners.len(), 1);
    let losers: Vec<_> = answers.iter().filter(|response| response.status != 200).map(outcome).collect();
    assert!(losers.iter().all(|problem| problem == "412 precondition_failed"), "{losers:?}");
    assert_eq!(app.get(ACME).user(owner()).send().await.text, winners[0].text);
}

#[tokio::test]
async fn of_thirty_two_who_want_a_slug_one_gets_it() {
    let app = app().await;
    app.proxy.conflict_every(Some(3));
    let answers = join_all((0..32).map(|number| {
        let call = app.call("POST", "/organizations").user(user(number));
        call.json(&json!({ "name": "Wanted", "slug": "wanted" })).send()
    }))
    .await;
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for response in &answers {
        *outcomes.entry(outcome(response)).or_default() += 1;
    }
    assert_eq!(outcomes, BTreeMap::from([("201".to_owned(), 1), ("409 slug_taken".to_owned(), 31)]));
}

#[tokio::test]
async fn without_if_match_a_lost_race_is_run_again_and_every_event_is_a_write() {
    let app = start().await;
    let before = stored(&app, demo::ACME).await.version;
    let answers = join_all((0..4).map(|number| {
        let call = app.call("PUT", ACME).user(owner());
        call.json(&json!({ "metadata": { "writer": number.to_string() } })).send()
    }))
    .await;
    assert!(
        answers.iter().all(|response| response.status == 200),
        "three times is enough for four: {answers:?}"
    );
    assert_eq!(stored(&app, demo::ACME).await.version, before + 4);
    let events = event_types(&app, demo::organization(demo::ACME)).await;
    assert_eq!(events.iter().filter(|name| *name == "organization.updated").count(), 4);
    let versions: Vec<Value> =
        answers.iter().map(|response| response.headers["etag"].clone().into()).collect();
    assert_eq!(versions.iter().collect::<std::collections::HashSet<_>>().len(), 4);
}
