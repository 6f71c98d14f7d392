//! The web server of a token issuer, which serves a key set.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::{body::Bytes, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::JoinHandle};

/// A web server that returns the same document for every request. It is stopped when it is dropped.
#[derive(Debug)]
pub struct KeyServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
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
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let shared = Arc::new(Shared { page: Mutex::new(page), requests: AtomicUsize::new(0) });
        let serving = tokio::spawn(serve(listener, shared.clone()));
        Self { address, shared, serving }
    }

    /// Returns the URL of the key set.
    pub fn url(&self) -> String {
        format!("http://{}/.well-known/jwks.json", self.address)
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

impl Drop for KeyServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        tokio::spawn(async move {
            let service = service_fn(move |_| {
                let shared = shared.clone();
                async move {
                    shared.requests.fetch_add(1, Ordering::SeqCst);
                    let page = shared.page.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    tokio::time::sleep(page.delay).await;
                    let mut answer = Response::new(Full::<Bytes>::from(page.body));
                    *answer.status_mut() = StatusCode::from_u16(page.status).expect("a status");
                    if let Some(location) = page.location {
                        answer.headers_mut().insert("location", location.parse().expect("a URL"));
                    }
                    Ok::<_, std::convert::Infallible>(answer)
                }
            });
            _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
