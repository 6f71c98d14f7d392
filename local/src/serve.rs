//! `make serve`: serves the whole API from one process, for load tests, race tests and demos.
//!
//! Requests pass through the same dispatch and the same events as in the cloud.

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use padron_domain::Clock;
use padron_emulator::{WebServer, gateway};
use padron_http::{App, Log};
use serde_json::Value;
use tokio::{net::TcpListener, time::Instant};

use crate::{
    event_sources::{self, Invoker},
    run::{Backend, Options, StopSignal, announce, check_port},
};

/// The maximum size of a request's body, in bytes. API Gateway accepts 10 MB, and Lambda 6 MB.
const MAX_BODY_SIZE: usize = 6 * 1024 * 1024;

/// Serves the API until the process receives a signal to stop.
pub async fn serve(options: Options) -> Result<(), String> {
    let mut stop = StopSignal::listen()?;
    check_port(options.port, "serve")?;
    let backend = Backend::open(&options).await?;
    let settings = backend.settings()?;
    let Backend {
        engine,
        stream,
        queue,
        kms: _kms,
        s3: _s3,
        login: _login,
        app: demo_app,
        concurrency,
        clock_factor,
        environment: _,
    } = backend;
    let app = Arc::new(App::new(settings, Clock::System, Log::Stdout));
    let listener = TcpListener::bind(("127.0.0.1", options.port)).await.map_err(|error| error.to_string())?;
    announce(options.port, engine.address(), demo_app.as_ref());
    let invoker = Invoker::InProcess(app.clone());
    let sources = tokio::spawn(event_sources::run(invoker, stream, queue, concurrency, clock_factor));
    let server = WebServer::on(listener, move |request| respond(app.clone(), request));
    stop.asked().await;
    drop(server);
    sources.abort();
    engine.stop().await;
    Ok(())
}

/// Answers one HTTP request.
async fn respond(app: Arc<App>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_BODY_SIZE).collect().await else {
        // API Gateway answers such requests without a problem document.
        return status(StatusCode::PAYLOAD_TOO_LARGE);
    };
    let routed = gateway::route(padron_api::endpoints(), &parts.method, parts.uri.path());
    let Some(endpoint) = routed.endpoint else { return status(StatusCode::NOT_FOUND) };
    let event = gateway::event(&routed, &parts.method, &parts.uri, &parts.headers, &body.to_bytes());
    let deadline = Instant::now() + endpoint.time_limit;
    let response = app.respond(endpoint, &event.to_string(), "local", deadline).await;
    let response = serde_json::to_value(&response).unwrap_or_default();
    to_http(&response).unwrap_or_else(|| status(StatusCode::BAD_GATEWAY))
}

/// Converts a response event to an HTTP response; `None` if the event is malformed.
fn to_http(response: &Value) -> Option<Response<Full<Bytes>>> {
    let status = u16::try_from(response["statusCode"].as_u64()?).ok()?;
    let mut http = Response::builder().status(status);
    for (name, value) in response["headers"].as_object()? {
        http = http.header(name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value.as_str()?).ok()?);
    }
    for cookie in response["cookies"].as_array()? {
        http = http.header("set-cookie", HeaderValue::from_str(cookie.as_str()?).ok()?);
    }
    let body = response["body"].as_str()?;
    let body =
        if response["isBase64Encoded"] == true { BASE64_STANDARD.decode(body).ok()? } else { body.into() };
    http.body(Full::from(body)).ok()
}

/// Returns an empty response with this status.
fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}
