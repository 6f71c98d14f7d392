//! The consumer `deliver-webhook`, which attempts one delivery for each message of the queue.

use std::time::Duration;

use padron_domain::{
    Actor, Delivery, DeliveryAttempt, DeliveryId, DeliveryStatus, DisabledReason, Error, Event, EventData,
    WebhookHealth, WebhookId, pause_after,
};
use padron_http::{BackgroundContext, Consumed, Consumer, Source};
use padron_queue::{DeliveryMessage, ReceivedMessage, received_messages};
use padron_store::{Action, Backoff, DeliveryWork, Store, StoredWebhook, TransactionError};
use serde::Serialize;

use crate::{
    attempt::{self, Outcome},
    message::Message,
    queue,
};

/// The consumer that attempts deliveries.
#[derive(Debug)]
pub struct DeliverWebhook;

/// The result of one batch.
#[derive(Debug, Default, Serialize)]
pub struct DeliverReport {
    /// The messages that were handled.
    handled: Vec<HandledMessage>,
    /// Why messages are handed over again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failures: Vec<String>,
}

/// A message that was handled.
#[derive(Debug, Serialize)]
struct HandledMessage {
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook: Option<WebhookId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<DeliveryId>,
    outcome: MessageOutcome,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum MessageOutcome {
    /// The receiver has taken the event.
    Delivered,
    /// The attempt has failed.
    Failed,
    /// The attempt has failed, and the webhook was disabled.
    Disabled,
    /// The delivery is attempted later, because its receiver fails.
    Deferred,
    /// The webhook no longer gets the delivery.
    Cancelled,
    /// The attempt was made, or is no longer wanted.
    Outdated,
    /// The message has waited too long. The next sweep sends another one.
    Late,
    /// The message or the event cannot be read.
    Unreadable,
}

/// The time in which a receiver must answer.
const TIME_LIMIT: Duration = Duration::from_secs(15);
/// The time in which a receiver must answer whose last requests have failed.
const SHORT_TIME_LIMIT: Duration = Duration::from_secs(5);
/// The time that a message may wait in the queue.
///
/// The deliveries of a slow receiver thus wait in the table and not in the queue, where the messages of others would wait behind them.
const MAX_QUEUE_TIME: Duration = Duration::from_secs(5 * 60);
/// The code of an attempt that was not made because the event cannot be read.
const UNREADABLE_EVENT: &str = "unreadable_event";

impl Consumer for DeliverWebhook {
    const FUNCTION: &'static str = "deliver-webhook";
    const SOURCE: Source = Source::DeliveryQueue;
    const TIMEOUT: u32 = 20;
    const ACTIONS: &'static [&'static [Action]] =
        &[Store::DELIVERY_WORK, Store::WRITE_DELIVERY, Store::RECORD_HEALTH, Store::DISABLE_WEBHOOK];
    type Report = DeliverReport;

    async fn consume(cx: &BackgroundContext<'_>, payload: &str) -> Result<Consumed<DeliverReport>, Error> {
        let mut report = DeliverReport::default();
        let mut failed = Vec::new();
        for received in received_messages(payload)? {
            match deliver(cx, &received).await {
                Ok(outcome) => {
                    let message = received.message.as_ref();
                    let webhook = message.map(|message| message.webhook);
                    let delivery = message.map(|message| message.delivery);
                    report.handled.push(HandledMessage { webhook, delivery, outcome });
                }
                Err(error) => {
                    report.failures.push(error.cause().unwrap_or_default().to_owned());
                    failed.push(received.id);
                }
            }
        }
        Ok(Consumed { report, failed })
    }
}

/// Attempts the delivery of a message.
async fn deliver(cx: &BackgroundContext<'_>, received: &ReceivedMessage) -> Result<MessageOutcome, Error> {
    let Some(message) = &received.message else {
        cx.report_unreadable(&received.id, &Error::internal("a message is none of this queue's"));
        return Ok(MessageOutcome::Unreadable);
    };
    let environment = cx.environment();
    let is_late = |sent_at| queue::after(environment, sent_at, MAX_QUEUE_TIME) < cx.now;
    if received.sent_at.is_some_and(is_late) {
        return Ok(MessageOutcome::Late);
    }
    let DeliveryMessage { organization, webhook, delivery, version, .. } = *message;
    let DeliveryWork { delivery, webhook, event } =
        cx.store().delivery_work(organization, webhook, delivery).await?;
    let Some(delivery) =
        delivery.filter(|delivery| delivery.version == version && delivery.status == DeliveryStatus::Pending)
    else {
        return Ok(MessageOutcome::Outdated);
    };
    let (Some(webhook), Some(event), DeliveryStatus::Pending) =
        (&webhook, event, delivery.status(webhook.as_ref().map(|stored| &stored.webhook)))
    else {
        cx.store().replace_delivery(&delivery.cancelled(), None).await?;
        return Ok(MessageOutcome::Cancelled);
    };
    let event = match event {
        Ok(event) => event,
        Err(error) => return give_up(cx, delivery, &error).await,
    };
    let is_failing = webhook.health.is_failing();
    let groups = if is_failing { 1 } else { webhook.webhook.concurrency };
    let delivery = Delivery { concurrency: groups, ..delivery };
    if is_failing && message.group != delivery.group() {
        return defer(cx, delivery).await;
    }
    attempt(cx, webhook, delivery, &event).await
}

