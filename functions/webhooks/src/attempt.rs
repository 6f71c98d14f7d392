//! One attempt to send a message to a webhook.

use std::time::Duration;

use padron_domain::{DeliveryAttempt, Error, Timestamp};
use padron_http::Environment;
use padron_outbound::{Failure, Response};
use padron_store::{StoredWebhook, WebhookSecretMaterial};
use tokio::time::Instant;

use crate::{message::Message, signature, target};

/// The maximum length of the body that is kept, in bytes.
const MAX_BODY: usize = 1024;

/// The outcome of an attempt.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The attempt.
    pub(crate) attempt: DeliveryAttempt,
    /// The beginning of the response's body if it is text or JSON; `None` if there is none.
    pub(crate) response_body: Option<String>,
    /// The time for which the receiver wants no other request; `None` if it does not say, or asks for nothing that counts.
    pub(crate) retry_after: Option<Duration>,
}

impl Outcome {
    /// Returns whether the receiver says that it is gone (RFC 9110 §15.5.11).
    pub(crate) fn is_gone(&self) -> bool {
        self.attempt.status_code == Some(410)
    }
}

/// Sends a message, signed with the secrets that are live at `now`, and waits for the response for `time_limit`.
pub(crate) async fn send(
    environment: &Environment,
    stored: &StoredWebhook,
    message: Message,
    number: u32,
    now: Timestamp,
    time_limit: Duration,
) -> Result<Outcome, Error> {
    let request = message.request(&live_material(environment, stored, now)?, number, now)?;
    let began_at = Instant::now();
    // What a URL may be can have become stricter since it was stored.
    let sent = match target::parse(environment, &stored.webhook.url) {
        Ok(target) => {
            let client = target::client(environment)?;
            client.send(&target, request, time_limit).await
        }
        Err(_) => Err(Failure::NotPublic),
    };
    let duration_ms = u64::try_from(began_at.elapsed().as_millis()).unwrap_or(u64::MAX);
    let attempt = |status_code, error| DeliveryAttempt { at: now, status_code, duration_ms, error };
    Ok(match sent {
        Ok(response) => Outcome {
            attempt: attempt(Some(response.status), None),
            response_body: kept_body(&response),
            retry_after: retry_after(&response, now),
        },
        Err(failure) => Outcome {
            attempt: attempt(None, Some(failure.name().to_owned())),
            response_body: None,
            retry_after: None,
        },
    })
}

/// Returns the secrets that requests are signed with at `now`.
fn live_material(
    environment: &Environment,
    stored: &StoredWebhook,
    now: Timestamp,
) -> Result<Vec<WebhookSecretMaterial>, Error> {
    let mut material = signature::material(environment, stored)?;
    material.retain(|one| stored.webhook.live_secrets(now).any(|secret| secret.generation == one.generation));
    Ok(material)
}

/// Returns the beginning of a response's body if it is text or JSON.
fn kept_body(response: &Response) -> Option<String> {
    // What is compressed is not decompressed, and is no text.
    if response.headers.contains_key("content-encoding") {
        return None;
    }
    let media_type = response.headers.get("content-type")?.to_str().ok()?;
    let media_type = media_type.split(';').next()?.trim().to_ascii_lowercase();
    let is_text =
        media_type.starts_with("text/") || media_type == "application/json" || media_type.ends_with("+json");
    let beginning = &response.body[..response.body.len().min(MAX_BODY)];
    is_text.then(|| {
        // A byte that is not UTF-8 becomes a character of three bytes.
        let mut text: String = String::from_utf8_lossy(beginning).chars().map(printable).collect();
        text.truncate(text.floor_char_boundary(MAX_BODY));
        text
    })
}

/// Returns a character, or a replacement for one that a terminal would obey.
fn printable(char: char) -> char {
    if char.is_control() && !matches!(char, '\n' | '\r' | '\t') { char::REPLACEMENT_CHARACTER } else { char }
}

/// Returns the time that a response with status 429 or 503 asks for (RFC 9110 §10.2.3): a number of seconds, or a date.
fn retry_after(response: &Response, now: Timestamp) -> Option<Duration> {
    if !matches!(response.status, 429 | 503) {
        return None;
    }
    let text = response.headers.get("retry-after")?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    let now = Duration::from_millis(u64::try_from(now.millis()).ok()?);
    date.checked_sub(now)
}
