//! A server of the Lambda Runtime API for one function.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use padron_domain::Clock;
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc},
    task::JoinHandle,
};

/// A request of a function to the Runtime API.
#[derive(Debug)]
pub(crate) enum RuntimeRequest {
    /// The function asks for an event: it has started, or has finished the previous event.
    Asked,
    /// The function answered an event.
    Answered(String),
    /// The function reported a failure.
    Failed(String),
}

/// The Runtime API of one process.
pub(crate) struct RuntimeApi {
    pub(crate) address: SocketAddr,
    events: mpsc::Sender<String>,
    did: mpsc::Receiver<RuntimeRequest>,
    serving: JoinHandle<()>,
}

/// The state that all connections share.
struct Shared {
    events: Mutex<mpsc::Receiver<String>>,
    did: mpsc::Sender<RuntimeRequest>,
}

/// The maximum time until the next request of the function. Under valgrind, everything takes about fifty times as long.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(120);

impl RuntimeApi {
    /// Starts the server on a free port of 127.0.0.1.
    pub(crate) async fn start() -> Result<Self, String> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let (events, next_event) = mpsc::channel(1);
        let (report, did) = mpsc::channel(16);
        let shared = Arc::new(Shared { events: Mutex::new(next_event), did: report });
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                _ = stream.set_nodelay(true);
                let shared = shared.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| respond(shared.clone(), request));
                    _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Ok(Self { address, events, did, serving })
    }

    /// Waits until the function asks for an event.
    pub(crate) async fn asked(&mut self) -> Result<(), String> {
        match self.next().await? {
            RuntimeRequest::Asked => Ok(()),
            other => Err(format!("the function was to ask for an event: {other:?}")),
        }
    }

    /// Sends an event to the function and returns its response.
    pub(crate) async fn invoke(&mut self, event: &str) -> Result<String, String> {
        self.events.send(event.to_owned()).await.map_err(|error| error.to_string())?;
        match self.next().await? {
            RuntimeRequest::Answered(response) => Ok(response),
            RuntimeRequest::Failed(why) => Err(format!("the function failed: {why}")),
            other @ RuntimeRequest::Asked => Err(format!("the function was to answer: {other:?}")),
        }
    }

    /// Returns the next request of the function. Fails after [`HEALTH_TIMEOUT`].
    async fn next(&mut self) -> Result<RuntimeRequest, String> {
        let did = tokio::time::timeout(HEALTH_TIMEOUT, self.did.recv()).await;
        did.map_err(|_| "the function does nothing")?.ok_or_else(|| "the runtime API is gone".to_owned())
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Answers one request of the function. A request for an event waits until there is one.
async fn respond(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let path = parts.uri.path();
    if parts.method == Method::GET && path.ends_with("/invocation/next") {
        _ = shared.did.send(RuntimeRequest::Asked).await;
        let event = shared.events.lock().await.recv().await.unwrap_or_default();
        let deadline = Clock::System.now().plus(HEALTH_TIMEOUT).millis();
        let response = Response::builder()
            .header("content-type", "application/json")
            .header("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
            .header("lambda-runtime-deadline-ms", deadline)
            .header(
                "lambda-runtime-invoked-function-arn",
                "arn:aws:lambda:us-east-1:123456789012:function:bench",
            )
            .header(
                "lambda-runtime-trace-id",
                "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
            )
            .body(Full::from(event));
        return Ok(response.unwrap_or_default());
    }
    let text = String::from_utf8_lossy(&body).into_owned();
    let did = if path.ends_with("/response") {
        RuntimeRequest::Answered(text)
    } else {
        RuntimeRequest::Failed(text)
    };
    _ = shared.did.send(did).await;
    let mut accepted = Response::new(Full::from(r#"{"status":"OK"}"#));
    *accepted.status_mut() = http::StatusCode::ACCEPTED;
    Ok(accepted)
}
