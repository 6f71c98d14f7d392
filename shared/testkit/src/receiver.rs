//! The web server of someone who gets webhooks.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};

use crate::web_server::WebServer;

/// A web server that keeps the requests it gets. It is stopped when it is dropped.
#[derive(Debug)]
pub struct Receiver {
    server: WebServer,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    response: Mutex<ReceiverResponse>,
    received: Mutex<Vec<Received>>,
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
        let response = ReceiverResponse { status: 200, media_type: "text/plain", body: "ok".into() };
        let shared = Arc::new(Shared { response: Mutex::new(response), received: Mutex::default() });
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

    /// Returns the requests since the last call of this function.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.shared.received.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn receive(shared: Arc<Shared>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let received = Received {
        target: format!("{} {}", parts.method, parts.uri),
        headers: parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    shared.received.lock().unwrap_or_else(PoisonError::into_inner).push(received);
    let ReceiverResponse { status, media_type, body } =
        shared.response.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    response.headers_mut().insert("content-type", media_type.parse().expect("a media type"));
    response
}
