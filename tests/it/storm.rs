//! A storm of faults over every endpoint that writes, on a schedule that a seed decides.
//!
//! A client sends the sample request again and again while DynamoDB throttles, fails, loses responses and cancels transactions. Then the
//! weather is fine again, and the table must have what it has after a single request that nothing disturbed.

use std::{
    collections::BTreeMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::{StreamExt, stream};
use padron_http::{IDEMPOTENCY_KEY_REUSED, Method, Registration};
use padron_testkit::{Fault, TestApp, TestResponse};
use serde_json::{Value, json};

use crate::support::{Random, app_for_sample, items, sample_request, sized};

/// Endpoints whose requests have an effect each time, because they have no idempotency keys and what they do is not a state: each upload of
/// a file is an event, an invitation gets a new token, OAuth issues a token or registers a client, and a code that is used twice ends its
/// grant (RFC 6749 §4.1.2).
const REPEATABLE: [&str; 6] = [
    "invite-members",
    "oauth-exchange",
    "oauth-register",
    "oauth-token",
    "upload-certificate",
    "upload-fiel",
];

/// Returns whether an endpoint writes.
fn writes(endpoint: &Registration) -> bool {
    !matches!(endpoint.route.method, None | Some(Method::Get))
}

/// Returns the number of items of the table by kind, and the number of events by type. Counters of requests and recorded responses are
/// left out: attempts that fail have them, too. So are the parts of a list, over which rows are spread at random.
async fn census(app: &TestApp) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for item in items(app).await {
        let text = |name: &str| match item.get(name) {
            Some(AttributeValue::S(text)) => text.clone(),
            _ => String::new(),
        };
        let kind = match text("entity").as_str() {
            "" => continue,
            "event" => {
                let document: Value = serde_json::from_str(&text("doc")).unwrap_or_default();
                format!("event {}", document["type"].as_str().unwrap_or_default())
            }
            entity => entity.to_owned(),
        };
        *counts.entry(kind).or_default() += 1;
    }
    counts
}

/// Returns the faults of the next requests to DynamoDB. A third of the requests succeed.
fn weather(random: &mut Random) -> Vec<Fault> {
    let fault = |random: &mut Random| match random.below(12) {
        0 => Fault::Throttle,
        1 => Fault::ServerError,
        2 | 3 => Fault::Conflict(0),
        4 => Fault::Reset,
        5 | 6 => Fault::LostResponse,
        7 => Fault::AllUnprocessed,
        8 => Fault::Delay(Duration::from_millis(5)),
        _ => Fault::Delay(Duration::ZERO),
    };
    (0..8).map(|_| fault(random)).collect()
}

/// What the storms so far have seen.
#[derive(Default)]
struct Seen {
    /// The time that each request took, in milliseconds.
    latencies: Mutex<Vec<u128>>,
}

impl Seen {
    async fn send(&self, app: &TestApp, endpoint: &Registration, event: &Value) -> TestResponse {
        let start = Instant::now();
        let response = app.response(endpoint, &event.to_string()).await;
        self.latencies.lock().unwrap().push(start.elapsed().as_millis());
        response
    }

    /// Prints the latencies since the last call and the memory of the process.
    fn print(&self, seed: u64) {
        let mut latencies = std::mem::take(&mut *self.latencies.lock().unwrap());
        latencies.sort_unstable();
        let at = |percent: usize| latencies.get(latencies.len() * percent / 100).copied().unwrap_or_default();
        println!(
            "seed {seed}: {} requests, p50 {} ms, p99 {} ms, memory {} MB",
            latencies.len(),
            at(50),
            at(99),
            resident_megabytes()
        );
    }
}

/// Returns the resident memory of this process; 0 where the system does not tell.
fn resident_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or_default() / 1024
}

/// Returns the sample request of an endpoint, with an idempotency key where it takes one.
fn request(app: &TestApp, endpoint: &Registration) -> Value {
    let mut event = sample_request(app, endpoint);
    if endpoint.failures().contains(&IDEMPOTENCY_KEY_REUSED) {
        event["headers"]["idempotency-key"] = json!("storm");
    }
    event
}

async fn storm(seen: &Seen, endpoint: &'static Registration, seed: u64) {
    let function = endpoint.route.function;
    let calm = app_for_sample(endpoint).await;
    let expected = seen.send(&calm, endpoint, &request(&calm, endpoint)).await;
    assert!((200..400).contains(&expected.status), "{function}: {expected:?}");

    let mut app = app_for_sample(endpoint).await;
    let event = request(&app, endpoint);
    let mut random = Random::new(seed);
    app.time_limit = Duration::from_millis(700);
    for _ in 0..6 {
        app.proxy.clear_faults();
        app.proxy.inject(weather(&mut random));
        let response = seen.send(&app, endpoint, &event).await;
        assert_ne!(response.status, 500, "{function}, seed {seed}: {response:?} {:?}", app.logged());
        // A client tries again after a failure of the server, and after a conflict.
        if response.status < 500 && !matches!(response.status, 409 | 429) {
            break;
        }
    }
    app.proxy.clear_faults();
    app.time_limit = Duration::from_secs(9);
    let last = seen.send(&app, endpoint, &event).await;
    assert!(last.status < 500, "{function}, seed {seed}: {last:?}");
    if !REPEATABLE.contains(&function) {
        assert_eq!(census(&app).await, census(&calm).await, "{function}, seed {seed}: {last:?}");
    }
}

/// For `make soak`: how long to go on, with one seed after the other.
fn soak_time() -> Option<Duration> {
    let minutes = std::env::var("PADRON_SOAK_MINUTES").ok()?;
    Some(Duration::from_secs(60 * minutes.parse::<u64>().expect("a number of minutes")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_storm_each_write_is_done_once() {
    let (start, seen) = (Instant::now(), Seen::default());
    for seed in 0.. {
        let goes_on = match soak_time() {
            Some(time) => start.elapsed() < time,
            None => seed < sized(4, 1),
        };
        if !goes_on {
            break;
        }
        let endpoints = padron_api::endpoints().filter(|endpoint| writes(endpoint));
        let storms = stream::iter(endpoints.map(|endpoint| storm(&seen, endpoint, seed)));
        storms.buffer_unordered(8).collect::<Vec<_>>().await;
        if soak_time().is_some() {
            seen.print(seed);
        }
    }
}
