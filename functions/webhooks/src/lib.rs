//! The endpoints of webhooks, and what they share.

use padron_http::Registration;

pub mod create_webhook;
pub mod delete_webhook;
mod fields;
pub mod get_webhook;
pub mod list_event_types;
pub mod list_webhooks;
mod message;
pub mod ping_webhook;
mod response;
pub mod rotate_webhook_secret;
mod signature;
mod target;
pub mod update_webhook;

/// The endpoints of this package.
pub const ENDPOINTS: &[Registration] = &[
    Registration::of::<create_webhook::CreateWebhook>(),
    Registration::of::<list_webhooks::ListWebhooks>(),
    Registration::of::<get_webhook::GetWebhook>(),
    Registration::of::<update_webhook::UpdateWebhook>(),
    Registration::of::<delete_webhook::DeleteWebhook>(),
    Registration::of::<rotate_webhook_secret::RotateWebhookSecret>(),
    Registration::of::<ping_webhook::PingWebhook>(),
    Registration::of::<list_event_types::ListEventTypes>(),
];
