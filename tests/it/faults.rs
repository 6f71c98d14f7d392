//! Tests of conditions that a local DynamoDB engine does not produce by itself.
//!
//! These are conflicts between transactions, throttling, delayed indexes, and empty pages that do not end a list.

use std::{sync::Arc, time::Duration};

use padron_domain::{Failure, Role, Timestamp};
use padron_http::Registration;
use padron_local::demo;
use padron_store::Action;
use padron_testkit::{Fault, TestApp, TestResponse};
use serde_json::{Value, json};

use crate::support::{
    ACME, admin, app, app_for_sample, join, member, member_path, owner, sample_request, stranger, user,
    with_demo_data,
};

const CUSTOMERS: &str = "/organizations/550e8400-e29b-41d4-a716-446655440000/customers";

/// Starts the app with the demo data and with indexes that are `lag` behind from the beginning.
async fn app_with_lag(lag: Duration) -> TestApp {
    let mut app = TestApp::start(padron_api::endpoints()).await;
    app.lag(lag).await;
    with_demo_data(app).await
}

async fn create(app: &TestApp, name: &str, parent: Option<u64>) -> TestResponse {
    let body = json!({ "legalName": name, "parentId": parent, "address": { "country": "USA" } });
    app.call("POST", CUSTOMERS).user(member()).json(&body).send().await
}

async fn rename(app: &TestApp, number: u64, name: &str) -> TestResponse {
    let body = json!({ "legalName": name });
    app.call("PUT", &format!("{CUSTOMERS}/{number}")).user(member()).json(&body).send().await
}

fn numbers(page: &Value) -> Vec<u64> {
    page.as_array().unwrap().iter().map(|one| one["number"].as_u64().unwrap()).collect()
}

/// Returns how many of the recorded requests have this operation.
fn request_count(app: &TestApp, operation: &str) -> usize {
    app.recorded().iter().filter(|request| request.operation == operation).count()
}

// Conflicts

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creations_below_one_parent_do_not_meet() {
    let mut tries = Vec::new();
    for has_parent in [false, true] {
        let app = Arc::new(app().await);
        let parent = create(&app, "Parent", None).await.json()["number"].as_u64().unwrap();
        app.proxy.cancel_overlaps(true);
        app.recorded();
        let creations = (0..64).map(|index| {
            let app = Arc::clone(&app);
            let parent = has_parent.then_some(parent);
            tokio::spawn(async move { create(&app, &format!("Child {index}"), parent).await.status })
        });
        for status in futures_util::future::join_all(creations).await {
            assert_eq!(status.unwrap(), 201);
        }
        tries.push(request_count(&app, "TransactWriteItems"));
    }
    let [unrelated, siblings] = tries[..] else { unreachable!() };
    assert!(unrelated >= 64 && siblings <= unrelated * 3 / 2, "{siblings} against {unrelated}");
}

#[tokio::test]
async fn plain_deletions_that_meet_a_transaction_are_tried_again() {
    let app = app().await;
    assert_eq!(app.call("DELETE", ACME).user(owner()).send().await.status, 204);
    app.clock.advance(Duration::from_secs(30 * 24 * 60 * 60));
    // The first six requests query the index, read the organization, mark it, read its webhooks and its OAuth apps, and query the first page
    // of its items. The deletions follow.
    app.proxy.inject(vec![Fault::Delay(Duration::ZERO); 6]);
    app.proxy.inject([Fault::WriteConflict, Fault::WriteConflict]);
    let report = crate::purge_organizations::run(&app, Duration::from_secs(60)).await.unwrap();
    assert_eq!(report, json!({ "purged": 1, "unfinished": false }));
}

// Throttling

#[tokio::test]
async fn a_throttled_partition_gets_few_tries_and_the_caller_is_told_to_wait() {
    let app = app().await;
    for (path, read) in [(CUSTOMERS, true), (CUSTOMERS, false)] {
        app.proxy.throughput(None);
        app.recorded();
        // The write passes its access check before the partition is throttled.
        let response = if read {
            app.proxy.throughput(Some(0.0));
            app.get(path).user(member()).send().await
        } else {
            app.proxy.inject([Fault::Delay(Duration::ZERO)]);
            app.proxy.throughput(Some(0.0));
            create(&app, "Late", None).await
        };
        assert_eq!(response.problem(), "503 service_unavailable", "{response:?}");
        assert!(!response.header("retry-after").is_empty());
        let asked = app.recorded().len();
        assert!((2..=12).contains(&asked), "{asked} requests to a table that is too busy");
    }
    app.proxy.throughput(None);
    assert_eq!(create(&app, "Now", None).await.status, 201);
}

// Event order

/// Returns the types of Acme Corp's events, oldest first.
async fn event_types(app: &TestApp) -> Vec<String> {
    let mut types = crate::support::event_types(app, demo::organization(demo::ACME)).await;
    types.reverse();
    types
}

