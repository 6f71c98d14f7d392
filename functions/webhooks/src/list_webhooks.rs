//! The endpoint `GET /organizations/{organizationId}/webhooks`, which lists the webhooks of an organization without their secrets.

use padron_domain::{Error, Scope};
use padron_dto::WebhookResponse;
use padron_http::{Admin, Array, Context, Endpoint, NoInput, Route};
use padron_store::{Action, Store};

/// The endpoint that lists the webhooks of an organization.
#[derive(Debug)]
pub struct ListWebhooks;

impl Endpoint for ListWebhooks {
    const ROUTE: Route = Route::get("list-webhooks", "/organizations/{organizationId}/webhooks");
    const SUMMARY: &'static str =
        "Lists the webhooks of an organization, of which there are at most 20, oldest first";
    const SCOPE: Option<Scope> = Some(Scope::ReadWebhooks);
    const ACCEPTS_KEYS: bool = true;
    const ACTIONS: &'static [&'static [Action]] = &[Store::WEBHOOKS];
    type Access = Admin;
    type Input = NoInput;
    type Output = Array<WebhookResponse>;

    async fn handle(cx: &Context<'_>, admin: Admin, _: NoInput) -> Result<Self::Output, Error> {
        let webhooks = cx.store().webhooks(admin.organization().id).await?;
        Array::new(webhooks.into_iter().map(|stored| WebhookResponse::new(stored.webhook, &stored.health)))
    }
}
