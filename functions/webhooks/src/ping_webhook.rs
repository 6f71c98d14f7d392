//! The endpoint `POST /organizations/{organizationId}/webhooks/{webhookId}/ping`, which sends a signed message to a webhook at once.

use std::time::Duration;

use padron_domain::{Error, EventId, Failure, RateLimit, Scope};
use padron_dto::WebhookMessage;
use padron_http::{Admin, Body, Context, Endpoint, NoInput, Route};
use padron_outbound::Failure as SendFailure;
use padron_store::{Action, RateSubject, Store, StoredWebhook};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::{
    attempt::{self, Outcome},
    message::Message,
};

/// The endpoint that tries a webhook.
#[derive(Debug)]
pub struct PingWebhook;

/// The messages that a webhook gets to be tried.
const LIMIT: RateLimit = RateLimit { limit: 10, period: 60 };
/// The time in which the receiver must answer. It is within the time of the request.
const TIME_LIMIT: Duration = Duration::from_secs(8);

/// The outcome of a message.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PingResult")]
#[serde(rename_all = "camelCase")]
pub struct PingResult {
    /// Whether the receiver has answered with a status from 200 to 299.
    success: bool,
    /// Status of the receiver's response; `null` if there was none.
    status_code: Option<u16>,
    /// Duration in milliseconds.
    duration_ms: u64,
    /// Beginning of the receiver's response, at most 1,024 bytes of text or JSON; `null` if there was none.
    response_body: Option<String>,
    /// Why there was no response; `null` if there was one.
    #[schemars(
        with = "Option<String>",
        extend("enum" = SendFailure::ALL.map(SendFailure::name).into_iter().map(Some).chain([None]).collect::<Vec<_>>()),
    )]
    error: Option<String>,
}

impl Endpoint for PingWebhook {
    const ROUTE: Route =
        Route::post("ping-webhook", "/organizations/{organizationId}/webhooks/{webhookId}/ping");
    const SUMMARY: &'static str =
        "Sends a signed message to a webhook, active or not, and returns the outcome";
    const SCOPE: Option<Scope> = Some(Scope::WriteWebhooks);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::RATE_LIMITED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::TAKE_REQUESTS];
    type Access = Admin<StoredWebhook>;
    type Input = NoInput;
    type Output = Body<PingResult>;

    async fn handle(
        cx: &Context<'_>,
        admin: Admin<StoredWebhook>,
        _: NoInput,
    ) -> Result<Self::Output, Error> {
        let (admin, stored) = admin.with_resource()?;
        let webhook = &stored.webhook;
        cx.count_other_request(&RateSubject::webhook_ping(webhook.id), LIMIT).await?;
        let message = Message::new(&WebhookMessage {
            r#type: "webhook.ping",
            timestamp: cx.now(),
            data: json!({ "webhookId": webhook.id }),
            id: EventId::at(cx.now()),
            organization_id: webhook.organization,
            actor: admin.principal().actor(),
            via: admin.principal().via(),
        })?;
        let Outcome { attempt, response_body, .. } =
            attempt::send(cx.environment(), &stored, message, 1, cx.now(), TIME_LIMIT).await?;
        Ok(Body(PingResult {
            success: attempt.is_success(),
            status_code: attempt.status_code,
            duration_ms: attempt.duration_ms,
            response_body,
            error: attempt.error,
        }))
    }
}
