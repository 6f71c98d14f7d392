//! Tests of deliveries: which events are sent to which webhooks, how often, and what becomes of them.

use std::{collections::BTreeMap, time::Duration};

use padron_domain::{DeliveryStatus, UserId};
use padron_local::demo;
use padron_testkit::{Fault, Received, Receiver, ReceiverResponse, TestApp};
use serde_json::{Value, json};

use crate::{
    support::{ACME, admin, delivering_app, event_types, globex_owner, owner, pairs, write_event, wrong},
    webhooks::{is_signed_by, verify},
};

const WEBHOOKS: &str = "/organizations/550e8400-e29b-41d4-a716-446655440000/webhooks";
const MINUTE: Duration = Duration::from_secs(60);

/// Creates a webhook at a path of a receiver, and returns the response's body. The events so far are not sent to it.
async fn create(app: &TestApp, url: &str, settings: Value) -> Value {
    let mut body = json!({ "url": url, "events": ["organization.*"] });
    body.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    let response = app.call("POST", WEBHOOKS).user(owner()).json(&body).send().await;
    assert_eq!(response.status, 201, "{response:?}");
    response.json()
}

/// Changes the name of Acme Corp, which is an event.
async fn rename(app: &TestApp, name: &str) {
    let response = app.call("PUT", ACME).user(owner()).json(&json!({ "name": name })).send().await;
    assert_eq!(response.status, 200, "{response:?}");
}

/// Returns the path of a created webhook.
fn path(webhook: &Value) -> String {
    format!("{WEBHOOKS}/{}", webhook["id"].as_str().unwrap())
}

/// Returns the deliveries of a webhook.
async fn deliveries(app: &TestApp, webhook: &Value) -> Vec<Value> {
    let listed = app.get(&format!("{}/deliveries?limit=100", path(webhook))).user(owner()).send().await;
    assert_eq!(listed.status, 200, "{listed:?}");
    listed.json().as_array().unwrap().clone()
}

/// Returns the values of a field of deliveries.
fn of<'a>(deliveries: &'a [Value], field: &str) -> Vec<&'a Value> {
    deliveries.iter().map(|delivery| &delivery[field]).collect()
}

/// Returns the types of the messages that a receiver has got.
fn types(received: &[Received]) -> Vec<String> {
    let body = |one: &Received| -> Value { serde_json::from_str(&one.body).unwrap() };
    received.iter().map(|one| body(one)["type"].as_str().unwrap().to_owned()).collect()
}

/// Moves the clock and lets the schedule run.
async fn pass(app: &TestApp, time: Duration) {
    app.clock.advance(time);
    app.sweep().await.unwrap();
    app.settle().await;
}

#[tokio::test]
async fn an_event_is_sent_once_signed_and_recorded() {
    let app = delivering_app().await;
    let receiver = Receiver::start().await;
    let webhook = create(&app, &receiver.url("/hook"), json!({ "events": ["*"], "concurrency": 1 })).await;
    app.clock.advance(Duration::from_secs(1));
    rename(&app, "New name").await;
    app.settle().await;
    let received = receiver.take();
    assert_eq!(types(&received), ["webhook.created", "organization.updated"]);
    let message = verify(&received[1], webhook["secret"].as_str().unwrap());
    assert!(is_signed_by(&received[1], webhook["publicKey"].as_str().unwrap()));
    let event = app.get(&format!("{ACME}/events?limit=1")).user(owner()).send().await.json()[0].clone();
    assert_eq!(
        message,
        json!({
            "type": "organization.updated", "timestamp": event["createdAt"], "data": { "fields": ["name"] },
            "id": event["id"], "organizationId": demo::ACME, "actor": demo::OWNER,
        })
    );
    let id = received[1].headers["webhook-id"].strip_prefix("evt_").unwrap().to_owned();
    assert_eq!(id, event["id"].as_str().unwrap().replace('-', ""));
    let all = deliveries(&app, &webhook).await;
    assert_eq!(of(&all, "event"), ["organization.updated", "webhook.created"], "newest first");
    for (field, value) in [
        ("id", json!(format!("{}.0", event["id"].as_str().unwrap()))),
        ("webhookId", webhook["id"].clone()),
        ("eventId", event["id"].clone()),
        ("status", json!("delivered")),
        ("success", json!(true)),
        ("attempts", json!(1)),
        ("statusCode", json!(200)),
        ("responseBody", json!("ok")),
        ("error", json!(null)),
        ("createdAt", json!("2026-01-15T12:00:01.000Z")),
        ("lastAttemptAt", json!("2026-01-15T12:00:01.000Z")),
        ("nextAttemptAt", json!(null)),
    ] {
        assert_eq!(all[0][field], value, "{field}");
    }
    let details = app.get(&format!("{}/deliveries/{}", path(&webhook), all[0]["id"].as_str().unwrap()));
    let details = details.user(admin()).send().await.json();
    assert_eq!(details["payload"], message);
    assert_eq!(details["recentAttempts"].as_array().unwrap().len(), 1);
    let health = app.get(&path(&webhook)).user(owner()).send().await.json()["health"].clone();
    let expected = json!({
        "failingSince": null, "consecutiveFailures": 0, "lastSuccessAt": "2026-01-15T12:00:01.000Z",
    });
    assert_eq!(health, expected);
    // Nothing is left to do.
    pass(&app, MINUTE * 60).await;
    assert!(receiver.take().is_empty());
}

#[tokio::test]
async fn a_webhook_gets_the_events_it_asks_for() {
    let app = delivering_app().await;
    let receiver = Receiver::start().await;
    rename(&app, "Before").await;
    app.clock.advance(MINUTE * 2);
    for (path, settings) in [
        ("/all", json!({ "events": ["*"] })),
        ("/names", json!({ "fields": ["name"] })),
        ("/timezones", json!({ "fields": ["timezone"] })),
        ("/members", json!({ "events": ["member.*", "invite.created"], "fields": ["name"] })),
        ("/inactive", json!({ "isActive": false })),
    ] {
        create(&app, &receiver.url(path), settings).await;
    }
    rename(&app, "After").await;
    let invite = app.call("POST", &format!("{ACME}/members/invite")).user(owner());
    let invite = invite.json(&json!({ "email": "new@b.example", "role": "member" })).send().await;
    assert_eq!(invite.status, 201);
    app.settle().await;
    let mut got: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for one in receiver.take() {
        got.entry(one.target.clone()).or_default().extend(types(&[one]));
    }
    let all = got.remove("POST /all").unwrap();
    assert_eq!(all.len(), 7, "{all:?}");
    let expected = [("POST /members", vec!["invite.created"]), ("POST /names", vec!["organization.updated"])];
    let got: Vec<(&str, Vec<&str>)> = got
        .iter()
        .map(|(target, types)| (target.as_str(), types.iter().map(String::as_str).collect()))
        .collect();
    assert_eq!(got, expected);
}

