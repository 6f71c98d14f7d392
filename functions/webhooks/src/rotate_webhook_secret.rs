//! The endpoint `POST /organizations/{organizationId}/webhooks/{webhookId}/secret`, which gives a webhook a new secret.
//!
//! Requests are signed with the old secret as well for a while, so that the receiver can change to the new one without a gap.

use std::time::Duration;

use padron_domain::{Error, EventData, Failure, Scope, WebhookSecret};
use padron_dto::WebhookResponse;
use padron_http::{Admin, Context, Endpoint, OptionalJson, Route, Versioned, Written};
use padron_store::{Action, Store, StoredWebhook};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{response::IssuedWebhook, signature};

/// The endpoint that gives a webhook a new secret.
#[derive(Debug)]
pub struct RotateWebhookSecret;

/// A rotation of a webhook's secret.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("examples" = [{ "overlapSeconds": 3600 }]))]
pub struct SecretRotation {
    /// For how many seconds requests are signed with the old secret as well: 0 to 604,800 (seven days). The default is a day.
    #[schemars(extend("minimum" = 0, "maximum" = MAX_OVERLAP.as_secs(), "default" = DEFAULT_OVERLAP.as_secs()))]
    overlap_seconds: Option<u64>,
}

/// The longest time for which requests are signed with two secrets.
const MAX_OVERLAP: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The time for which requests are signed with two secrets, if the caller does not say.
const DEFAULT_OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);
/// The maximum number of secrets that requests are signed with.
const MAX_SECRETS: usize = 2;

impl Endpoint for RotateWebhookSecret {
    const ROUTE: Route =
        Route::post("rotate-webhook-secret", "/organizations/{organizationId}/webhooks/{webhookId}/secret");
    const SUMMARY: &'static str = "Gives a webhook a new secret, which only this response contains";
    const SCOPE: Option<Scope> = Some(Scope::WriteWebhooks);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::PRECONDITION_FAILED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::UPDATE_WEBHOOK];
    type Access = Admin<StoredWebhook>;
    type Input = OptionalJson<SecretRotation>;
    type Output = Written<Versioned<IssuedWebhook>>;

    async fn handle(
        cx: &Context<'_>,
        admin: Admin<StoredWebhook>,
        OptionalJson(rotation): OptionalJson<SecretRotation>,
    ) -> Result<Self::Output, Error> {
        let overlap = rotation.overlap_seconds.map_or(DEFAULT_OVERLAP, Duration::from_secs);
        if overlap > MAX_OVERLAP {
            return Err(Error::invalid("/overlapSeconds", "out_of_range", "0 to 604,800 seconds."));
        }
        let (admin, stored) = admin.with_resource()?;
        let before = &stored.webhook;
        cx.require_version(before.version)?;
        let mut material = signature::material(cx.environment(), &stored)?;
        let generation = before.secrets.iter().map(|secret| secret.generation).max().unwrap_or(0) + 1;
        let new = signature::generate(generation)?;
        let latest = WebhookSecret { generation, public_key: signature::public_key(&new)?, ends_at: None };
        let end = cx.now().plus(overlap);
        let ending = before.live_secrets(cx.now()).map(|secret| WebhookSecret {
            ends_at: Some(secret.ends_at.map_or(end, |at| at.min(end))),
            ..secret.clone()
        });
        let ending = ending.filter(|secret| secret.ends_at.is_some_and(|at| cx.now() < at));
        let mut after = before.clone();
        after.secrets = std::iter::once(latest).chain(ending).take(MAX_SECRETS).collect();
        after.version += 1;
        after.updated_at = before.next_change(cx.now());
        let secret = signature::secret_text(&new);
        material.insert(0, new);
        material.retain(|one| after.secrets.iter().any(|secret| secret.generation == one.generation));
        let rotated = EventData::WebhookSecretRotated { webhook_id: after.id };
        let event = cx.event(admin.principal(), after.organization, rotated).at_or_after(after.updated_at);
        let health = stored.health.clone();
        let stored = StoredWebhook::new(after.clone(), &material, cx.secrets())?;
        let transaction = cx.store().rotate_webhook_secret(&stored, admin.authority(), &event)?;
        let version = after.version;
        let body = IssuedWebhook { webhook: WebhookResponse::new(after, &health), secret };
        cx.commit(transaction, Versioned { version, body }).await
    }
}
