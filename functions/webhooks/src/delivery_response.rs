//! Deliveries in responses.

use padron_domain::{
    Delivery, DeliveryAttempt, DeliveryId, DeliveryStatus, EventId, Timestamp, Webhook, WebhookId,
};
use padron_dto::WebhookMessage;
use schemars::JsonSchema;
use serde::Serialize;

/// The delivery of an event to a webhook.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Delivery")]
#[serde(rename_all = "camelCase")]
pub struct DeliveryResponse {
    /// Id of the delivery: the UUID of the event, a dot, and 0, or the number of the replay.
    #[schemars(with = "String")]
    id: DeliveryId,
    /// UUID of the webhook.
    #[schemars(with = "String", extend("format" = "uuid"))]
    webhook_id: WebhookId,
    /// Type of the event.
    event: String,
    /// UUID of the event.
    #[schemars(with = "String", extend("format" = "uuid"))]
    event_id: EventId,
    /// Status of the delivery: `pending` while an attempt is to come, `delivered`, `failed` after the last attempt, `cancelled` if the
    /// webhook was deactivated before.
    #[schemars(with = "String", extend("enum" = DeliveryStatus::ALL.map(DeliveryStatus::name)))]
    status: DeliveryStatus,
    /// Whether the receiver has taken the event: its status is 200 to 299.
    success: bool,
    /// Number of attempts.
    attempts: u32,
    /// Status of the last response; `null` if there was none.
    status_code: Option<u16>,
    /// Beginning of the last response, at most 1,024 bytes of text or JSON; `null` if there was none.
    response_body: Option<String>,
    /// Why the last attempt got no response, such as `timeout`; `null` if it got one.
    error: Option<String>,
    /// Duration of the last attempt in milliseconds; `null` if there was none.
    duration_ms: Option<u64>,
    /// When the last attempt was made; `null` if there was none.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    last_attempt_at: Option<Timestamp>,
    /// When the next attempt is due; `null` if there is none to come.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    next_attempt_at: Option<Timestamp>,
    /// When the delivery was created.
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
}

impl DeliveryResponse {
    /// Creates the response for a delivery of a webhook.
    pub(crate) fn new(delivery: Delivery, webhook: &Webhook) -> Self {
        let status = delivery.status(Some(webhook));
        let Delivery { id, event_type, attempts, recent, response_body, next_attempt_at, created_at, .. } =
            delivery;
        let last = recent.into_iter().next();
        Self {
            id,
            webhook_id: webhook.id,
            event: event_type,
            event_id: id.event,
            status,
            success: last.as_ref().is_some_and(DeliveryAttempt::is_success),
            attempts,
            status_code: last.as_ref().and_then(|last| last.status_code),
            response_body,
            duration_ms: last.as_ref().map(|last| last.duration_ms),
            last_attempt_at: last.as_ref().map(|last| last.at),
            error: last.and_then(|last| last.error),
            next_attempt_at: next_attempt_at.filter(|_| status == DeliveryStatus::Pending),
            created_at,
        }
    }
}

/// A delivery, with its last attempts and what is sent.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "DeliveryDetails")]
#[serde(rename_all = "camelCase")]
pub struct DeliveryDetails {
    /// The delivery.
    #[serde(flatten)]
    delivery: DeliveryResponse,
    /// The last attempts, at most ten, the latest one first.
    recent_attempts: Vec<AttemptResponse>,
    /// Body of the requests; `null` if the event no longer exists.
    payload: Option<WebhookMessage>,
}

/// An attempt to deliver an event.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "DeliveryAttempt")]
#[serde(rename_all = "camelCase")]
#[schemars(extend("examples" = [{ "attemptedAt": "2026-01-15T12:00:00.000Z", "statusCode": 200, "durationMs": 84, "error": null }]))]
struct AttemptResponse {
    /// When the request was sent.
    #[schemars(with = "String", extend("format" = "date-time"))]
    attempted_at: Timestamp,
    /// Status of the response; `null` if there was none.
    status_code: Option<u16>,
    /// Duration in milliseconds.
    duration_ms: u64,
    /// Why there was no response; `null` if there was one.
    error: Option<String>,
}

impl From<DeliveryAttempt> for AttemptResponse {
    fn from(attempt: DeliveryAttempt) -> Self {
        let DeliveryAttempt { at, status_code, duration_ms, error } = attempt;
        Self { attempted_at: at, status_code, duration_ms, error }
    }
}

impl DeliveryDetails {
    /// Creates the response for a delivery of a webhook, with what is sent.
    pub(crate) fn new(delivery: Delivery, webhook: &Webhook, payload: Option<WebhookMessage>) -> Self {
        let recent_attempts = delivery.recent.iter().cloned().map(AttemptResponse::from).collect();
        Self { delivery: DeliveryResponse::new(delivery, webhook), recent_attempts, payload }
    }
}
