//! The consumer `deliver-webhook`, which attempts one delivery for each message of the queue.

use std::time::Duration;

use padron_domain::{
    Actor, Delivery, DeliveryAttempt, DeliveryId, DeliveryStatus, DisabledReason, Error, Event, EventData,
    Failure, MAX_QUEUE_TIME, Timestamp, Webhook, WebhookHealth, WebhookId, pause_after,
};
use padron_http::{BackgroundContext, Consumed, Consumer, Source};
use padron_queue::{DeliveryMessage, DeliveryQueue, ReceivedMessage, received_messages};
use padron_store::{Action, Backoff, DeliveryContext, Store, StoredWebhook, TransactionError};
use serde::Serialize;
use tokio::time::Instant;

use crate::{
    attempt::{self, Outcome},
    message::Message,
    queue, schedule,
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

/// The outcome of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum MessageOutcome {
    /// The receiver has taken the event.
    Delivered,
    /// The attempt has failed.
    Failed,
    /// The attempt has failed, and the webhook was disabled.
    Disabled,
    /// The delivery is attempted later, in another group of messages.
    Deferred,
    /// The webhook no longer gets the delivery.
    Cancelled,
    /// The attempt was made, or is no longer wanted.
    Outdated,
    /// The message has waited too long. The next sweep sends another one.
    Expired,
    /// The message, the event or the secrets of the webhook cannot be read.
    Unreadable,
}

/// The code of an attempt that was not made because the event or the webhook cannot be read.
const UNREADABLE: &str = "unreadable";
/// The time that is kept in reserve for recording an attempt.
const RESERVE: Duration = Duration::from_secs(3);

impl Consumer for DeliverWebhook {
    const FUNCTION: &'static str = "deliver-webhook";
    const SOURCE: Source = Source::DeliveryQueue;
    const TIMEOUT: u32 = 20;
    const ACTIONS: &'static [&'static [Action]] = &[
        Store::DELIVERY_CONTEXT,
        Store::WRITE_DELIVERY,
        Store::RECORD_HEALTH,
        Store::DISABLE_WEBHOOK,
        DeliveryQueue::SEND,
    ];
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
        cx.report_unreadable(&received.id, &Error::internal("a message is not a message of this queue"));
        return Ok(MessageOutcome::Unreadable);
    };
    let has_expired = |sent_at: Timestamp| sent_at.plus(MAX_QUEUE_TIME) < cx.now;
    if received.sent_at.is_some_and(has_expired) {
        return Ok(MessageOutcome::Expired);
    }
    let DeliveryMessage { organization, webhook, delivery, version, group, .. } = *message;
    let DeliveryContext { delivery, webhook, event } =
        cx.store().delivery_context(organization, webhook, delivery).await?;
    let is_current =
        |delivery: &Delivery| delivery.version == version && delivery.status == DeliveryStatus::Pending;
    let Some(delivery) = delivery.filter(is_current) else { return Ok(MessageOutcome::Outdated) };
    let (webhook, event) = match (webhook.transpose(), event.transpose()) {
        (Ok(webhook), Ok(event)) => (webhook, event),
        (Err(error), _) | (_, Err(error)) => return give_up(cx, delivery, &error).await,
    };
    let status = delivery.status(webhook.as_ref().map(|stored| &stored.webhook));
    let (Some(webhook), Some(event), DeliveryStatus::Pending) = (webhook, event, status) else {
        cx.store().replace_delivery(&delivery.cancelled(), None).await?;
        return Ok(MessageOutcome::Cancelled);
    };
    let groups = webhook.webhook.max_requests(&webhook.health);
    let delivery = Delivery { concurrency: groups, ..delivery };
    if group >= groups {
        return defer(cx, &webhook, delivery).await;
    }
    match attempt(cx, &webhook, delivery.clone(), &event).await {
        // Another attempt would fail in the same way.
        Err(error) if error.failure() == Failure::INTERNAL => give_up(cx, delivery, &error).await,
        outcome => outcome,
    }
}

/// Ends a delivery whose event or webhook cannot be read. The event is in the table, so that it can be replayed after a repair.
async fn give_up(
    cx: &BackgroundContext<'_>,
    delivery: Delivery,
    error: &Error,
) -> Result<MessageOutcome, Error> {
    cx.report_unreadable(&delivery.id.event.to_string(), error);
    let attempt =
        DeliveryAttempt { at: cx.now, status_code: None, duration_ms: 0, error: Some(UNREADABLE.into()) };
    cx.store().replace_delivery(&delivery.after_attempt(attempt, None, None), None).await?;
    Ok(MessageOutcome::Unreadable)
}

/// Leaves a delivery to another group of messages, because the webhook may have fewer requests at once than this group stands for.
///
/// While the receiver fails, a first attempt is made a minute later, like the second one of the others.
async fn defer(
    cx: &BackgroundContext<'_>,
    webhook: &StoredWebhook,
    delivery: Delivery,
) -> Result<MessageOutcome, Error> {
    let is_first = webhook.health.is_failing() && delivery.attempts == 0;
    let pause = pause_after(1, None, fastrand::f64()).filter(|_| is_first).unwrap_or_default();
    let at = schedule::after(cx.environment(), cx.now, pause);
    let delivery = delivery.rescheduled(at);
    if is_first {
        cx.store().replace_delivery(&delivery, Some(at)).await?;
    } else if queue::replace_delivery(cx.store(), cx.environment(), &delivery).await? {
        queue::send(cx.environment(), &[DeliveryMessage::new(&delivery)], cx.end(Duration::ZERO)).await?;
    }
    Ok(MessageOutcome::Deferred)
}