/// Ends the delivery of an event that cannot be read. It is in the table, so that it can be replayed once that is mended.
async fn give_up(
    cx: &BackgroundContext<'_>,
    delivery: Delivery,
    error: &Error,
) -> Result<MessageOutcome, Error> {
    cx.report_unreadable(&delivery.id.event.to_string(), error);
    let attempt = DeliveryAttempt {
        at: cx.now,
        status_code: None,
        duration_ms: 0,
        error: Some(UNREADABLE_EVENT.into()),
    };
    cx.store().replace_delivery(&delivery.after_attempt(attempt, None, None), None).await?;
    Ok(MessageOutcome::Unreadable)
}

/// Leaves the first attempt of a delivery to the schedule, because its receiver fails: it then gets one request at a time.
async fn defer(cx: &BackgroundContext<'_>, delivery: Delivery) -> Result<MessageOutcome, Error> {
    let pause = pause_after(delivery.failures + 1, None, random()).unwrap_or_default();
    let at = queue::after(cx.environment(), cx.now, pause);
    cx.store().replace_delivery(&delivery.rescheduled(at), Some(at)).await?;
    Ok(MessageOutcome::Deferred)
}

/// Sends an event to a webhook, and records what became of it.
async fn attempt(
    cx: &BackgroundContext<'_>,
    webhook: &StoredWebhook,
    delivery: Delivery,
    event: &Event,
) -> Result<MessageOutcome, Error> {
    let environment = cx.environment();
    let time_limit = if webhook.health.is_failing() { SHORT_TIME_LIMIT } else { TIME_LIMIT };
    let message = Message::of(event)?;
    let number = delivery.attempts + 1;
    let Outcome { attempt, response_body, retry_after } =
        attempt::send(environment, webhook, message, number, cx.now, time_limit).await?;
    let now = cx.current_time();
    let is_success = attempt.is_success();
    let is_gone = attempt.status_code == Some(410);
    let pause = if is_gone { None } else { pause_after(delivery.failures + 1, retry_after, random()) };
    let retry_at = pause.map(|pause| queue::after(environment, now, pause));
    let after = delivery.after_attempt(attempt, response_body, retry_at);
    // If another attempt was recorded in the meantime, this one has been made all the same.
    cx.store().replace_delivery(&after, after.next_attempt_at).await?;
    if is_success {
        if webhook.health.must_record_success(now) {
            cx.store().record_success(&webhook.webhook, now).await?;
        }
        return Ok(MessageOutcome::Delivered);
    }
    let speed = environment.options().clock_factor;
    let mut health = webhook.health.clone();
    if health.must_record_failure(now, speed) {
        cx.store().record_failure(&webhook.webhook, now).await?;
        health = health.after_failure(now);
    }
    match reason_to_disable(&health, is_gone, cx) {
        Some(reason) => disable(cx, webhook, reason).await,
        None => Ok(MessageOutcome::Failed),
    }
}

/// Returns why a webhook must be disabled after a failure; `None` if it need not be.
fn reason_to_disable(
    health: &WebhookHealth,
    is_gone: bool,
    cx: &BackgroundContext<'_>,
) -> Option<DisabledReason> {
    let speed = cx.environment().options().clock_factor;
    if is_gone {
        return Some(DisabledReason::Gone);
    }
    health.must_disable(cx.current_time(), speed).then_some(DisabledReason::Failing)
}

/// Disables a webhook, unless it has changed in a way that makes that unwanted: it was deactivated, deleted, or has another URL.
async fn disable(
    cx: &BackgroundContext<'_>,
    failed: &StoredWebhook,
    reason: DisabledReason,
) -> Result<MessageOutcome, Error> {
    let failed = &failed.webhook;
    let mut backoff = Backoff::new();
    loop {
        let (stored, registry) = cx.store().webhook_with_registry(failed.organization, failed.id).await?;
        let Some(stored) =
            stored.filter(|stored| stored.webhook.is_active && stored.webhook.url == failed.url)
        else {
            return Ok(MessageOutcome::Failed);
        };
        let now = cx.current_time();
        let webhook = stored.webhook.disabled(reason, now);
        let mut registry = registry.next_version();
        registry.update(&webhook);
        let data = EventData::WebhookDisabled { webhook_id: webhook.id, reason };
        let event =
            Event::new(webhook.organization, Actor::System, now, data).at_or_after(webhook.updated_at);
        let stored = stored.with_webhook(webhook);
        match cx.store().disable_webhook(&stored, &registry, &event)?.commit().await {
            Ok(()) => return Ok(MessageOutcome::Disabled),
            Err(TransactionError::Outdated) => {
                cx.store().wait(&mut backoff, "a webhook was being changed until the deadline").await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Returns a random number from 0 (inclusive) to 1 (exclusive).
fn random() -> f64 {
    fastrand::f64()
}
