//! The failures of requests about webhooks.

use crate::{Failure, FailureClass};

impl Failure {
    /// No webhook of the organization has this id.
    pub const WEBHOOK_NOT_FOUND: Self =
        Self::new(FailureClass::NotFound, "webhook_not_found", "Webhook not found");

    /// The organization has as many webhooks as it can have.
    pub const WEBHOOK_LIMIT_REACHED: Self = Self::new(
        FailureClass::Conflict,
        "webhook_limit_reached",
        "The organization has as many webhooks as it can have: 20",
    )
    .with_hint("Delete one that is not used any more, or send more events to one of them.");
}
