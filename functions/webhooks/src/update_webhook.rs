//! The endpoint `PUT /organizations/{organizationId}/webhooks/{webhookId}`, which changes the settings of a webhook.

use padron_domain::{
    Error, EventData, EventFilter, Failure, MAX_URL_LENGTH, Patch, Scope, Violation, Webhook, WebhookSettings,
};
use padron_dto::{WebhookResponse, read_back};
use padron_http::{
    Admin, Context, Endpoint, Json, ReadOnlyFields, Route, Versioned, WithWebhookRegistry, Written,
    to_sent_back_json,
};
use padron_store::{Action, Store, StoredWebhook};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    fields::{EventsSchema, FieldsSchema},
    response::show,
    target,
};

/// The endpoint that changes a webhook.
#[derive(Debug)]
pub struct UpdateWebhook;

/// Changes of a webhook. Fields that are left out keep their values. The other fields of a webhook are accepted with their current values, so
/// that a webhook can be read, changed and sent back.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(transform = read_back::<WebhookResponse>)]
#[serde(rename_all = "camelCase")]
pub struct WebhookUpdate {
    /// URL that events are sent to: https, with the name of a host whose addresses are all public, and the port 443 or 8443.
    #[serde(default)]
    #[schemars(with = "String", extend("format" = "uri", "maxLength" = MAX_URL_LENGTH))]
    url: Patch<String>,
    /// Names of event types, patterns such as `customer.*`, or `*`.
    #[serde(default)]
    #[schemars(with = "EventsSchema")]
    events: Patch<Vec<String>>,
    /// Names of fields of which one must have changed, for events that name changed fields. None of them, or `null`, means all.
    #[serde(default)]
    #[schemars(with = "Option<FieldsSchema>")]
    fields: Patch<Vec<String>>,
    /// What the webhook is for, at most 500 characters. `null` removes it.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("maxLength" = Webhook::MAX_DESCRIPTION_LENGTH))]
    description: Patch<String>,
    /// Maximum number of requests at once. With 1, the first attempts are in the order of the events.
    #[serde(default)]
    #[schemars(with = "u8", extend("minimum" = 1, "maximum" = Webhook::MAX_CONCURRENCY))]
    concurrency: Patch<u8>,
    /// Whether events are sent. `true` activates a webhook that Padrón has disabled, and resets its health.
    #[serde(default)]
    #[schemars(with = "bool")]
    is_active: Patch<bool>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl Endpoint for UpdateWebhook {
    const ROUTE: Route = Route::put("update-webhook", "/organizations/{organizationId}/webhooks/{webhookId}");
    const SUMMARY: &'static str = "Changes the settings of a webhook";
    const SCOPE: Option<Scope> = Some(Scope::WriteWebhooks);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::PRECONDITION_FAILED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::UPDATE_WEBHOOK];
    type Access = Admin<WithWebhookRegistry<StoredWebhook>>;
    type Input = Json<WebhookUpdate>;
    type Output = Written<Versioned<WebhookResponse>>;

    async fn handle(
        cx: &Context<'_>,
        admin: Admin<WithWebhookRegistry<StoredWebhook>>,
        Json(update): Json<WebhookUpdate>,
    ) -> Result<Self::Output, Error> {
        let mut violations = Vec::new();
        let events = update.check(&mut violations);
        let (admin, WithWebhookRegistry { resource: stored, registry }) = admin.with_resource()?;
        let before = stored.webhook.clone();
        let version_check = cx.require_version(before.version);
        let health = stored.health.clone();
        let current = to_sent_back_json(&WebhookResponse::new(before.clone(), &health))?;
        let read_only =
            ReadOnlyFields { sent: &update.others, pointer: "", current: &current, optional: &[] };
        violations.extend(read_only.violations(&version_check)?);
        let mut url = None;
        if let Some(text) = update.url.as_set().filter(|text| **text != before.url) {
            let target =
                target::parse(cx.environment(), text).map_err(|violation| violations.push(violation)).ok();
            if let (Some(target), true) = (target, violations.is_empty()) {
                violations.extend(target::address_violation(cx.environment(), &target).await?);
                url = Some(target.url().to_string());
            }
        }
        if !violations.is_empty() {
            return Err(Error::from_violations(violations));
        }
        version_check?;
        // Activating a webhook that is active resets its health: its receiver was repaired.
        let resets_health =
            matches!(update.is_active, Patch::Set(true)) && (!before.is_active || health.has_failures());
        let mut after = update.apply(&before, url, events);
        let mut fields = after.changed_fields(&before);
        if resets_health && after.is_active == before.is_active {
            fields.push("isActive".to_owned());
        }
        if fields.is_empty() {
            return cx.unchanged(show(before, &health)).await;
        }
        after.version += 1;
        after.updated_at = before.next_change(cx.now());
        if before.is_active && !after.is_active {
            after.deactivated_at = Some(after.updated_at);
        }
        let mut registry = registry.next_version();
        registry.update(&after);
        let updated = EventData::WebhookUpdated { webhook_id: after.id, fields };
        let event = cx.event(admin.principal(), after.organization, updated).at_or_after(after.updated_at);
        let health = if resets_health { health.reset() } else { health };
        let response = show(after.clone(), &health);
        let stored = stored.with_webhook(after);
        let transaction =
            cx.store().update_webhook(&stored, &registry, resets_health, admin.authority(), &event)?;
        cx.commit(transaction, response).await
    }
}

impl WebhookUpdate {
    /// Checks the new values, apart from the URL, and returns the filter of events if there is one.
    fn check(&self, violations: &mut Vec<Violation>) -> Option<EventFilter> {
        for (pointer, is_cleared) in [
            ("/url", matches!(self.url, Patch::Clear)),
            ("/events", matches!(self.events, Patch::Clear)),
            ("/concurrency", matches!(self.concurrency, Patch::Clear)),
            ("/isActive", matches!(self.is_active, Patch::Clear)),
        ] {
            if is_cleared {
                let detail = "A webhook has a URL, events, a concurrency, and is active or not.".into();
                violations.push(Violation { pointer: pointer.into(), code: "required", detail });
            }
        }
        let settings = WebhookSettings {
            events: self.events.as_set().map(Vec::as_slice),
            fields: self.fields.as_set().map(Vec::as_slice),
            description: self.description.as_set().map(String::as_str),
            concurrency: self.concurrency.as_set().copied(),
        };
        settings.check(violations)
    }

    /// Returns the webhook with the new values.
    fn apply(self, before: &Webhook, url: Option<String>, events: Option<EventFilter>) -> Webhook {
        let mut after = before.clone();
        after.url = url.unwrap_or(after.url);
        after.events = events.unwrap_or(after.events);
        match self.fields {
            Patch::Keep => {}
            Patch::Clear => after.fields = Vec::new(),
            Patch::Set(fields) => after.fields = fields,
        }
        self.description.apply(&mut after.description);
        after.description = after.description.filter(|text| !text.is_empty());
        after.concurrency = self.concurrency.set().unwrap_or(after.concurrency);
        after.is_active = self.is_active.set().unwrap_or(after.is_active);
        if after.is_active {
            after.disabled_reason = None;
        }
        after
    }
}