/// Sends an event to a webhook, and records the outcome.
async fn attempt(
    cx: &BackgroundContext<'_>,
    webhook: &StoredWebhook,
    delivery: Delivery,
    event: &Event,
) -> Result<MessageOutcome, Error> {
    let environment = cx.environment();
    let message = Message::of(event)?;
    let number = delivery.attempts + 1;
    let time_limit = webhook.health.time_limit(delivery.failures);
    let deadline = cx.end(RESERVE);
    if Instant::now() >= deadline {
        return Err(Error::unavailable("the deadline came before the attempt"));
    }
    let time_limit = time_limit.min(deadline - Instant::now());
    let outcome = attempt::send(environment, webhook, message, number, cx.now, time_limit).await?;
    let now = cx.current_time();
    let is_slow = WebhookHealth::is_long(Duration::from_millis(outcome.attempt.duration_ms));
    if outcome.attempt.is_success() {
        record(cx, delivery, outcome, None).await?;
        if webhook.health.must_record_success(now, is_slow) {
            cx.store().record_success(&webhook.webhook, now, is_slow).await?;
        }
        return Ok(MessageOutcome::Delivered);
    }
    // The health comes first: if it cannot be recorded, the message is handed over again.
    let is_disabled = record_failure(cx, webhook, &outcome, is_slow, now).await?;
    let pause = if outcome.is_gone() {
        None
    } else {
        pause_after(delivery.failures + 1, outcome.retry_after, fastrand::f64())
    };
    let retry_at = pause.map(|pause| schedule::after(environment, now, pause));
    record(cx, delivery, outcome, retry_at).await?;
    Ok(if is_disabled { MessageOutcome::Disabled } else { MessageOutcome::Failed })
}

/// Records an attempt.
///
/// If a user has queued the delivery once more in the meantime, the attempt is added to its record, and the new attempt is still made.
async fn record(
    cx: &BackgroundContext<'_>,
    delivery: Delivery,
    outcome: Outcome,
    retry_at: Option<Timestamp>,
) -> Result<(), Error> {
    let Delivery { webhook, id, .. } = delivery;
    let Outcome { attempt, response_body, .. } = outcome;
    let after = delivery.after_attempt(attempt.clone(), response_body.clone(), retry_at);
    if cx.store().replace_delivery(&after, after.next_attempt_at).await? {
        return Ok(());
    }
    let changed = cx.store().delivery(webhook, id).await?;
    // The response to the first write may have been lost.
    let Some(changed) = changed.filter(|changed| !changed.recent.contains(&attempt)) else { return Ok(()) };
    let after = changed.with_attempt(attempt, response_body);
    cx.store().replace_delivery(&after, after.next_attempt_at).await?;
    Ok(())
}

/// Records that a request of a webhook has failed, and returns whether the webhook was disabled for that.
async fn record_failure(
    cx: &BackgroundContext<'_>,
    webhook: &StoredWebhook,
    outcome: &Outcome,
    is_slow: bool,
    now: Timestamp,
) -> Result<bool, Error> {
    let clock_factor = cx.environment().options().clock_factor;
    let mut health = webhook.health.clone();
    if health.must_record_failure(now, clock_factor) {
        cx.store().record_failure(&webhook.webhook, now, is_slow).await?;
        health = health.after_failure(now);
    }
    if outcome.is_gone() {
        disable(cx, &webhook.webhook, DisabledReason::Gone).await
    } else if health.must_disable(now, clock_factor) {
        disable(cx, &webhook.webhook, DisabledReason::Failing).await
    } else {
        Ok(false)
    }
}

/// Disables a webhook, and returns `false` if it has changed in the meantime, or if a request has succeeded.
async fn disable(
    cx: &BackgroundContext<'_>,
    webhook: &Webhook,
    reason: DisabledReason,
) -> Result<bool, Error> {
    let clock_factor = cx.environment().options().clock_factor;
    let mut backoff = Backoff::new();
    loop {
        let (stored, registry) = cx.store().webhook_with_registry(webhook.organization, webhook.id).await?;
        let now = cx.current_time();
        let is_unchanged = |stored: &StoredWebhook| {
            stored.webhook.version == webhook.version
                && (reason == DisabledReason::Gone || stored.health.must_disable(now, clock_factor))
        };
        let Some(stored) = stored.filter(is_unchanged) else { return Ok(false) };
        let disabled = stored.webhook.disabled(reason, now);
        let mut registry = registry.next_version();
        registry.update(&disabled);
        let data = EventData::WebhookDisabled { webhook_id: disabled.id, reason };
        let event =
            Event::new(disabled.organization, Actor::System, now, data).at_or_after(disabled.updated_at);
        let stored = stored.with_webhook(disabled);
        match cx.store().disable_webhook(&stored, &registry, &event)?.commit().await {
            Ok(()) => return Ok(true),
            // Another webhook may have changed.
            Err(TransactionError::Outdated) => {
                cx.store().pause(&mut backoff, "a webhook was being changed until the deadline").await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}
