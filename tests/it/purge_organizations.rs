//! Tests of `purge-organizations`, which permanently deletes organizations that were deleted thirty days ago.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use padron_http::BackgroundRegistration;
use padron_local::demo;
use padron_testkit::{Fault, TestApp};
use serde_json::{Value, json};

use crate::support::{ACME, admin, app, globex_owner, member, owner, sized, stranger};

const DAYS_30: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The time that a run keeps in reserve: five seconds.
const RESERVE: Duration = Duration::from_secs(5);

/// Runs the job once through the proxy, with this much time in addition to the reserve.
pub(crate) async fn run(app: &TestApp, time: Duration) -> Result<Value, padron_domain::Error> {
    app.run_in(&app.background(job(), RESERVE + time), job(), &Value::Null).await
}

/// Returns the job.
fn job() -> &'static BackgroundRegistration {
    padron_api::background().find(|job| job.function == "purge-organizations").unwrap()
}

/// Deletes Acme Corp after an invitation was added to it, and lets thirty days pass.
async fn delete_acme(app: &TestApp) {
    let invite = app.call("POST", &format!("{ACME}/members/invite")).user(admin());
    let invite = invite.json(&json!({ "email": "new@b.example", "role": "member" })).send().await;
    assert_eq!(invite.status, 201);
    assert_eq!(app.call("DELETE", ACME).user(owner()).send().await.status, 204);
    app.clock.advance(DAYS_30);
}

/// Returns the keys of the items that contain the organization's id, except responses kept for idempotency keys.
async fn remaining_items(app: &TestApp, organization: &str) -> Vec<String> {
    let (client, table) = app.raw_table();
    let mut left = Vec::new();
    let mut from = None;
    loop {
        let page = client.scan().table_name(table).set_exclusive_start_key(from).send().await.unwrap();
        for item in page.items() {
            let text = format!("{item:?}");
            let is_kept_answer = item["PK"].as_s().unwrap().starts_with("IDEM#");
            if text.contains(organization) && !is_kept_answer {
                left.push(format!("{:?} {:?}", item["PK"], item["SK"]));
            }
        }
        from = page.last_evaluated_key;
        if from.is_none() {
            return left;
        }
    }
}

/// Adds `count` events, members and customers to the organization's partitions by writing directly to the table.
async fn fill(app: &TestApp, count: usize) {
    let (client, table) = app.raw_table();
    let text = |text: String| AttributeValue::S(text);
    for chunk in (0..count).collect::<Vec<_>>().chunks(25) {
        let puts = chunk.iter().map(|number| {
            let (pk, sk) = match number % 4 {
                0 => (format!("EVENTS#{}", demo::ACME), format!("{number:036}")),
                1 => (format!("ORG#{}", demo::ACME), format!("MEMBER#{number:036}")),
                _ => (format!("ORG#{}", demo::ACME), format!("C#{number:014x}")),
            };
            let item = HashMap::from([("PK".to_owned(), text(pk)), ("SK".to_owned(), text(sk))]);
            let put = PutRequest::builder().set_item(Some(item)).build().unwrap();
            WriteRequest::builder().put_request(put).build()
        });
        client.batch_write_item().request_items(table, puts.collect()).send().await.unwrap();
    }
}

async fn slug_is_free(app: &TestApp) -> bool {
    let check = app.get("/organizations/slug-check?slug=acme-corp").user(stranger()).send().await;
    check.json()["available"] == true
}

#[tokio::test]
async fn what_is_due_leaves_nothing_behind_and_its_slug_is_free() {
    let app = app().await;
    delete_acme(&app).await;
    assert!(remaining_items(&app, demo::ACME).await.len() > 60, "the search sees something");
    assert!(!slug_is_free(&app).await);
    assert_eq!(
        run(&app, Duration::from_secs(60)).await.unwrap(),
        json!({ "purged": 1, "unfinished": false })
    );
    assert_eq!(remaining_items(&app, demo::ACME).await, [] as [&str; 0]);
    assert!(slug_is_free(&app).await);
    assert_eq!(app.get(ACME).user(owner()).send().await.problem(), "404 organization_not_found");
    let restore = app.call("POST", &format!("{ACME}/restore")).user(owner()).send().await;
    assert_eq!(restore.problem(), "404 organization_not_found");
    let globex = format!("/organizations/{}", demo::GLOBEX);
    assert_eq!(app.get(&globex).user(globex_owner()).send().await.status, 200, "the others are as they were");
    assert_eq!(
        run(&app, Duration::from_secs(60)).await.unwrap(),
        json!({ "purged": 0, "unfinished": false })
    );
}