#[tokio::test]
async fn what_fails_is_attempted_ten_times_in_three_days() {
    let app = delivering_app().await;
    let receiver = Receiver::start().await;
    receiver.set(ReceiverResponse { body: "later".into(), ..ReceiverResponse::status(500) });
    let webhook = create(&app, &receiver.url("/"), json!({})).await;
    rename(&app, "New name").await;
    app.settle().await;
    let hour = MINUTE * 60;
    let pauses =
        [MINUTE, MINUTE * 5, MINUTE * 30, hour * 2, hour * 5, hour * 10, hour * 14, hour * 20, hour * 24];
    let mut received = receiver.take();
    for (index, pause) in pauses.into_iter().enumerate() {
        let [delivery] = &deliveries(&app, &webhook).await[..] else { panic!("one delivery") };
        assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("pending"), &json!(index + 1)));
        assert_eq!(delivery["responseBody"], "later");
        pass(&app, pause.mul_f64(0.89)).await;
        assert!(receiver.take().is_empty(), "too early: {index}");
        pass(&app, pause.mul_f64(0.22)).await;
        received.extend(receiver.take());
        assert_eq!(received.len(), index + 2, "{index}");
    }
    pass(&app, hour * 100).await;
    assert!(receiver.take().is_empty());
    let [delivery] = &deliveries(&app, &webhook).await[..] else { panic!("one delivery") };
    assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("failed"), &json!(10)));
    assert_eq!(delivery["nextAttemptAt"], json!(null));
    // The bytes and the id are the same, the time and the number of the attempt are not.
    let header = |name: &str| -> Vec<&str> {
        let mut values: Vec<&str> = received.iter().map(|one| one.headers[name].as_str()).collect();
        values.dedup();
        values
    };
    assert_eq!(header("webhook-id").len(), 1);
    assert!(received.iter().all(|one| one.body == received[0].body));
    assert_eq!(header("webhook-timestamp").len(), 10);
    assert_eq!(header("webhook-attempt"), ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
    for one in &received {
        verify(one, webhook["secret"].as_str().unwrap());
    }
    let details = app.get(&format!("{}/deliveries/{}", path(&webhook), delivery["id"].as_str().unwrap()));
    let details = details.user(owner()).send().await.json();
    assert_eq!(of(details["recentAttempts"].as_array().unwrap(), "statusCode"), vec![&json!(500); 10]);
}

#[tokio::test]
async fn a_receiver_asks_for_a_later_attempt() {
    let app = delivering_app().await;
    let receiver = Receiver::start().await;
    let webhook = create(&app, &receiver.url("/"), json!({})).await;
    let next_attempt = async |status: u16, retry_after: &str| {
        receiver.set(ReceiverResponse {
            retry_after: Some(retry_after.into()),
            ..ReceiverResponse::status(status)
        });
        app.clock.advance(MINUTE * 60);
        rename(&app, &format!("{status} {retry_after}")).await;
        app.settle().await;
        let latest = deliveries(&app, &webhook).await[0]["nextAttemptAt"].clone();
        let at = padron_domain::Timestamp::parse(latest.as_str().unwrap()).unwrap();
        at.millis() - app.clock.now().millis()
    };
    assert_eq!(next_attempt(429, "180").await, 180_000);
    assert_eq!(next_attempt(503, "1000000").await, 300_000, "at most the pause after it");
    let in_three_minutes = app.clock.now().plus(MINUTE * 63);
    let seconds =
        std::time::UNIX_EPOCH + Duration::from_secs(u64::try_from(in_three_minutes.seconds()).unwrap());
    assert_eq!(next_attempt(429, &httpdate::fmt_http_date(seconds)).await, 180_000);
    for (status, retry_after) in [(429, "1"), (500, "180"), (503, "soon"), (503, "-5")] {
        let pause = next_attempt(status, retry_after).await;
        assert!((54_000..=66_000).contains(&pause), "{status} {retry_after}: {pause}");
    }
}

#[tokio::test]
async fn who_answers_gone_is_left_alone_and_others_are_told() {
    let app = delivering_app().await;
    let (receiver, other) = (Receiver::start().await, Receiver::start().await);
    receiver.set(ReceiverResponse::status(500));
    let webhook = create(&app, &receiver.url("/"), json!({})).await;
    let watching = create(&app, &other.url("/"), json!({ "events": ["webhook.disabled"] })).await;
    rename(&app, "First").await;
    app.settle().await;
    app.clock.advance(Duration::from_secs(1));
    receiver.set(ReceiverResponse::status(410));
    rename(&app, "Second").await;
    app.settle().await;
    assert_eq!(receiver.take().len(), 2);
    let [told] = &other.take()[..] else { panic!("one message") };
    let told = verify(told, watching["secret"].as_str().unwrap());
    assert_eq!(told["actor"], "system");
    assert_eq!(told["data"], json!({ "webhookId": webhook["id"], "reason": "gone" }));
    let disabled = app.get(&path(&webhook)).user(owner()).send().await.json();
    assert_eq!((&disabled["isActive"], &disabled["disabledReason"]), (&json!(false), &json!("gone")));
    assert_eq!(of(&deliveries(&app, &webhook).await, "status"), ["failed", "cancelled"]);
    // Nothing is sent any more.
    rename(&app, "Third").await;
    for _ in 0..5 {
        pass(&app, MINUTE * 10).await;
    }
    assert!(receiver.take().is_empty());
    let all = deliveries(&app, &webhook).await;
    assert_eq!(of(&all, "status"), ["failed", "cancelled"]);
    for (method, path) in [
        ("POST", format!("{}/deliveries/{}/retry", path(&webhook), all[0]["id"].as_str().unwrap())),
        ("POST", format!("{}/replay", path(&webhook))),
    ] {
        let body = json!({ "from": "2026-01-15T00:00:00Z", "to": "2026-01-16T00:00:00Z" });
        let call = app.call(method, &path).user(owner());
        let call = if path.ends_with("/replay") { call.json(&body) } else { call };
        assert_eq!(call.send().await.problem(), "409 webhook_inactive", "{path}");
    }
    // Who activates it again gets what is new, and what was lost on demand.
    receiver.set(ReceiverResponse::default());
    let activated =
        app.call("PUT", &path(&webhook)).user(owner()).json(&json!({ "isActive": true })).send().await;
    assert_eq!(activated.json()["disabledReason"], json!(null));
    assert_eq!(activated.json()["health"]["consecutiveFailures"], 0);
    pass(&app, MINUTE * 60).await;
    assert!(receiver.take().is_empty(), "what was cancelled stays so");
    let replay = app.call("POST", &format!("{}/replay", path(&webhook))).user(owner());
    let body = json!({ "from": "2026-01-15T00:00:00Z", "to": "2026-01-16T00:00:00Z", "onlyFailed": true });
    let replayed = replay.json(&body).send().await;
    assert_eq!((replayed.status, replayed.json()), (202, json!({ "queued": 2, "next": null })));
    app.settle().await;
    assert_eq!(types(&receiver.take()), ["organization.updated"; 2]);
    let replayed =
        app.call("POST", &format!("{}/replay", path(&webhook))).user(owner()).json(&body).send().await;
    assert_eq!(replayed.json(), json!({ "queued": 0, "next": null }), "all have arrived");
}

