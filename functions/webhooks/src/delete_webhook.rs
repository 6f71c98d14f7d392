//! The endpoint `DELETE /organizations/{organizationId}/webhooks/{webhookId}`, which deletes a webhook.

use padron_domain::{Error, EventData, Failure, Scope};
use padron_http::{Admin, Context, Endpoint, NoContent, NoInput, Route, WithWebhookRegistry, Written};
use padron_store::{Action, Store, StoredWebhook};

/// The endpoint that deletes a webhook.
#[derive(Debug)]
pub struct DeleteWebhook;

impl Endpoint for DeleteWebhook {
    const ROUTE: Route =
        Route::delete("delete-webhook", "/organizations/{organizationId}/webhooks/{webhookId}");
    const SUMMARY: &'static str = "Deletes a webhook";
    const SCOPE: Option<Scope> = Some(Scope::WriteWebhooks);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::PRECONDITION_FAILED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::DELETE_WEBHOOK];
    type Access = Admin<WithWebhookRegistry<StoredWebhook>>;
    type Input = NoInput;
    type Output = Written<NoContent>;

    async fn handle(
        cx: &Context<'_>,
        admin: Admin<WithWebhookRegistry<StoredWebhook>>,
        _: NoInput,
    ) -> Result<Self::Output, Error> {
        let (admin, WithWebhookRegistry { resource: stored, registry }) = admin.with_resource()?;
        let webhook = stored.webhook;
        cx.require_version(webhook.version)?;
        let mut registry = registry.next_version();
        registry.remove(webhook.id);
        let deleted = EventData::WebhookDeleted { webhook_id: webhook.id };
        let event = cx.event(admin.principal(), webhook.organization, deleted);
        let event = event.at_or_after(webhook.next_change(cx.now()));
        let transaction = cx.store().delete_webhook(&webhook, &registry, admin.authority(), &event)?;
        cx.commit(transaction, NoContent).await
    }
}