#[tokio::test]
async fn what_is_not_due_or_was_restored_is_spared() {
    let app = app().await;
    app.call("DELETE", ACME).user(owner()).send().await;
    app.clock.advance(DAYS_30 - Duration::from_millis(1));
    assert_eq!(run(&app, Duration::from_secs(60)).await.unwrap()["purged"], 0);
    assert_eq!(app.call("POST", &format!("{ACME}/restore")).user(owner()).send().await.status, 200);
    app.clock.advance(DAYS_30);
    assert_eq!(run(&app, Duration::from_secs(60)).await.unwrap()["purged"], 0);
    assert_eq!(app.get(ACME).user(member()).send().await.status, 200);
    let customers = app.get(&format!("{ACME}/customers")).user(member()).send().await;
    assert_eq!(customers.header("x-total-count"), "43");
}

#[tokio::test]
async fn twenty_thousand_items_go_in_bounded_runs() {
    let app = app().await;
    let (count, time) = sized((20_000, 1500), (4_000, 300));
    fill(&app, count).await;
    delete_acme(&app).await;
    let mut runs = 0;
    loop {
        app.recorded();
        let report = run(&app, Duration::from_millis(time)).await.unwrap();
        runs += 1;
        if report["unfinished"] == false {
            break;
        }
        assert!(!slug_is_free(&app).await, "the slug goes last");
        assert!(runs < 200, "it comes to an end");
    }
    assert!(runs > 1, "a run is over before it all is");
    assert_eq!(remaining_items(&app, demo::ACME).await, [] as [&str; 0]);
    assert!(slug_is_free(&app).await);
}

#[tokio::test]
async fn killed_at_any_point_the_next_run_goes_on() {
    for requests in 0.. {
        let app = app().await;
        delete_acme(&app).await;
        app.recorded();
        // After this number of requests every other one hangs, and the run is aborted in the middle of its work.
        app.proxy.inject(vec![Fault::Delay(Duration::ZERO); requests]);
        app.proxy.always(Some(Fault::Hang));
        let killed = async {
            let mut seen = 0;
            while seen <= requests {
                tokio::time::sleep(Duration::from_millis(1)).await;
                seen += app.recorded().len();
            }
        };
        let is_whole = tokio::select! {
            outcome = run(&app, Duration::from_secs(60)) => outcome.is_ok(),
            () = killed => false,
        };
        app.proxy.always(None);
        app.recorded();
        run(&app, Duration::from_secs(60)).await.unwrap();
        assert_eq!(remaining_items(&app, demo::ACME).await, [] as [&str; 0], "after {requests} requests");
        assert!(slug_is_free(&app).await, "after {requests} requests");
        if is_whole {
            assert!(requests > 8, "{requests}: something was met");
            return;
        }
    }
}

#[tokio::test]
async fn one_that_cannot_be_purged_is_not_in_the_way_of_the_others_but_is_told() {
    let app = app().await;
    let globex = format!("/organizations/{}", demo::GLOBEX);
    assert_eq!(app.call("DELETE", &globex).user(globex_owner()).send().await.status, 204);
    app.clock.advance(Duration::from_secs(1));
    delete_acme(&app).await;
    let (client, table) = app.raw_table();
    let text = |text: &str| AttributeValue::S(text.into());
    let key = [("PK".to_owned(), text(&format!("ORG#{}", demo::GLOBEX))), ("SK".to_owned(), text("ORG"))];
    let broken = client.update_item().table_name(table).set_key(Some(key.into()));
    let broken = broken.update_expression("SET doc = :doc").expression_attribute_values(":doc", text("{"));
    broken.send().await.unwrap();
    let failed = run(&app, Duration::from_secs(60)).await.unwrap_err();
    assert!(failed.cause().unwrap().contains("cannot be read"), "{failed:?}");
    assert_eq!(remaining_items(&app, demo::ACME).await, [] as [&str; 0], "the other one is gone");
    assert!(!remaining_items(&app, demo::GLOBEX).await.is_empty());
}

#[tokio::test]
async fn a_busy_table_is_for_the_next_run() {
    let app = app().await;
    delete_acme(&app).await;
    app.proxy.inject(vec![Fault::Delay(Duration::ZERO); 4]);
    app.proxy.always(Some(Fault::Throttle));
    let report = run(&app, Duration::from_secs(2)).await.unwrap();
    assert_eq!(report, json!({ "purged": 0, "unfinished": true }));
    app.proxy.always(None);
    assert_eq!(run(&app, Duration::from_secs(60)).await.unwrap()["purged"], 1);
}