#[tokio::test]
async fn who_fails_for_five_days_is_disabled() {
    let app = delivering_app().await;
    let receiver = Receiver::start().await;
    receiver.set(ReceiverResponse::status(500));
    let webhook = create(&app, &receiver.url("/"), json!({})).await;
    let health = async || app.get(&path(&webhook)).user(owner()).send().await.json();
    for day in 0..5 {
        for hour in 0..5 {
            rename(&app, &format!("Day {day} {hour}")).await;
            app.settle().await;
            pass(&app, MINUTE * 60 * 24 / 5).await;
        }
        let now = health().await;
        assert_eq!(now["isActive"], json!(day < 4), "{day}: {now}");
    }
    let disabled = health().await;
    assert_eq!(disabled["disabledReason"], "failing");
    assert_eq!(disabled["health"]["failingSince"], "2026-01-15T12:00:00.000Z");
    assert!(disabled["health"]["consecutiveFailures"].as_u64().unwrap() >= 20, "{disabled}");
    let told = event_types(&app, demo::organization(demo::ACME)).await;
    assert_eq!(told.iter().filter(|name| *name == "webhook.disabled").count(), 1);
    receiver.take();
    rename(&app, "Last").await;
    pass(&app, MINUTE * 60 * 24).await;
    assert!(receiver.take().is_empty());
}

#[tokio::test]
async fn a_receiver_that_fails_gets_one_request_at_a_time_until_it_recovers() {
    let app = delivering_app().await;
    let receiver = Receiver::start().await;
    receiver.set(ReceiverResponse::status(500));
    let webhook = create(&app, &receiver.url("/"), json!({ "concurrency": 10 })).await;
    for number in 0..10 {
        rename(&app, &format!("Name {number}")).await;
    }
    app.settle().await;
    assert_eq!(receiver.take().len(), 10);
    for number in 10..40 {
        rename(&app, &format!("Name {number}")).await;
    }
    app.settle().await;
    assert!(receiver.take().len() < 15, "only those of one of ten groups are attempted at once");
    let groups = async || {
        app.clock.advance(MINUTE * 2);
        app.sweep().await.unwrap();
        let mut groups = Vec::new();
        while let Some(received) = app.queue().receive() {
            groups.push(received.payload["Records"][0]["attributes"]["MessageGroupId"].to_string());
            app.deliver(&received).await;
        }
        groups.sort();
        groups.dedup();
        groups
    };
    groups().await;
    assert_eq!(groups().await.len(), 1);
    receiver.set(ReceiverResponse::default());
    for _ in 0..60 {
        pass(&app, MINUTE).await;
    }
    let all = deliveries(&app, &webhook).await;
    assert_eq!(of(&all, "status"), vec!["delivered"; 40]);
    assert_eq!(
        app.get(&path(&webhook)).user(owner()).send().await.json()["health"]["consecutiveFailures"],
        0
    );
}

#[tokio::test]
async fn a_lost_message_delays_and_a_batch_twice_adds_nothing() {
    let app = delivering_app().await;
    let receiver = Receiver::start().await;
    let webhook = create(&app, &receiver.url("/"), json!({})).await;
    rename(&app, "First").await;
    let batch = app.next_batch().unwrap();
    for _ in 0..3 {
        app.invoke("fan-out-events", batch.payload.as_ref().unwrap()).await.unwrap();
    }
    app.handled(batch);
    app.settle().await;
    assert_eq!(receiver.take().len(), 1);
    // The queue loses its messages, refuses new ones, and forgets what it was told.
    rename(&app, "Second").await;
    app.fan_out().await;
    app.queue().clear();
    app.queue().refuse(20);
    rename(&app, "Third").await;
    app.fan_out().await;
    app.queue().refuse(0);
    app.deliver_all().await;
    assert!(receiver.take().is_empty());
    pass(&app, MINUTE).await;
    assert!(receiver.take().is_empty(), "not yet due");
    pass(&app, MINUTE).await;
    assert_eq!(receiver.take().len(), 2);
    assert_eq!(of(&deliveries(&app, &webhook).await, "attempts"), [&json!(1); 3]);
    // A message that was handled comes again.
    rename(&app, "Fourth").await;
    app.fan_out().await;
    let received = app.queue().receive().unwrap();
    for _ in 0..3 {
        app.invoke("deliver-webhook", &received.payload).await.unwrap();
    }
    assert_eq!(receiver.take().len(), 1);
    // A message that has waited long is not used.
    rename(&app, "Fifth").await;
    app.fan_out().await;
    app.clock.advance(MINUTE * 6);
    app.deliver_all().await;
    assert!(receiver.take().is_empty());
    pass(&app, MINUTE).await;
    assert_eq!(receiver.take().len(), 1);
}

