//! Webhooks in responses.

use padron_domain::{EventData, Webhook, WebhookHealth};
use padron_dto::WebhookResponse;
use padron_http::Versioned;
use schemars::JsonSchema;
use serde::Serialize;

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
pub(crate) fn show(webhook: Webhook, health: &WebhookHealth) -> Versioned<WebhookResponse> {
    Versioned { version: webhook.version, body: WebhookResponse::new(webhook, health) }
}

/// Returns the names and patterns that webhooks can have, for the API description.
pub(crate) fn event_names() -> Vec<String> {
    let kinds = EventData::TYPES.iter().filter_map(|name| Some(format!("{}.*", name.split_once('.')?.0)));
    let mut names: Vec<String> = std::iter::once("*".to_owned()).chain(kinds).collect();
    names.dedup();
    names.extend(EventData::TYPES.iter().map(|name| (*name).to_owned()));
    names
}
