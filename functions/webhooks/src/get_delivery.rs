//! The endpoint `GET /organizations/{organizationId}/webhooks/{webhookId}/deliveries/{deliveryId}`, which returns a delivery.

use padron_domain::{DeliveryId, Error, Failure, Scope};
use padron_http::{Admin, Body, Context, Endpoint, InPath, Route};
use padron_store::{Action, Store, StoredWebhook};

use crate::delivery_response::DeliveryDetails;

/// The endpoint that returns a delivery.
#[derive(Debug)]
pub struct GetDelivery;

impl Endpoint for GetDelivery {
    const ROUTE: Route = Route::get(
        "get-delivery",
        "/organizations/{organizationId}/webhooks/{webhookId}/deliveries/{deliveryId}",
    );
    const SUMMARY: &'static str = "Returns a delivery, with its last attempts and what is sent";
    const SCOPE: Option<Scope> = Some(Scope::ReadWebhooks);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::DELIVERY_NOT_FOUND]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::DELIVERY];
    type Access = Admin<StoredWebhook>;
    type Input = InPath<DeliveryId>;
    type Output = Body<DeliveryDetails>;

    async fn handle(
        cx: &Context<'_>,
        admin: Admin<StoredWebhook>,
        InPath(id): InPath<DeliveryId>,
    ) -> Result<Self::Output, Error> {
        let (_, StoredWebhook { webhook, .. }) = admin.with_resource()?;
        let (delivery, event) = cx.store().delivery_with_event(webhook.organization, webhook.id, id).await?;
        let delivery = delivery.ok_or(Failure::DELIVERY_NOT_FOUND)?;
        Ok(Body(DeliveryDetails::new(delivery, &webhook, event.as_ref().map(Into::into))))
    }
}
