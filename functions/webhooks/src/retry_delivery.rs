//! The endpoint `POST /organizations/{organizationId}/webhooks/{webhookId}/deliveries/{deliveryId}/retry`, which attempts a delivery once
//! more.

use padron_domain::{DeliveryId, Error, Failure, Scope};
use padron_http::{Accepted, Admin, Context, Endpoint, InPath, Route};
use padron_queue::{DeliveryMessage, DeliveryQueue};
use padron_store::{Action, Store, StoredWebhook};

use crate::{delivery_response::DeliveryResponse, queue};

/// The endpoint that attempts a delivery once more.
#[derive(Debug)]
pub struct RetryDelivery;

impl Endpoint for RetryDelivery {
    const ROUTE: Route = Route::post(
        "retry-delivery",
        "/organizations/{organizationId}/webhooks/{webhookId}/deliveries/{deliveryId}/retry",
    );
    const SUMMARY: &'static str = "Attempts a delivery once more now, whatever its status";
    const SCOPE: Option<Scope> = Some(Scope::WriteWebhooks);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] =
        &[&[Failure::DELIVERY_NOT_FOUND, Failure::WEBHOOK_INACTIVE, Failure::CONCURRENT_CHANGE]];
    const ACTIONS: &'static [&'static [Action]] =
        &[Store::DELIVERY, Store::WRITE_DELIVERY, DeliveryQueue::SEND];
    type Access = Admin<StoredWebhook>;
    type Input = InPath<DeliveryId>;
    type Output = Accepted<DeliveryResponse>;

    async fn handle(
        cx: &Context<'_>,
        admin: Admin<StoredWebhook>,
        InPath(id): InPath<DeliveryId>,
    ) -> Result<Self::Output, Error> {
        let (_, StoredWebhook { webhook, health, .. }) = admin.with_resource()?;
        let delivery = cx.store().delivery(webhook.id, id).await?.ok_or(Failure::DELIVERY_NOT_FOUND)?;
        if !webhook.is_active {
            return Err(Failure::WEBHOOK_INACTIVE.into());
        }
        let delivery = delivery.retried(&webhook, &health, cx.now());
        if !queue::replace_delivery(cx.store(), cx.environment(), &delivery).await? {
            return Err(Failure::CONCURRENT_CHANGE.into());
        }
        queue::send(cx.environment(), &[DeliveryMessage::new(&delivery)], cx.deadline()).await?;
        Ok(Accepted(DeliveryResponse::new(delivery, &webhook)))
    }
}
