//! The endpoints of webhooks, and what they share.

use padron_http::{BackgroundRegistration, Registration};

mod attempt;
pub mod create_webhook;
pub mod delete_webhook;
pub mod deliver_webhook;
mod delivery_response;
pub mod fan_out_events;
mod fields;
pub mod get_delivery;
pub mod get_webhook;
pub mod list_deliveries;
pub mod list_event_types;
pub mod list_webhooks;
mod message;
pub mod ping_webhook;
pub mod publish_events;
mod queue;
pub mod replay_events;
mod response;
pub mod retry_delivery;
pub mod rotate_webhook_secret;
mod schedule;
mod signature;
pub mod sweep_deliveries;
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
    Registration::of::<list_deliveries::ListDeliveries>(),
    Registration::of::<get_delivery::GetDelivery>(),
    Registration::of::<retry_delivery::RetryDelivery>(),
    Registration::of::<replay_events::ReplayEvents>(),
    Registration::of::<list_event_types::ListEventTypes>(),
];

/// The background functions of this package.
pub const BACKGROUND: &[BackgroundRegistration] = &[
    BackgroundRegistration::of_consumer::<fan_out_events::FanOutEvents>(),
    BackgroundRegistration::of_consumer::<deliver_webhook::DeliverWebhook>(),
    BackgroundRegistration::of_consumer::<publish_events::PublishEvents>(),
    BackgroundRegistration::of_job::<sweep_deliveries::SweepDeliveries>(),
];
