//! The endpoint `POST /organizations/{organizationId}/webhooks`, which creates a webhook.

use padron_domain::{
    Error, EventData, Failure, MAX_URL_LENGTH, Scope, Webhook, WebhookId, WebhookSecret, WebhookSettings,
};
use padron_dto::WebhookResponse;
use padron_http::{Admin, Context, Created, Endpoint, Json, Route, Versioned, WithWebhookRegistry, Written};
use padron_store::{Action, Store, StoredWebhook};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    fields::{EventsSchema, FieldsSchema},
    response::IssuedWebhook,
    signature, target,
};

/// The endpoint that creates a webhook.
#[derive(Debug)]
pub struct CreateWebhook;

/// A new webhook.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewWebhook {
    /// URL that events are sent to: https, with the name of a host whose addresses are all public, and the port 443 or 8443.
    #[schemars(extend("format" = "uri", "maxLength" = MAX_URL_LENGTH))]
    url: String,
    /// Names of event types, patterns such as `customer.*`, or `*`.
    #[schemars(with = "EventsSchema")]
    events: Vec<String>,
    /// Names of fields of which one must have changed, for events that name changed fields. None of them means all.
    #[schemars(with = "Option<FieldsSchema>")]
    fields: Option<Vec<String>>,
    /// What the webhook is for, at most 500 characters.
    #[schemars(extend("maxLength" = Webhook::MAX_DESCRIPTION_LENGTH))]
    description: Option<String>,
    /// Maximum number of requests at once, by default 4. With 1, the first attempts are in the order of the events.
    #[schemars(extend("minimum" = 1, "maximum" = Webhook::MAX_CONCURRENCY))]
    concurrency: Option<u8>,
    /// Whether events are sent, by default `true`.
    is_active: Option<bool>,
}

impl Endpoint for CreateWebhook {
    const ROUTE: Route = Route::post("create-webhook", "/organizations/{organizationId}/webhooks");
    const SUMMARY: &'static str =
        "Creates a webhook. Only this response contains its secret, which the client keeps";
    const SCOPE: Option<Scope> = Some(Scope::WriteWebhooks);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::WEBHOOK_LIMIT_REACHED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::CREATE_WEBHOOK];
    type Access = Admin<WithWebhookRegistry<()>>;
    type Input = Json<NewWebhook>;
    type Output = Written<Created<Versioned<IssuedWebhook>>>;

    async fn handle(
        cx: &Context<'_>,
        admin: Admin<WithWebhookRegistry<()>>,
        Json(new): Json<NewWebhook>,
    ) -> Result<Self::Output, Error> {
        let (admin, WithWebhookRegistry { registry, .. }) = admin.with_resource()?;
        let NewWebhook { url, events, fields, description, concurrency, is_active } = new;
        let settings = WebhookSettings {
            events: Some(&events),
            fields: fields.as_deref(),
            description: description.as_deref(),
            concurrency,
        };
        let mut violations = Vec::new();
        let filter = settings.check(&mut violations);
        let target =
            target::parse(cx.environment(), &url).map_err(|violation| violations.push(violation)).ok();
        if let (Some(target), true) = (&target, violations.is_empty()) {
            violations.extend(target::address_violation(cx.environment(), target).await?);
        }
        let (Some(events), Some(target), true) = (filter, target, violations.is_empty()) else {
            return Err(Error::from_violations(violations));
        };
        let organization = admin.organization().id;
        let material = signature::generate(1)?;
        let secret =
            WebhookSecret { generation: 1, public_key: signature::public_key(&material)?, ends_at: None };
        let webhook = Webhook {
            id: WebhookId::at(cx.now()),
            organization,
            version: 1,
            url: target.url().to_string(),
            events,
            fields: fields.unwrap_or_default(),
            description: description.filter(|text| !text.is_empty()),
            concurrency: concurrency.unwrap_or(Webhook::DEFAULT_CONCURRENCY),
            is_active: is_active.unwrap_or(true),
            disabled_reason: None,
            deactivated_at: None,
            created_at: cx.now(),
            updated_at: cx.now(),
            secrets: vec![secret],
        };
        let mut registry = registry.next_version();
        registry.add(&webhook)?;
        let created = EventData::WebhookCreated { webhook_id: webhook.id };
        let event = cx.event(admin.principal(), organization, created);
        let secret = signature::secret_text(&material);
        let stored = StoredWebhook::new(webhook.clone(), &[material], cx.secrets())?;
        let transaction = cx.store().create_webhook(&stored, &registry, admin.authority(), &event)?;
        let location = format!("/organizations/{organization}/webhooks/{}", webhook.id);
        let body = IssuedWebhook { webhook: WebhookResponse::new(webhook, &stored.health), secret };
        cx.commit(transaction, Created { location, versioned: Versioned { version: 1, body } }).await
    }
}
