//! `make listen`: a receiver of webhooks that verifies the messages it gets and prints them.

use std::sync::Arc;

use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use padron_domain::OrganizationId;
use padron_emulator::WebServer;
use padron_store::{Secrets, Store};
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::{
    net::TcpListener,
    time::{Duration, Instant},
};

use crate::{
    data_dir::{DataDir, ROOT_SECRET, TABLE},
    run::{StopSignal, check_port},
};

/// The maximum size of a message, in bytes.
const MAX_SIZE: usize = 64 * 1024;
/// The maximum time for reading the secrets of webhooks.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// Prints the messages that arrive on a port of 127.0.0.1, until the process receives a signal to stop.
///
/// They are verified with `secret`, or with the secrets of the local stack's webhooks if it is `None`.
pub async fn listen(data_dir: DataDir, port: u16, secret: Option<String>) -> Result<(), String> {
    let mut stop = StopSignal::listen()?;
    check_port(port, "listen")?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| error.to_string())?;
    let given = secret.map(|secret| Webhook::new(&secret)).transpose();
    let given = given.map_err(|_| "A secret begins with whsec_, and base64 follows.")?.map(Arc::new);
    println!("Listening on http://localhost:{port}/. Ctrl-C stops it.");
    let _server = WebServer::on(listener, move |request| receive(data_dir.clone(), given.clone(), request));
    stop.asked().await;
    Ok(())
}

/// Verifies and prints one message, and answers 200 if it is genuine.
async fn receive(
    data_dir: DataDir,
    given: Option<Arc<Webhook>>,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_SIZE).collect().await else {
        return answer(StatusCode::PAYLOAD_TOO_LARGE, "The message is too large.\n");
    };
    let body = body.to_bytes();
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    let outcome = match given {
        Some(webhook) => webhook.verify(&body, &parts.headers).map_err(|error| error.to_string()),
        None => verify_with_local_secrets(&data_dir, &parts.headers, &message, &body).await,
    };
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("-");
    let kind = message["type"].as_str().unwrap_or("(no type)");
    let verdict = match &outcome {
        Ok(()) => "verified".to_owned(),
        Err(why) => format!("NOT verified ({why})"),
    };
    println!("{verdict}  {kind}  {}  attempt {}", header("webhook-id"), header("webhook-attempt"));
    println!("  {}", String::from_utf8_lossy(&body));
    match outcome {
        Ok(()) => answer(StatusCode::OK, "ok\n"),
        Err(_) => answer(StatusCode::UNAUTHORIZED, "The signature is not valid.\n"),
    }
}

/// Verifies a message with the secrets of the webhooks of its organization in the local stack.
async fn verify_with_local_secrets(
    data_dir: &DataDir,
    headers: &HeaderMap,
    message: &Value,
    body: &[u8],
) -> Result<(), String> {
    let organization = message["organizationId"].as_str().and_then(OrganizationId::parse);
    let organization = organization.ok_or("the message names no organization")?;
    let address = data_dir.database_address().ok_or("the local stack is not running")?;
    let connection = padron_emulator::engine::connection(address, TABLE);
    let store = Store::new(&connection).until(Instant::now() + TIME_LIMIT);
    let webhooks = store.webhooks(organization).await.map_err(|_| "the local stack is not running")?;
    let secrets = Secrets::new(ROOT_SECRET.as_bytes(), None).ok_or("the root secret is too short")?;
    let material = webhooks.iter().filter_map(|webhook| webhook.material(&secrets)).flatten();
    let mut why = "the organization has no webhook".to_owned();
    for material in material {
        let webhook = Webhook::from_bytes(material.secret.to_vec()).map_err(|error| error.to_string())?;
        match webhook.verify(body, headers) {
            Ok(()) => return Ok(()),
            Err(error) => why = error.to_string(),
        }
    }
    Err(why)
}

fn answer(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response
}