#[tokio::test]
async fn nothing_is_attempted_after_a_webhook_was_deleted_or_deactivated() {
    let app = delivering_app().await;
    let receiver = Receiver::start().await;
    receiver.set(ReceiverResponse::status(500));
    let deleted = create(&app, &receiver.url("/deleted"), json!({})).await;
    let deactivated = create(&app, &receiver.url("/deactivated"), json!({})).await;
    rename(&app, "First").await;
    app.settle().await;
    assert_eq!(receiver.take().len(), 2);
    rename(&app, "Second").await;
    app.fan_out().await;
    assert_eq!(app.queue().len(), 2);
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(app.call("DELETE", &path(&deleted)).user(owner()).send().await.status, 204);
    let off =
        app.call("PUT", &path(&deactivated)).user(owner()).json(&json!({ "isActive": false })).send().await;
    assert_eq!(off.status, 200, "{off:?}");
    rename(&app, "Third").await;
    for _ in 0..4 {
        pass(&app, MINUTE * 5).await;
    }
    assert!(receiver.take().is_empty());
    assert_eq!(of(&deliveries(&app, &deactivated).await, "status"), ["cancelled"; 2]);
    assert_eq!(app.sweep().await.unwrap()["due"], 0, "what is cancelled is not swept again");
    let listed = app.get(&format!("{}/deliveries", path(&deleted))).user(owner()).send().await;
    assert_eq!(listed.problem(), "404 webhook_not_found");
}

#[tokio::test]
async fn what_cannot_be_read_does_not_hold_up_the_rest() {
    let app = delivering_app().await;
    let receiver = Receiver::start().await;
    let webhook = create(&app, &receiver.url("/"), json!({ "concurrency": 1 })).await;
    app.settle().await;
    let (all, broken) = crate::support::sized((1_000, 50), (60, 5));
    for number in 0..all {
        let mut event = demo::event();
        event.id = padron_domain::EventId::at(app.clock.now().plus(Duration::from_millis(number)));
        event.at = app.clock.now();
        let doc =
            if number % (all / broken) == 0 { "{}".into() } else { serde_json::to_string(&event).unwrap() };
        write_event(&app, &event, doc).await;
    }
    app.settle().await;
    assert_eq!(receiver.take().len(), usize::try_from(all - broken).unwrap());
    let lines = app.logged();
    let unreadable = lines.iter().filter(|line| line.contains("\"message\":\"unreadable record\""));
    assert_eq!(unreadable.count(), usize::try_from(broken).unwrap());
    // An event that was readable when its delivery was created.
    app.clock.advance(MINUTE);
    rename(&app, "Unreadable soon").await;
    app.fan_out().await;
    let id = deliveries(&app, &webhook).await[0]["eventId"].as_str().unwrap().to_owned();
    let id = padron_domain::EventId::parse(&id).unwrap();
    write_event(&app, &padron_domain::Event { id, ..demo::event() }, "{}".into()).await;
    app.deliver_all().await;
    assert!(receiver.take().is_empty());
    let last = &deliveries(&app, &webhook).await[0];
    assert_eq!((&last["status"], &last["error"]), (&json!("failed"), &json!("unreadable")));
}

#[tokio::test]
async fn a_delivery_is_attempted_again_on_demand() {
    let app = delivering_app().await;
    let receiver = Receiver::start().await;
    let webhook = create(&app, &receiver.url("/"), json!({})).await;
    rename(&app, "First").await;
    app.settle().await;
    let id = deliveries(&app, &webhook).await[0]["id"].as_str().unwrap().to_owned();
    let retry = async |id: &str, by: UserId| {
        app.call("POST", &format!("{}/deliveries/{id}/retry", path(&webhook))).user(by).send().await
    };
    let response = retry(&id, admin()).await;
    assert_eq!((response.status, &response.json()["status"]), (202, &json!("pending")));
    app.settle().await;
    let received = receiver.take();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].headers["webhook-id"], received[1].headers["webhook-id"]);
    assert_eq!(received[1].headers["webhook-attempt"], "2");
    // One that had succeeded has one attempt and no schedule.
    receiver.set(ReceiverResponse::status(500));
    assert_eq!(retry(&id, owner()).await.status, 202);
    app.settle().await;
    let [delivery] = &deliveries(&app, &webhook).await[..] else { panic!("one delivery") };
    assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("failed"), &json!(3)));
    // The schedule of one that is still attempted goes on.
    app.clock.advance(Duration::from_secs(1));
    rename(&app, "Second").await;
    app.settle().await;
    let id = deliveries(&app, &webhook).await[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(retry(&id, owner()).await.status, 202);
    app.settle().await;
    let latest = deliveries(&app, &webhook).await[0].clone();
    assert_eq!((&latest["status"], &latest["attempts"]), (&json!("pending"), &json!(2)));
    receiver.set(ReceiverResponse::default());
    pass(&app, MINUTE * 6).await;
    assert_eq!(deliveries(&app, &webhook).await[0]["status"], "delivered");
    for unknown in ["019bc186-de00-7a3c-8f21-5d6e7f8a9b0c.0", &id.replace(".0", ".7")] {
        assert_eq!(retry(unknown, owner()).await.problem(), "404 delivery_not_found");
    }
    assert_eq!(retry("1", owner()).await.status, 400);
    let another = create(&app, &receiver.url("/"), json!({})).await;
    let other = app.get(&format!("{}/deliveries/{id}", path(&another))).user(owner()).send().await;
    assert_eq!(other.problem(), "404 delivery_not_found");
}

