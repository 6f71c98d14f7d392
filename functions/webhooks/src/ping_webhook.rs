//! The endpoint `POST /organizations/{organizationId}/webhooks/{webhookId}/ping`, which sends a signed message to a webhook at once.

use std::time::Duration;

use padron_domain::{Error, EventId, Failure, RateLimit, Scope};
use padron_http::{Admin, Body, Context, Endpoint, NoInput, Route};
use padron_outbound::{Failure as SendFailure, Response, Target};
use padron_store::{Action, RateSubject, Store, StoredWebhook, WebhookSecretMaterial};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use tokio::time::{Instant, timeout};

use crate::{message::Message, signature, target};

/// The endpoint that tries a webhook.
#[derive(Debug)]
pub struct PingWebhook;

/// The messages that a webhook gets to be tried.
const LIMIT: RateLimit = RateLimit { limit: 10, period: 60 };
/// The time in which the receiver must answer. It is within the time of the request.
const TIME_LIMIT: Duration = Duration::from_secs(8);
/// The maximum length of the body that is shown, in bytes.
const MAX_SHOWN: usize = 1024;

/// What became of a message.
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
    error: Option<&'static str>,
}

impl Endpoint for PingWebhook {
    const ROUTE: Route =
        Route::post("ping-webhook", "/organizations/{organizationId}/webhooks/{webhookId}/ping");
    const SUMMARY: &'static str =
        "Sends a signed message to a webhook, active or not, and returns what became of it";
    const SCOPE: Option<Scope> = Some(Scope::WriteWebhooks);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::RATE_LIMITED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::USE_API_KEY];
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
        let id = EventId::at(cx.now());
        let body = json!({
            "type": "webhook.ping",
            "timestamp": cx.now(),
            "data": { "webhookId": webhook.id },
            "id": id,
            "organizationId": webhook.organization,
            "actor": admin.principal().actor(),
        });
        let request =
            Message { id, body: body.to_string() }.request(&live_material(cx, &stored)?, 1, cx.now())?;
        let began_at = Instant::now();
        // What a URL may be can have become stricter since it was stored.
        let sent = match target::parse(cx, &webhook.url) {
            Ok(target) => send(cx, &target, request).await?,
            Err(_) => Err(SendFailure::NotPublic),
        };
        let duration_ms = u64::try_from(began_at.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(Body(match sent {
            Ok(response) => PingResult {
                success: (200..300).contains(&response.status),
                status_code: Some(response.status),
                duration_ms,
                response_body: shown(&response),
                error: None,
            },
            Err(failure) => PingResult {
                success: false,
                status_code: None,
                duration_ms,
                response_body: None,
                error: Some(failure.name()),
            },
        }))
    }
}

async fn send(
    cx: &Context<'_>,
    target: &Target,
    request: padron_outbound::Request,
) -> Result<Result<Response, SendFailure>, Error> {
    let sent = timeout(TIME_LIMIT, target::client(cx)?.send(target, request)).await;
    Ok(sent.unwrap_or(Err(SendFailure::Timeout)))
}

/// Returns the secrets that requests are signed with now.
fn live_material(cx: &Context<'_>, stored: &StoredWebhook) -> Result<Vec<WebhookSecretMaterial>, Error> {
    let mut material = signature::material(cx, stored)?;
    material.retain(|one| {
        stored.webhook.live_secrets(cx.now()).any(|secret| secret.generation == one.generation)
    });
    Ok(material)
}

/// Returns the beginning of a response's body if it is text or JSON.
fn shown(response: &Response) -> Option<String> {
    let media_type = response.headers.get("content-type")?.to_str().ok()?;
    let media_type = media_type.split(';').next()?.trim().to_ascii_lowercase();
    let is_text =
        media_type.starts_with("text/") || media_type == "application/json" || media_type.ends_with("+json");
    let beginning = &response.body[..response.body.len().min(MAX_SHOWN)];
    is_text.then(|| String::from_utf8_lossy(beginning).into_owned())
}
