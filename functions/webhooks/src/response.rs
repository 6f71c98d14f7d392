//! Webhooks in responses.

use padron_domain::{DisabledReason, EventData, EventFilter, OrganizationId, Timestamp, Webhook, WebhookId};
use padron_http::Versioned;
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
    /// Public key of the signatures `v1a`: `whpk_` and 32 bytes of Ed25519 in base64.
    public_key: String,
    /// When the webhook was created.
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
    /// When the webhook was last changed.
    #[schemars(with = "String", extend("format" = "date-time"))]
    updated_at: Timestamp,
}

impl From<Webhook> for WebhookResponse {
    fn from(webhook: Webhook) -> Self {
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
            public_key: format!("whpk_{public_key}"),
            created_at,
            updated_at,
        }
    }
}

/// A webhook with its new secret.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "IssuedWebhook")]
#[serde(rename_all = "camelCase")]
pub struct IssuedWebhook {
    /// The webhook.
    #[serde(flatten)]
    pub(crate) webhook: WebhookResponse,
    /// Secret of the signatures `v1`: `whsec_` and 32 bytes in base64. No later request returns it; keep it in a safe place.
    pub(crate) secret: String,
}

/// Omits the secret.
impl std::fmt::Debug for IssuedWebhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedWebhook").field("webhook", &self.webhook).finish_non_exhaustive()
    }
}

/// Returns the response for a webhook, with its entity tag.
pub(crate) fn show(webhook: Webhook) -> Versioned<WebhookResponse> {
    Versioned { version: webhook.version, body: webhook.into() }
}

/// Returns the names and patterns that webhooks can have, for the API description.
pub(crate) fn event_names() -> Vec<String> {
    let kinds = EventData::TYPES.iter().filter_map(|name| Some(format!("{}.*", name.split_once('.')?.0)));
    let mut names: Vec<String> = std::iter::once("*".to_owned()).chain(kinds).collect();
    names.dedup();
    names.extend(EventData::TYPES.map(str::to_owned));
    names
}