#[tokio::test]
async fn events_of_the_past_are_sent_again() {
    let app = delivering_app().await;
    let receiver = Receiver::start().await;
    for number in 0..5 {
        rename(&app, &format!("Before {number}")).await;
        app.clock.advance(MINUTE * 2);
    }
    let webhook =
        create(&app, &receiver.url("/"), json!({ "events": ["organization.updated", "webhook.*"] })).await;
    app.settle().await;
    assert_eq!(types(&receiver.take()), ["webhook.created"]);
    let replay = async |body: Value| {
        let response =
            app.call("POST", &format!("{}/replay", path(&webhook))).user(owner()).json(&body).send().await;
        app.clock.advance(Duration::from_secs(1));
        app.settle().await;
        response
    };
    let (from, to) = ("2026-01-15T12:01:00Z", "2026-01-15T12:06:00-00:00");
    let response = replay(json!({ "from": from, "to": to })).await;
    assert_eq!((response.status, response.json()), (202, json!({ "queued": 3, "next": null })));
    let received = receiver.take();
    let at =
        |one: &Received| -> Value { serde_json::from_str::<Value>(&one.body).unwrap()["timestamp"].clone() };
    assert_eq!(
        received.iter().map(at).collect::<Vec<_>>(),
        ["2026-01-15T12:02:00.000Z", "2026-01-15T12:04:00.000Z", "2026-01-15T12:06:00.000Z"],
        "oldest first"
    );
    let response = replay(json!({ "from": from, "to": to, "events": ["webhook.created"] })).await;
    assert_eq!(response.json()["queued"], 0);
    let response = replay(json!({ "from": to, "to": from })).await;
    assert_eq!(response.json(), json!({ "queued": 0, "next": null }));
    let again = replay(json!({ "from": from, "to": to })).await;
    assert_eq!(again.json()["queued"], 3, "as often as wanted");
    assert_eq!(receiver.take()[0].headers["webhook-id"], received[0].headers["webhook-id"]);
    for (change, violations) in [
        (json!({ "from": "yesterday" }), vec![("/from", "invalid_value")]),
        (json!({ "to": 5 }), vec![("/to", "invalid_type")]),
        (
            json!({ "events": ["nothing"], "to": "x" }),
            vec![("/to", "invalid_value"), ("/events/0", "unknown_event")],
        ),
        (json!({ "cursor": "abc" }), vec![("/cursor", "invalid_cursor")]),
        (json!({ "all": true }), vec![("/all", "unknown_field")]),
    ] {
        let mut body = json!({ "from": from, "to": to });
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        assert_eq!(wrong(&replay(body).await), pairs(&violations), "{change}");
    }
}

#[tokio::test]
async fn many_events_are_sent_again_in_parts() {
    let mut app = delivering_app().await;
    // The first part takes a thousand writes, for which a busy machine needs longer than a request has.
    app.time_limit = Duration::from_secs(60);
    let receiver = Receiver::start().await;
    receiver.set(ReceiverResponse::status(500));
    let webhook = create(&app, &receiver.url("/"), json!({ "events": ["organization.updated"] })).await;
    let count = 505;
    let webhook_id = padron_domain::WebhookId::parse(webhook["id"].as_str().unwrap()).unwrap();
    for number in 0..count {
        let mut event = demo::event();
        event.at = app.clock.now().plus(Duration::from_secs(number));
        event.id = padron_domain::EventId::at(event.at);
        write_event(&app, &event, serde_json::to_string(&event).unwrap()).await;
        let delivery = padron_domain::Delivery::new(&event, 0, webhook_id, 4, app.clock.now());
        let delivery =
            padron_domain::Delivery { status: DeliveryStatus::Failed, next_attempt_at: None, ..delivery };
        app.store().create_delivery(&delivery, app.clock.now().plus(MINUTE * 60 * 24)).await.unwrap();
    }
    for only_failed in [true, false] {
        let mut body = json!({
            "from": "2026-01-15T12:00:00Z", "to": "2026-01-16T00:00:00Z", "onlyFailed": only_failed,
        });
        let (mut queued, mut requests) = (0, 0);
        loop {
            let replay = app.call("POST", &format!("{}/replay", path(&webhook))).user(owner());
            let response = replay.json(&body).send().await;
            assert_eq!(response.status, 202, "{response:?}");
            queued += response.json()["queued"].as_u64().unwrap();
            requests += 1;
            app.queue().clear();
            body["cursor"] = response.json()["next"].clone();
            if body["cursor"].is_null() {
                break;
            }
            let mut other = body.clone();
            other["to"] = json!("2026-01-17T00:00:00Z");
            let replay = app.call("POST", &format!("{}/replay", path(&webhook))).user(owner()).json(&other);
            assert_eq!(wrong(&replay.send().await), pairs(&[("/cursor", "invalid_cursor")]));
        }
        assert_eq!((queued, requests), (count, 2), "{only_failed}");
        app.clock.advance(Duration::from_secs(1));
    }
}

#[tokio::test]
async fn deliveries_are_listed_by_status_and_event_in_pages() {
    let app = delivering_app().await;
    let receiver = Receiver::start().await;
    let webhook = create(&app, &receiver.url("/"), json!({ "events": ["*"] })).await;
    for number in 0..4 {
        app.clock.advance(Duration::from_secs(1));
        let status = if number % 2 == 0 { 200 } else { 500 };
        receiver.set(ReceiverResponse::status(status));
        rename(&app, &format!("Name {number}")).await;
        app.settle().await;
    }
    let list = async |query: &str| {
        app.get(&format!("{}/deliveries{query}", path(&webhook))).user(owner()).send().await
    };
    let count = async |query: &str| list(query).await.json().as_array().unwrap().len();
    assert_eq!(count("").await, 5);
    assert_eq!(count("?status=delivered").await, 3);
    assert_eq!(count("?status=pending").await, 2);
    assert_eq!(count("?status=failed").await, 0);
    assert_eq!(count("?event=organization.updated&status=delivered").await, 2);
    assert_eq!(count("?event=member.added").await, 0);
    let (mut seen, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let page = list(&query).await;
        seen.extend(of(page.json().as_array().unwrap(), "id").into_iter().cloned());
        let Some(next) = page.next_page() else { break };
        query = next.split_once('?').map(|(_, query)| format!("?{query}")).unwrap();
    }
    let all = list("").await.json();
    assert_eq!(seen.iter().collect::<Vec<_>>(), of(all.as_array().unwrap(), "id"));
    for (query, pointer) in [
        ("?status=lost", "/query/status"),
        ("?event=nothing", "/query/event"),
        ("?limit=0", "/query/limit"),
        ("?limit=101", "/query/limit"),
        ("?cursor=abc", "/query/cursor"),
        ("?page=1", "/query/page"),
    ] {
        assert_eq!(wrong(&list(query).await)[0].0, pointer, "{query}");
    }
}

