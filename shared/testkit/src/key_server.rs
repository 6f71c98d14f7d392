//! The web server of a token issuer, which serves a key set.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;

use padron_emulator::WebServer;

/// A web server that returns the same document for every request. It is stopped when it is dropped.
#[derive(Debug)]
pub struct KeyServer {
    server: WebServer,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    page: Mutex<Page>,
    requests: AtomicUsize,
}

/// The response of the server.
#[derive(Clone, Debug)]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
    /// The delay before the response.
    pub delay: Duration,
    /// The value of the header `Location`, for redirects; `None` if it is absent.
    pub location: Option<String>,
}

impl Page {
    /// Creates a response with status 200.
    pub fn ok(body: impl Into<String>) -> Self {
        Self { status: 200, body: body.into(), delay: Duration::ZERO, location: None }
    }
}

impl KeyServer {
    /// Starts a server with this response.
    pub async fn start(page: Page) -> Self {
        let shared = Arc::new(Shared { page: Mutex::new(page), requests: AtomicUsize::new(0) });
        let state = shared.clone();
        let server = WebServer::start(move |_| respond(state.clone())).await;
        Self { server, shared }
    }

    /// Returns the URL of the key set.
    pub fn url(&self) -> String {
        format!("http://{}/.well-known/jwks.json", self.server.address)
    }

    /// Replaces the response.
    pub fn set(&self, page: Page) {
        *self.shared.page.lock().unwrap_or_else(PoisonError::into_inner) = page;
    }

    /// Returns the number of requests so far.
    pub fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::SeqCst)
    }
}

async fn respond(shared: Arc<Shared>) -> Response<Full<Bytes>> {
    shared.requests.fetch_add(1, Ordering::SeqCst);
    let page = shared.page.lock().unwrap_or_else(PoisonError::into_inner).clone();
    tokio::time::sleep(page.delay).await;
    let mut response = Response::new(Full::from(page.body));
    *response.status_mut() = StatusCode::from_u16(page.status).expect("a status");
    if let Some(location) = page.location {
        response.headers_mut().insert("location", location.parse().expect("a URL"));
    }
    response
}
