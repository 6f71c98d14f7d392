//! The failures of requests about webhooks.

use crate::{Failure, FailureClass};

impl Failure {
    /// No webhook of the organization has this id.
    pub const WEBHOOK_NOT_FOUND: Self =
        Self::new(FailureClass::NotFound, "webhook_not_found", "Webhook not found");

    /// No delivery of the webhook has this id.
    pub const DELIVERY_NOT_FOUND: Self =
        Self::new(FailureClass::NotFound, "delivery_not_found", "Delivery not found")
            .with_hint("Deliveries are kept for 30 days.");

    /// The webhook gets nothing at present.
    pub const WEBHOOK_INACTIVE: Self =
        Self::new(FailureClass::Conflict, "webhook_inactive", "The webhook is not active")
            .with_hint("Activate it with `isActive`, then try again.");

    /// The organization has as many webhooks as it can have.
    pub const WEBHOOK_LIMIT_REACHED: Self = Self::new(
        FailureClass::Conflict,
        "webhook_limit_reached",
        "The organization has as many webhooks as it can have: 20",
    )
    .with_hint("Delete one that is not used any more, or send more events to one of them.");
}