/// Delivers with this many workers at once, until the queue is empty.
async fn deliver_at_once(app: &TestApp, workers: usize) {
    let work = async || {
        while !app.queue().is_empty() {
            match app.queue().receive() {
                Some(received) => app.deliver(&received).await,
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    futures_util::future::join_all((0..workers).map(|_| work())).await;
}

#[tokio::test]
async fn a_receiver_never_gets_more_requests_at_once_than_it_wants() {
    let app = delivering_app().await;
    let (slow, quick) = (Receiver::start().await, Receiver::start().await);
    let webhook = create(&app, &slow.url("/"), json!({ "concurrency": 3 })).await;
    create(&app, &quick.url("/"), json!({ "concurrency": 1 })).await;
    // The first event is taken at once.
    rename(&app, "The first name").await;
    app.settle().await;
    assert_eq!((slow.take().len(), quick.take().len()), (1, 1));
    slow.hold(true);
    for number in 0..20 {
        app.clock.advance(Duration::from_secs(1));
        rename(&app, &format!("Name {number}")).await;
    }
    app.fan_out().await;
    let all = deliver_at_once(&app, 16);
    let quick_is_done = async {
        let mut received = Vec::new();
        while received.len() < 20 {
            received.extend(quick.take());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // A slow receiver has kept no other waiting.
        slow.hold(false);
        received
    };
    let (received, ()) = tokio::join!(quick_is_done, all);
    assert_eq!((slow.max_in_flight(), quick.max_in_flight()), (3, 1));
    assert_eq!(of(&deliveries(&app, &webhook).await, "status"), vec!["delivered"; 21]);
    let ids: Vec<&String> = received.iter().map(|one| &one.headers["webhook-id"]).collect();
    assert!(ids.is_sorted(), "with one at a time, in the order of the events");
}

#[tokio::test]
async fn each_step_costs_what_it_should() {
    let app = delivering_app().await;
    let units = |app: &TestApp| -> Vec<(String, f64)> {
        app.recorded().iter().map(|one| (one.operation.clone(), one.units())).collect()
    };
    let expected = |costs: &[(&str, f64)]| -> Vec<(String, f64)> {
        costs.iter().map(|(name, units)| ((*name).to_owned(), *units)).collect()
    };
    rename(&app, "Without webhooks").await;
    app.recorded();
    app.settle().await;
    assert_eq!(units(&app), expected(&[("BatchGetItem", 1.0)]), "an event that nobody gets");
    let receiver = Receiver::start().await;
    create(&app, &receiver.url("/"), json!({})).await;
    rename(&app, "First").await;
    app.settle().await;
    // The first success is recorded with the webhook.
    app.recorded();
    rename(&app, "Second").await;
    app.recorded();
    app.fan_out().await;
    assert_eq!(units(&app), expected(&[("BatchGetItem", 1.0), ("PutItem", 2.0)]));
    app.deliver_all().await;
    assert_eq!(units(&app), expected(&[("BatchGetItem", 3.0), ("PutItem", 2.0)]));
    receiver.set(ReceiverResponse::status(500));
    rename(&app, "Third").await;
    app.settle().await;
    app.recorded();
    app.clock.advance(MINUTE * 2);
    app.sweep().await.unwrap();
    let swept = units(&app);
    assert_eq!(swept.iter().filter(|(name, units)| name == "Query" && *units == 0.5).count(), 8);
    // The key of the index changes, which is a deletion and a new entry there.
    assert_eq!(
        swept.iter().filter(|(name, _)| name == "UpdateItem").map(|(_, units)| units).sum::<f64>(),
        3.0
    );
    receiver.set(ReceiverResponse::default());
    app.recorded();
    app.deliver_all().await;
    let health = ("UpdateItem", 1.0);
    assert_eq!(units(&app), expected(&[("BatchGetItem", 3.0), ("PutItem", 2.0), health]));
}

#[tokio::test]
async fn every_call_may_fail_once_at_each_step() {
    let steps = [("fan-out", 2), ("deliver", 3), ("sweep", 9)];
    let cases = steps.into_iter().flat_map(|(step, calls)| (0..calls).map(move |call| (step, call)));
    for fault in
        crate::support::sized(vec![Fault::ServerError, Fault::LostResponse], vec![Fault::LostResponse])
    {
        for (step, call) in cases.clone() {
            let app = delivering_app().await;
            let receiver = Receiver::start().await;
            receiver.set(ReceiverResponse::status(500));
            create(&app, &receiver.url("/"), json!({})).await;
            rename(&app, "New name").await;
            let mut faults = vec![Fault::Delay(Duration::ZERO); call];
            // The SDK attempts each call three times.
            faults.extend(vec![fault.clone(); 3]);
            if step == "fan-out" {
                app.proxy.inject(faults.clone());
            }
            app.fan_out().await;
            if step == "deliver" {
                app.proxy.inject(faults.clone());
            }
            app.deliver_all().await;
            receiver.set(ReceiverResponse::default());
            app.clock.advance(MINUTE * 3);
            if step == "sweep" {
                app.proxy.inject(faults);
            }
            _ = app.sweep().await;
            assert_eq!(app.proxy.clear_faults(), 0, "{step} has fewer calls than {call}");
            for _ in 0..3 {
                app.settle().await;
                pass(&app, MINUTE * 11).await;
            }
            let received = receiver.take();
            assert!((1..=3).contains(&received.len()), "{step} {call}: {received:?}");
            assert!(types(&received).iter().all(|name| name == "organization.updated"), "{step} {call}");
            let mut ids: Vec<&String> = received.iter().map(|one| &one.headers["webhook-id"]).collect();
            ids.dedup();
            assert_eq!(ids.len(), 1, "{step} {call}");
        }
    }
}

#[tokio::test]
async fn whatever_is_killed_each_committed_event_arrives_and_no_other() {
    let app = delivering_app().await;
    let receivers = [Receiver::start().await, Receiver::start().await];
    let mut webhooks = Vec::new();
    for receiver in &receivers {
        webhooks.push(create(&app, &receiver.url("/"), json!({})).await);
    }
    let mut received: [Vec<Received>; 2] = [Vec::new(), Vec::new()];
    let seed = fastrand::u64(..);
    println!("The seed is {seed}.");
    fastrand::seed(seed);
    for run in 0..crate::support::sized(200, 20) {
        app.clock.advance(Duration::from_secs(fastrand::u64(1..240)));
        let status = if fastrand::bool() { 500 } else { 200 };
        receivers[0].set(ReceiverResponse::status(status));
        rename(&app, &format!("Run {run}")).await;
        // Everything that runs is dropped at a random point, and the queue with its messages is lost.
        let work = async {
            loop {
                app.settle().await;
                app.sweep().await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        let lifetime = Duration::from_micros(fastrand::u64(0..30_000));
        let killed = tokio::time::timeout(lifetime, work).await;
        assert!(killed.is_err());
        app.queue().clear();
        for (receiver, received) in receivers.iter().zip(&mut received) {
            received.extend(receiver.take());
        }
    }
    for receiver in &receivers {
        receiver.set(ReceiverResponse::default());
    }
    for _ in 0..100 {
        pass(&app, MINUTE * 60).await;
        for (receiver, received) in receivers.iter().zip(&mut received) {
            received.extend(receiver.take());
        }
    }
    let mut committed = std::collections::BTreeSet::new();
    let mut query = "?type=organization.updated&limit=100".to_owned();
    loop {
        let page = app.get(&format!("{ACME}/events{query}")).user(owner()).send().await;
        let ids = of(page.json().as_array().unwrap(), "id").into_iter().cloned().collect::<Vec<_>>();
        committed.extend(ids.iter().map(|id| format!("evt_{}", id.as_str().unwrap().replace('-', ""))));
        let Some(next) = page.next_page() else { break };
        query = next.split_once('?').map(|(_, query)| format!("?{query}")).unwrap();
    }
    for (received, webhook) in received.iter().zip(&webhooks) {
        let ids = received.iter().map(|one| one.headers["webhook-id"].clone()).collect();
        assert_eq!(committed, ids);
        for one in received {
            verify(one, webhook["secret"].as_str().unwrap());
        }
    }
}

#[tokio::test]
async fn the_operator_gets_all_events_on_a_bus() {
    let app = delivering_app().await;
    for number in 0..25 {
        rename(&app, &format!("Name {number}")).await;
        app.clock.advance(Duration::from_secs(1));
    }
    let batch = app.next_batch().unwrap();
    let payload = batch.payload.as_ref().unwrap();
    let publish = async |payload: &Value| app.invoke("publish-events", payload).await.unwrap();
    assert_eq!(publish(payload).await, json!({ "batchItemFailures": [] }));
    let published = app.bus().take();
    assert_eq!(published.len(), 25);
    for (number, entry) in (0..).zip(&published) {
        assert_eq!((&entry["Source"], &entry["EventBusName"]), (&json!("padron"), &json!("operator")));
        assert_eq!(entry["DetailType"], "organization.updated");
        assert_eq!(entry["Time"].as_f64(), Some(f64::from(1_768_478_400 + number)));
        let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        assert_eq!(detail["data"], json!({ "fields": ["name"] }));
    }
    // What the bus has not taken is handed over again, from there on.
    app.bus().refuse(1);
    let mut rest = payload.clone();
    let failures = publish(&rest).await["batchItemFailures"].clone();
    let first = &payload["Records"][0]["dynamodb"]["SequenceNumber"];
    assert_eq!(failures, json!([{ "itemIdentifier": first }]));
    rest["Records"][3]["dynamodb"]["NewImage"]["doc"] = json!({ "S": "{}" });
    assert_eq!(publish(&rest).await, json!({ "batchItemFailures": [] }));
    assert_eq!(app.bus().take().len(), 9 + 24, "one cannot be read");
}

#[tokio::test]
async fn nothing_of_a_receiver_is_logged() {
    let app = delivering_app().await;
    let receiver = Receiver::start().await;
    let webhook = create(&app, &receiver.url("/path-with-a-token"), json!({})).await;
    for status in [200, 500, 410] {
        let body = "what the receiver says".into();
        receiver.set(ReceiverResponse { body, ..ReceiverResponse::status(status) });
        rename(&app, &format!("Name {status}")).await;
        pass(&app, MINUTE * 10).await;
    }
    assert_eq!(receiver.take().len(), 3, "the last one was cancelled");
    let lines = app.logged().concat();
    assert!(lines.contains("deliver-webhook") && lines.contains("\"outcome\":\"disabled\""), "{lines}");
    let secret = webhook["secret"].as_str().unwrap().strip_prefix("whsec_").unwrap();
    for hidden in [secret, "what the receiver says", "path-with-a-token", "127.0.0.1", "New name", "v1,"] {
        assert!(!lines.contains(hidden), "{hidden}");
    }
}

#[tokio::test]
async fn the_queue_may_refuse_messages() {
    let app = delivering_app().await;
    let receiver = Receiver::start().await;
    let webhook = create(&app, &receiver.url("/"), json!({})).await;
    app.settle().await;
    // The SDK attempts each call three times.
    app.queue().refuse(3);
    rename(&app, "New name").await;
    app.settle().await;
    assert!(receiver.take().is_empty());
    app.clock.advance(MINUTE * 3);
    app.queue().refuse(3);
    let failure = app.sweep().await.unwrap_err();
    assert_eq!(failure, "the queue has not taken all messages");
    pass(&app, MINUTE * 11).await;
    assert_eq!(receiver.take().len(), 1);
    // Whoever asks for an attempt is told that it is to come, and it does.
    let id = deliveries(&app, &webhook).await[0]["id"].as_str().unwrap().to_owned();
    app.queue().refuse(3);
    let retry = app.call("POST", &format!("{}/deliveries/{id}/retry", path(&webhook))).user(owner());
    assert_eq!(retry.send().await.status, 202);
    app.settle().await;
    assert!(receiver.take().is_empty());
    pass(&app, MINUTE * 3).await;
    assert_eq!(receiver.take().len(), 1);
}

#[tokio::test]
async fn a_lower_concurrency_holds_for_what_was_queued_before() {
    let app = delivering_app().await;
    let receiver = Receiver::start().await;
    let webhook = create(&app, &receiver.url("/"), json!({ "concurrency": 10 })).await;
    for number in 0..20 {
        rename(&app, &format!("Name {number}")).await;
    }
    app.fan_out().await;
    let lower = app.call("PUT", &path(&webhook)).user(owner()).json(&json!({ "concurrency": 1 }));
    assert_eq!(lower.send().await.status, 200);
    deliver_at_once(&app, 16).await;
    app.sweep().await.unwrap();
    deliver_at_once(&app, 16).await;
    assert_eq!((receiver.take().len(), receiver.max_in_flight()), (20, 1));
}

#[tokio::test]
async fn what_is_asked_for_by_hand_is_sent_soon_even_to_a_receiver_that_fails() {
    let app = delivering_app().await;
    let receiver = Receiver::start().await;
    receiver.set(ReceiverResponse::status(500));
    let webhook = create(&app, &receiver.url("/"), json!({ "concurrency": 10 })).await;
    for number in 0..12 {
        rename(&app, &format!("Name {number}")).await;
    }
    app.settle().await;
    receiver.take();
    receiver.set(ReceiverResponse::default());
    for delivery in deliveries(&app, &webhook).await {
        let retry = format!("{}/deliveries/{}/retry", path(&webhook), delivery["id"].as_str().unwrap());
        assert_eq!(app.call("POST", &retry).user(owner()).send().await.status, 202);
    }
    app.settle().await;
    assert_eq!(receiver.take().len(), 12);
    assert_eq!(of(&deliveries(&app, &webhook).await, "status"), vec!["delivered"; 12]);
}

#[tokio::test]
async fn an_attempt_is_recorded_even_if_another_was_asked_for_meanwhile() {
    let app = delivering_app().await;
    let receiver = Receiver::start().await;
    let webhook = create(&app, &receiver.url("/"), json!({})).await;
    rename(&app, "New name").await;
    app.fan_out().await;
    receiver.hold(true);
    let retry = async {
        while receiver.max_in_flight() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let id = deliveries(&app, &webhook).await[0]["id"].as_str().unwrap().to_owned();
        let retry = app.call("POST", &format!("{}/deliveries/{id}/retry", path(&webhook))).user(owner());
        assert_eq!(retry.send().await.status, 202);
        receiver.hold(false);
    };
    tokio::join!(app.deliver_all(), retry);
    let [delivery] = &deliveries(&app, &webhook).await[..] else { panic!("one delivery") };
    assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("pending"), &json!(1)));
    assert_eq!(delivery["success"], true);
    pass(&app, MINUTE * 3).await;
    let [delivery] = &deliveries(&app, &webhook).await[..] else { panic!("one delivery") };
    assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("delivered"), &json!(2)));
    assert_eq!(receiver.take().len(), 2);
}

#[tokio::test]
async fn a_webhook_is_sent_at_most_ten_replays_a_minute() {
    let app = delivering_app().await;
    let webhook = create(&app, "http://127.0.0.1:9/", json!({})).await;
    let replay = async || {
        let body = json!({ "from": "2026-01-15T00:00:00Z", "to": "2026-01-16T00:00:00Z" });
        app.call("POST", &format!("{}/replay", path(&webhook))).user(owner()).json(&body).send().await
    };
    for _ in 0..10 {
        assert_eq!(replay().await.status, 202);
    }
    assert_eq!(replay().await.problem(), "429 rate_limited");
    app.clock.advance(MINUTE);
    assert_eq!(replay().await.status, 202);
}

#[tokio::test]
async fn a_webhook_whose_secrets_cannot_be_read_ends_its_deliveries() {
    let app = delivering_app().await;
    let receiver = Receiver::start().await;
    let webhook = create(&app, &receiver.url("/"), json!({})).await;
    rename(&app, "New name").await;
    app.fan_out().await;
    let (client, table) = app.raw_table();
    let text = |text: String| aws_sdk_dynamodb::types::AttributeValue::S(text);
    let update = client.update_item().table_name(table).key("PK", text(format!("ORG#{}", demo::ACME)));
    let update = update.key("SK", text(format!("HOOK#{}", webhook["id"].as_str().unwrap())));
    update.update_expression("REMOVE secrets").send().await.unwrap();
    app.deliver_all().await;
    assert!(receiver.take().is_empty() && app.queue().is_empty());
    let last = &deliveries(&app, &webhook).await[0];
    assert_eq!((&last["status"], &last["error"]), (&json!("failed"), &json!("unreadable")));
    assert!(app.logged().concat().contains("unreadable record"));
}

#[tokio::test]
async fn one_organization_does_not_hold_up_another() {
    let app = delivering_app().await;
    let receiver = Receiver::start().await;
    let globex = format!("/organizations/{}", demo::GLOBEX);
    let body = json!({ "url": receiver.url("/"), "events": ["organization.updated"] });
    let created =
        app.call("POST", &format!("{globex}/webhooks")).user(globex_owner()).json(&body).send().await;
    assert_eq!(created.status, 201);
    // One without webhooks, and one whose registry cannot be read.
    let webhook = create(&app, &receiver.url("/"), json!({})).await;
    assert_eq!(app.call("DELETE", &path(&webhook)).user(owner()).send().await.status, 204);
    let rename_globex = async |name: &str| {
        rename(&app, name).await;
        let body = json!({ "name": name });
        let renamed = app.call("PUT", &globex).user(globex_owner()).json(&body).send().await;
        assert_eq!(renamed.status, 200);
        app.settle().await;
        receiver.take().len()
    };
    assert_eq!(rename_globex("First").await, 1);
    let (client, table) = app.raw_table();
    let text = |text: String| aws_sdk_dynamodb::types::AttributeValue::S(text);
    let put = client.put_item().table_name(table).item("PK", text(format!("ORG#{}", demo::ACME)));
    put.item("SK", text("HOOKS".into())).item("doc", text("{}".into())).send().await.unwrap();
    assert_eq!(rename_globex("Second").await, 1);
    assert!(app.logged().concat().contains("unreadable record"));
}

#[tokio::test]
async fn slow_receivers_leave_room_for_others() {
    let app = delivering_app().await;
    let (slow, quick) = (Receiver::start().await, Receiver::start().await);
    slow.hold(true);
    for _ in 0..10 {
        create(&app, &slow.url("/"), json!({ "concurrency": 10 })).await;
    }
    for number in 0..10 {
        rename(&app, &format!("Name {number}")).await;
    }
    app.clock.advance(MINUTE * 2);
    create(&app, &quick.url("/"), json!({})).await;
    rename(&app, "For all").await;
    app.fan_out().await;
    let quick_is_done = async {
        while quick.take().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let in_flight = slow.max_in_flight();
        slow.hold(false);
        in_flight
    };
    // Fewer workers than the slow receivers together would take.
    let (in_flight, ()) = tokio::join!(quick_is_done, deliver_at_once(&app, 50));
    assert!(in_flight <= 20, "two each, as long as they have not taken anything: {in_flight}");
}