#[tokio::test]
async fn events_sort_as_versions_however_fast_these_follow_each_other() {
    for _ in 0..8 {
        let app = app().await;
        join(&app, demo::ACME, user(1), Role::Member).await;
        // The clock does not advance, so all events have the same time.
        for role in ["admin", "member", "admin"] {
            let body = json!({ "role": role });
            let path = format!("{}/role", member_path(user(1)));
            assert_eq!(app.call("PUT", &path).user(owner()).json(&body).send().await.status, 200);
        }
        assert_eq!(app.call("DELETE", &member_path(user(1))).user(owner()).send().await.status, 204);
        let body = json!({ "email": "nina@example.com", "role": "member" });
        let invite =
            app.call("POST", &format!("{ACME}/members/invite")).user(admin()).json(&body).send().await;
        let path = format!("{ACME}/invitations/{}", invite.json()["id"].as_str().unwrap());
        let resend = app.call("POST", &format!("{path}/resend")).user(admin()).send().await;
        assert_eq!(resend.status, 200, "{resend:?}");
        assert_eq!(app.call("DELETE", &path).user(admin()).send().await.status, 204);
        let events = app.get(&format!("{ACME}/events?limit=100")).user(owner()).send().await.json();
        let roles: Vec<&str> = events
            .as_array()
            .unwrap()
            .iter()
            .rev()
            .filter_map(|event| event["data"]["to"].as_str())
            .collect();
        assert_eq!(roles, ["admin", "member", "admin"]);
        let event_types = event_types(&app).await;
        let of = |prefix: &str| -> Vec<&str> {
            event_types.iter().map(String::as_str).filter(|one| one.starts_with(prefix)).collect()
        };
        assert_eq!(of("member.").last(), Some(&"member.removed"), "{event_types:?}");
        assert_eq!(of("invite."), ["invite.created", "invite.resent", "invite.cancelled"]);
    }
}

// Index lag

