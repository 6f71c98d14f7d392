//! The web server of someone who gets webhooks.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};

use padron_emulator::WebServer;

/// A web server that keeps the requests it gets. It is stopped when it is dropped.
#[derive(Debug)]
pub struct Receiver {
    server: WebServer,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    response: Mutex<ReceiverResponse>,
    received: Mutex<Vec<Received>>,
    /// The number of requests that are being answered, and the highest number so far.
    in_flight: Mutex<(usize, usize)>,
    /// Whether responses are held back.
    is_held: AtomicBool,
}

/// The response of a receiver.
#[derive(Clone, Debug)]
pub struct ReceiverResponse {
    /// The HTTP status.
    pub status: u16,
    /// The media type of the body.
    pub media_type: &'static str,
    /// The body.
    pub body: String,
    /// The value of the header `Retry-After`, if there is one.
    pub retry_after: Option<String>,
}

impl Default for ReceiverResponse {
    fn default() -> Self {
        let (status, media_type, body) = (200, "text/plain", "ok".into());
        Self { status, media_type, body, retry_after: None }
    }
}

impl ReceiverResponse {
    /// Returns a response with this status.
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }
}

/// A request that a receiver has got.
#[derive(Clone, Debug)]
pub struct Received {
    /// The method and the path with the query.
    pub target: String,
    /// The headers, by name in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

impl Receiver {
    /// Starts a server that answers 200 with the text `ok`.
    pub async fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let state = shared.clone();
        let server = WebServer::start(move |request| receive(state.clone(), request)).await;
        Self { server, shared }
    }

    /// Returns the URL of a path on this server.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address)
    }

    /// Replaces the response.
    pub fn set(&self, response: ReceiverResponse) {
        *self.shared.response.lock().unwrap_or_else(PoisonError::into_inner) = response;
    }

    /// Holds all responses back, or sends them.
    pub fn hold(&self, hold: bool) {
        self.shared.is_held.store(hold, Ordering::SeqCst);
    }

    /// Returns the highest number of requests that were answered at once.
    pub fn max_in_flight(&self) -> usize {
        self.shared.in_flight.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    /// Returns the requests since the last call of this function.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.shared.received.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn receive(shared: Arc<Shared>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    {
        let mut in_flight = shared.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        in_flight.0 += 1;
        in_flight.1 = in_flight.1.max(in_flight.0);
    }
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let received = Received {
        target: format!("{} {}", parts.method, parts.uri),
        headers: parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    shared.received.lock().unwrap_or_else(PoisonError::into_inner).push(received);
    let ReceiverResponse { status, media_type, body, retry_after } =
        shared.response.lock().unwrap_or_else(PoisonError::into_inner).clone();
    while shared.is_held.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    shared.in_flight.lock().unwrap_or_else(PoisonError::into_inner).0 -= 1;
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    if let Some(retry_after) = retry_after {
        response.headers_mut().insert("retry-after", retry_after.parse().expect("a header value"));
    }
    response.headers_mut().insert("content-type", media_type.parse().expect("a media type"));
    response
}
