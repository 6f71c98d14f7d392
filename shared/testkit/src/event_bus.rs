//! An event bus in a test's process.

use std::sync::{Arc, Mutex, PoisonError};

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use padron_emulator::WebServer;
use serde_json::{Value, json};

/// The web server of Amazon EventBridge, which keeps the events it gets. It is stopped when it is dropped.
#[derive(Debug)]
pub struct EventBusServer {
    server: WebServer,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    published: Vec<Value>,
    requests: u32,
    /// The number of requests whose last event is still to be refused.
    refusals: u32,
}

impl EventBusServer {
    /// Starts a server.
    pub async fn start() -> Self {
        let shared: Arc<Mutex<Shared>> = Arc::default();
        let state = shared.clone();
        let server = WebServer::start(move |request| respond(state.clone(), request)).await;
        Self { server, shared }
    }

    /// Returns the endpoint of EventBridge for clients of this server.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Returns the entries of the events since the last call of this function.
    pub fn take(&self) -> Vec<Value> {
        std::mem::take(&mut self.lock().published)
    }

    /// Refuses the last event of each of the next requests.
    pub fn refuse(&self, requests: u32) {
        self.lock().refusals = requests;
    }

    /// Returns the number of requests since the last call of this function.
    pub(crate) fn take_requests(&self) -> u32 {
        std::mem::take(&mut self.lock().requests)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn respond(shared: Arc<Mutex<Shared>>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut entries = request["Entries"].as_array().cloned().unwrap_or_default();
    let mut response = Response::default();
    if parts.headers.get("x-amz-target").is_none_or(|target| target != "AWSEvents.PutEvents") {
        *response.status_mut() = StatusCode::BAD_REQUEST;
        return response;
    }
    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    shared.requests += 1;
    let mut results = vec![json!({ "EventId": "1" }); entries.len()];
    let is_refused = shared.refusals > 0 && entries.pop().is_some();
    if is_refused {
        shared.refusals -= 1;
        results.pop();
        results.push(json!({ "ErrorCode": "InternalFailure", "ErrorMessage": "injected" }));
    }
    shared.published.extend(entries);
    let body = json!({ "FailedEntryCount": u32::from(is_refused), "Entries": results });
    *response.body_mut() = Full::from(body.to_string());
    response
}
