//! Webhooks in responses.

use padron_domain::{
    DisabledReason, EventFilter, OrganizationId, Timestamp, Webhook, WebhookHealth, WebhookId,
};
use schemars::JsonSchema;
use serde::Serialize;

/// A webhook, without its secret.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Webhook")]
#[serde(rename_all = "camelCase")]
pub struct WebhookResponse {
    /// UUID of the webhook.
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: WebhookId,
    /// UUID of the organization.
    #[schemars(with = "String", extend("format" = "uuid"))]
    organization_id: OrganizationId,
    /// URL that events are sent to.
    #[schemars(extend("format" = "uri"))]
    url: String,
    /// Names of event types, patterns such as `customer.*`, or `*`.
    #[schemars(with = "Vec<String>")]
    events: EventFilter,
    /// Names of fields of which one must have changed, for events that name changed fields. None of them means all.
    fields: Vec<String>,
    /// Description of the webhook; `null` if there is none.
    description: Option<String>,
    /// Maximum number of requests at once.
    concurrency: u8,
    /// Whether events are sent.
    is_active: bool,
    /// Why Padrón has stopped sending events: `failing` or `gone`; `null` if it has not.
    #[schemars(extend("enum" = [DisabledReason::Failing, DisabledReason::Gone, null]), with = "Option<String>")]
    disabled_reason: Option<DisabledReason>,
    /// Whether the receiver takes what it is sent.
    health: HealthResponse,
    /// Public key of the signatures `v1a`: `whpk_` and 32 bytes of Ed25519 in base64.
    public_key: String,
    /// When the webhook was created.
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
    /// When the webhook was last changed.
    #[schemars(with = "String", extend("format" = "date-time"))]
    updated_at: Timestamp,
}

/// The outcomes of the last requests of a webhook.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "WebhookHealth")]
#[serde(rename_all = "camelCase")]
pub struct HealthResponse {
    /// When the first request failed after the last success; `null` if the last one has succeeded.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    failing_since: Option<Timestamp>,
    /// Number of failed requests since the last success. From the tenth on, at most one a minute is counted.
    consecutive_failures: u64,
    /// When a request last succeeded, to the hour; `null` if none has.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    last_success_at: Option<Timestamp>,
}

impl From<&WebhookHealth> for HealthResponse {
    fn from(health: &WebhookHealth) -> Self {
        let WebhookHealth { failing_since, consecutive_failures, succeeded_at, .. } = *health;
        Self { failing_since, consecutive_failures, last_success_at: succeeded_at }
    }
}

impl WebhookResponse {
    /// Creates the response for a webhook.
    pub fn new(webhook: Webhook, health: &WebhookHealth) -> Self {
        let Webhook {
            id,
            organization,
            version: _,
            url,
            events,
            fields,
            description,
            concurrency,
            is_active,
            disabled_reason,
            deactivated_at: _,
            created_at,
            updated_at,
            secrets,
        } = webhook;
        let public_key = secrets.first().map_or("", |latest| &latest.public_key);
        Self {
            id,
            organization_id: organization,
            url,
            events,
            fields,
            description,
            concurrency,
            is_active,
            disabled_reason,
            health: health.into(),
            public_key: format!("whpk_{public_key}"),
            created_at,
            updated_at,
        }
    }
}