#[tokio::test]
async fn at_a_slow_pace_a_run_ends_before_all_is_done() {
    let app = app().await;
    fill(&app, 300).await;
    delete_acme(&app).await;
    let cx =
        app.background(job(), RESERVE + Duration::from_secs(1)).with_write_rate(std::num::NonZeroU32::MIN);
    let report = app.run_in(&cx, job(), &Value::Null).await.unwrap();
    assert_eq!(report, json!({ "purged": 0, "unfinished": true }));
}

#[tokio::test]
async fn a_large_one_does_not_keep_the_others_waiting() {
    let app = app().await;
    let (count, time) = sized((20_000, 800), (6_000, 400));
    fill(&app, count).await;
    delete_acme(&app).await;
    let globex = format!("/organizations/{}", demo::GLOBEX);
    assert_eq!(app.call("DELETE", &globex).user(globex_owner()).send().await.status, 204);
    // Acme Corp was deleted first, so it is purged first.
    app.clock.advance(DAYS_30);
    let report = run(&app, Duration::from_millis(time)).await.unwrap();
    assert_eq!(report, json!({ "purged": 1, "unfinished": true }));
    assert_eq!(remaining_items(&app, demo::GLOBEX).await, [] as [&str; 0]);
    assert!(!remaining_items(&app, demo::ACME).await.is_empty());
}

#[tokio::test]
async fn what_one_of_them_spends_is_owed_by_the_next() {
    let app = app().await;
    let globex = format!("/organizations/{}", demo::GLOBEX);
    delete_acme(&app).await;
    assert_eq!(app.call("DELETE", &globex).user(globex_owner()).send().await.status, 204);
    app.clock.advance(DAYS_30);
    app.recorded();
    let cx = app
        .background(job(), RESERVE + Duration::from_secs(2))
        .with_write_rate(std::num::NonZeroU32::new(20).unwrap());
    let report = app.run_in(&cx, job(), &Value::Null).await.unwrap();
    assert_eq!(
        report,
        json!({ "purged": 0, "unfinished": true }),
        "Acme Corp alone owes more than two seconds"
    );
    let deletions = app.recorded().into_iter().filter(|request| request.operation == "BatchWriteItem");
    let units: f64 = deletions.map(|request| request.units()).sum();
    assert!(units > 40.0, "{units}: a group of deletions is one burst");
    assert!(!remaining_items(&app, demo::GLOBEX).await.is_empty(), "the debt is not forgotten");
}

#[tokio::test]
async fn two_runs_at_once_do_it_once() {
    let app = app().await;
    fill(&app, 2_000).await;
    delete_acme(&app).await;
    let runs = (0..4).map(|_| run(&app, Duration::from_secs(60)));
    for report in futures_util::future::join_all(runs).await {
        report.unwrap();
    }
    assert_eq!(remaining_items(&app, demo::ACME).await, [] as [&str; 0]);
    // The organization that has the slug now keeps it, even if another run follows.
    let body = json!({ "name": "New Acme", "slug": "acme-corp" });
    let new = app.call("POST", "/organizations").user(stranger()).json(&body).send().await;
    assert_eq!(new.status, 201);
    run(&app, Duration::from_secs(60)).await.unwrap();
    assert!(!slug_is_free(&app).await);
    assert_eq!(app.get(&new.location()).user(stranger()).send().await.status, 200);
}

#[tokio::test]
async fn of_restoring_and_purging_at_the_same_time_one_wins_whole() {
    let mut restored = 0;
    for delay in [0, 1, 2, 3, 5, 8, 13, 20] {
        let app = app().await;
        assert_eq!(app.call("DELETE", ACME).user(owner()).send().await.status, 204);
        // Clocks may differ: by one of the two the organization can still be restored, by the other it is due.
        app.clock.advance(DAYS_30 - Duration::from_millis(1));
        let mut cx = app.background(job(), Duration::from_secs(60));
        cx.now = app.clock.now().plus(Duration::from_millis(1));
        let path = format!("{ACME}/restore");
        let restore = async {
            tokio::time::sleep(Duration::from_millis(delay)).await;
            app.call("POST", &path).user(owner()).send().await
        };
        let (report, response) = tokio::join!(app.run_in(&cx, job(), &Value::Null), restore);
        report.unwrap();
        if response.status == 200 {
            restored += 1;
            let customers = app.get(&format!("{ACME}/customers")).user(member()).send().await;
            assert_eq!(customers.json().as_array().unwrap().len(), 43, "nothing is missing");
            assert_eq!(
                app.get(&format!("{ACME}/members")).user(owner()).send().await.header("x-total-count"),
                "3"
            );
        } else {
            assert_eq!(response.problem(), "404 organization_not_found");
            run(&app, Duration::from_secs(60)).await.unwrap();
            assert_eq!(remaining_items(&app, demo::ACME).await, [] as [&str; 0]);
        }
    }
    assert!(restored < 8, "not always the same one: {restored}");
}
