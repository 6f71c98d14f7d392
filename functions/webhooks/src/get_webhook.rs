//! The endpoint `GET /organizations/{organizationId}/webhooks/{webhookId}`, which returns a webhook without its secret.

use padron_domain::{Error, Scope};
use padron_dto::WebhookResponse;
use padron_http::{Admin, Context, Endpoint, NoInput, Route, Versioned};
use padron_store::StoredWebhook;

use crate::response::show;

/// The endpoint that returns a webhook.
#[derive(Debug)]
pub struct GetWebhook;

impl Endpoint for GetWebhook {
    const ROUTE: Route = Route::get("get-webhook", "/organizations/{organizationId}/webhooks/{webhookId}");
    const SUMMARY: &'static str = "Returns a webhook of an organization";
    const SCOPE: Option<Scope> = Some(Scope::ReadWebhooks);
    const ACCEPTS_KEYS: bool = true;
    type Access = Admin<StoredWebhook>;
    type Input = NoInput;
    type Output = Versioned<WebhookResponse>;

    async fn handle(_: &Context<'_>, admin: Admin<StoredWebhook>, _: NoInput) -> Result<Self::Output, Error> {
        let (_, stored) = admin.with_resource()?;
        Ok(show(stored.webhook, &stored.health))
    }
}