/// Reads every page of the changes since `since`, like a client that keeps a copy. Returns the time until which the list is complete.
async fn read_changes(app: &TestApp, since: &str, seen: &mut Vec<u64>) -> String {
    let mut next = Some(format!("{CUSTOMERS}?limit=2&updatedAtFrom={since}"));
    let mut complete_until = String::new();
    while let Some(path) = next {
        let page = app.get(&path).user(member()).send().await;
        assert_eq!(page.status, 200, "{page:?}");
        seen.extend(numbers(&page.json()));
        match page.header("x-complete-until") {
            "" => assert!(path.contains("cursor="), "the first page says until when"),
            until => {
                assert!(!path.contains("cursor="), "later pages say nothing about it");
                complete_until = until.to_owned();
            }
        }
        next = page.next_page();
    }
    complete_until
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_on_from_where_the_list_was_complete_misses_nothing() {
    let mut app = app_with_lag(Duration::from_millis(200)).await;
    let mut made = Vec::new();
    for index in 0..3 {
        made.push(create(&app, &format!("Copied {index}"), None).await.json()["number"].as_u64().unwrap());
    }
    let [late, prompt, other] = made[..] else { unreachable!() };
    app.clock.advance(Duration::from_secs(60));
    // From here on, requests do not wait until the indexes are up to date.
    app.wait_for_replica = false;
    let app = Arc::new(app);
    let begin = app.clock.now();
    // This update gets its timestamp first and commits last. It is as slow as a request may be.
    let slow = {
        let app = Arc::clone(&app);
        // The read is not delayed, the transaction is.
        app.proxy.inject([Fault::Delay(Duration::ZERO), Fault::Delay(Duration::from_secs(1))]);
        tokio::spawn(async move { rename(&app, late, "Late").await })
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    app.clock.advance(Duration::from_secs(8));
    let stamped = rename(&app, prompt, "Prompt").await.json()["updatedAt"].as_str().unwrap().to_owned();
    app.proxy.settled().await;
    let mut seen = Vec::new();
    let until = read_changes(&app, &begin.to_string(), &mut seen).await;
    assert_eq!(seen, [prompt], "the other one is not committed yet");
    assert!(Timestamp::parse(&until).unwrap() < begin, "{until}");
    let slow = slow.await.unwrap().json()["updatedAt"].as_str().unwrap().to_owned();
    assert!(slow < stamped, "it was decided before: {slow} {stamped}");
    // The index does not have the change right after the commit.
    let (mut copied, mut from_last_seen) = (Vec::new(), Vec::new());
    read_changes(&app, &until, &mut copied).await;
    app.proxy.settled().await;
    rename(&app, other, "Other").await;
    app.proxy.settled().await;
    read_changes(&app, &stamped, &mut from_last_seen).await;
    assert!(!from_last_seen.contains(&late), "who goes on from the last change they saw misses one");
    read_changes(&app, &until, &mut copied).await;
    for number in made {
        assert!(copied.contains(&number), "{number} is missing from {copied:?}");
    }
}

#[tokio::test]
async fn who_is_in_the_index_and_not_yet_in_an_eventually_consistent_read_is_read_again() {
    let app = app().await;
    app.clock.advance(Duration::from_secs(1));
    let from = app.clock.now();
    let number = create(&app, "Newest", None).await.json()["number"].as_u64().unwrap();
    let path = format!("{CUSTOMERS}?updatedAtFrom={from}");
    let missing = || Fault::Missing(format!("C#{number:014x}"));
    app.recorded();
    // The first three requests read access, count and index. The fourth reads the customers.
    app.proxy.inject([
        Fault::Delay(Duration::ZERO),
        Fault::Delay(Duration::ZERO),
        Fault::Delay(Duration::ZERO),
        missing(),
    ]);
    let page = app.get(&path).user(member()).send().await;
    assert_eq!(numbers(&page.json()), [number]);
    let batches: Vec<Value> = app
        .recorded()
        .into_iter()
        .filter(|request| request.operation == "BatchGetItem")
        .map(|request| {
            request.body["RequestItems"].as_object().unwrap().values().next().unwrap()["ConsistentRead"]
                .clone()
        })
        .collect();
    assert_eq!(batches.last(), Some(&json!(true)), "{batches:?}");
}

#[tokio::test]
async fn a_write_without_an_organization_waits_for_the_one_that_was_joined_a_moment_ago() {
    let mut app = app_with_lag(Duration::from_millis(400)).await;
    app.clock.advance(Duration::from_secs(60));
    app.wait_for_replica = false;
    let body = json!({ "name": "Second", "slug": "second" });
    let second = app.call("POST", "/organizations").user(owner()).json(&body).send().await;
    let id = second.json()["id"].as_str().unwrap().to_owned();
    let above = async |organization: &str, user| {
        let body = json!({ "legalName": "Above", "address": { "country": "USA" } });
        let path = format!("/organizations/{organization}/customers");
        app.call("POST", &path).user(user).json(&body).send().await.json()["number"].as_u64().unwrap()
    };
    let create = async |organization: Option<&str>, user, above: u64| {
        let customer = json!({
            "type": "Business", "name": "Whose?", "country": "DK", "contactDetails": {}, "ownerId": above,
        });
        let call = app.call("POST", "/v2/customers").user(user).json(&customer);
        match organization {
            Some(id) => call.header("x-organization-id", id).send().await,
            None => call.send().await,
        }
    };
    let of_acme = above(demo::ACME, owner()).await;
    let uncertain = create(None, owner(), of_acme).await;
    assert_eq!(uncertain.problem(), "409 organization_uncertain", "the index has one organization still");
    let (read, units) = {
        app.recorded();
        let page = app.get("/v2/customers").user(owner()).send().await;
        (page.status, app.recorded()[1].units())
    };
    assert_eq!((read, units), (200, 2.0), "reads go on as before, and cost the same");
    for (named, above) in [(id.as_str(), above(&id, owner()).await), (demo::ACME, of_acme)] {
        let created = create(Some(named), owner(), above).await;
        assert_eq!(created.status, 201, "{created:?}");
    }
    app.proxy.settled().await;
    assert_eq!(create(None, owner(), of_acme).await.problem(), "400 several_organizations");
    // For a user who joined their first organization, no other one can be meant.
    let body = json!({ "name": "First", "slug": "first" });
    let first = app.call("POST", "/organizations").user(stranger()).json(&body).send().await;
    app.proxy.settled().await;
    let of_first = above(first.json()["id"].as_str().unwrap(), stranger()).await;
    assert_eq!(create(None, stranger(), of_first).await.status, 201);
    // After a minute the index is taken to be complete.
    let path = format!("/organizations/{id}");
    assert_eq!(app.call("DELETE", &path).user(owner()).send().await.status, 204);
    app.proxy.settled().await;
    assert_eq!(create(None, owner(), of_acme).await.problem(), "409 organization_uncertain");
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(create(None, owner(), of_acme).await.status, 201);
}

// Pages

#[tokio::test]
async fn an_empty_page_does_not_end_a_list() {
    let app = app().await;
    for name in ["One", "Two", "Three"] {
        let renamed = app.call("PUT", ACME).user(owner()).json(&json!({ "name": name })).send().await;
        assert_eq!(renamed.status, 200);
    }
    for path in [
        format!("{ACME}/events"),
        format!("{ACME}/members?role=member"),
        format!("{ACME}/invitations"),
        CUSTOMERS.to_owned(),
        format!("{CUSTOMERS}?sortBy=name"),
        format!("{CUSTOMERS}?search=a"),
        format!("{CUSTOMERS}?updatedAtFrom=2025-01-01T00:00:00Z"),
        "/organizations".to_owned(),
    ] {
        let expected = app.get(&path).user(owner()).send().await;
        assert!(expected.json().as_array().is_some_and(|all| !all.is_empty()), "{path} {expected:?}");
        app.recorded();
        app.get(&path).user(owner()).send().await;
        let queries = app
            .recorded()
            .iter()
            .map(|one| one.operation == "Query" && one.body["Select"].is_null())
            .collect::<Vec<_>>();
        let first = queries.iter().position(|is_query| *is_query).unwrap();
        app.proxy.inject(vec![Fault::Delay(Duration::ZERO); first]);
        app.proxy.inject([Fault::EmptyPage]);
        let response = app.get(&path).user(owner()).send().await;
        assert_eq!(response.text, expected.text, "{path}");
    }
}

// Counts

#[tokio::test]
async fn a_count_is_made_once_for_all_pages_of_a_list() {
    let app = app().await;
    let list = async |path: &str| {
        app.recorded();
        let page = app.get(path).user(member()).send().await;
        let counts = app.recorded().iter().filter(|one| one.body["Select"] == "COUNT").count();
        (page, counts)
    };
    let (first, counted) = list("/v2/customers?updatedAtFrom=2025-01-01T00:00:00Z&limit=5").await;
    assert_eq!(counted, 1);
    let (second, counted) = list(&first.next_page().unwrap()).await;
    assert_eq!((counted, &second.json()["count"]), (0, &first.json()["count"]));
    assert_ne!(second.json()["data"], first.json()["data"]);
}

// Secrets

#[tokio::test]
async fn a_root_secret_is_replaced_in_two_steps_and_one_step_would_lose_cursors() {
    let (old, new) = ("the first root secret of this test", "the second root secret of this test");
    // The current secret, which seals cursors, and the previous one, which still opens them.
    let steps = [(old, ""), (old, new), (new, old), (new, "")];
    let mut apps = Vec::new();
    for (current, other) in steps {
        let app = TestApp::of(padron_api::endpoints());
        let app = app.variable("ROOT_SECRET", current).variable("ROOT_SECRET_PREVIOUS", other).build().await;
        apps.push(with_demo_data(app).await);
    }
    let opens = async |sealing: &TestApp, opening: &TestApp| {
        let page = sealing.get(&format!("{CUSTOMERS}?limit=2")).user(member()).send().await;
        opening.get(&page.next_page().unwrap()).user(member()).send().await.status == 200
    };
    for pair in apps.windows(2) {
        // During a deployment, instances of both steps serve requests.
        assert!(opens(&pair[0], &pair[1]).await, "the new ones open what the old ones sealed");
        assert!(opens(&pair[1], &pair[0]).await, "the old ones open what the new ones sealed");
    }
    assert!(
        !opens(&apps[3], &apps[0]).await && !opens(&apps[2], &apps[0]).await,
        "in one step they would not"
    );
}

/// Tests that a write whose conditions never hold fails with `concurrent_change`, at every endpoint that declares it.
#[tokio::test]
async fn a_write_that_is_outdated_every_time_is_a_concurrent_change() {
    // The sample of `oauth-token` asks for a token for the app itself, and that of `oauth-authorize` is one of an app without a document: no
    // other request changes what they write.
    let writes = |endpoint: &Registration| {
        !["oauth-token", "oauth-authorize"].contains(&endpoint.route.function)
            && endpoint.failures().contains(&Failure::CONCURRENT_CHANGE)
            && endpoint.actions().contains(&Action::PUT)
    };
    for endpoint in padron_api::endpoints().filter(|endpoint| writes(endpoint)) {
        let function = endpoint.route.function;
        let mut app = app_for_sample(endpoint).await;
        app.time_limit = Duration::from_millis(600);
        let event = sample_request(&app, endpoint).to_string();
        let mut problems = Vec::new();
        // The endpoints of OAuth's clients have other errors.
        let expected = if function.starts_with("oauth-") {
            "409 temporarily_unavailable"
        } else {
            "409 concurrent_change"
        };
        // One of the writes has a condition that an item is unchanged.
        for index in 0..8 {
            app.proxy.always(Some(Fault::ConditionFailed(index)));
            let response = app.response(endpoint, &event).await;
            let error = response.json()["error"].as_str().map(|error| format!("{} {error}", response.status));
            problems.push(error.unwrap_or_else(|| response.problem()));
            if problems.last().is_some_and(|problem| problem == expected) {
                break;
            }
        }
        assert_eq!(problems.last().map(|problem| &**problem), Some(expected), "{function}: {problems:?}");
    }
}
