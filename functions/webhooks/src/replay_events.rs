//! The endpoint `POST /organizations/{organizationId}/webhooks/{webhookId}/replay`, which sends events of the audit trail again.

use futures_util::{StreamExt, TryStreamExt, stream};
use padron_domain::{
    Delivery, DeliveryId, DeliveryStatus, Error, Event, EventFilter, EventId, Failure, InstantProblem,
    RateLimit, Scope, Timestamp, Violation, Webhook, WebhookRegistryEntry, WebhookSettings, trim,
};
use padron_http::{Accepted, Admin, Context, Endpoint, Json, Route};
use padron_queue::{DeliveryMessage, DeliveryQueue};
use padron_store::{Action, DeliveryRange, EventRange, Page, RateSubject, Store, StoredWebhook};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{fields::EventsSchema, queue};

/// The endpoint that sends events again.
#[derive(Debug)]
pub struct ReplayEvents;

/// The events to send again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Replay {
    /// Time since which the events happened.
    #[schemars(extend("format" = "date-time"))]
    from: String,
    /// Time until which the events happened, which is included.
    #[schemars(extend("format" = "date-time"))]
    to: String,
    /// Names of event types, patterns such as `customer.*`, or `*`: those of the webhook that match one of them. By default all.
    #[schemars(with = "Option<EventsSchema>")]
    events: Option<Vec<String>>,
    /// Whether only events are sent again that the receiver has not taken, of the last 30 days. By default `false`.
    only_failed: Option<bool>,
    /// Cursor of the next events, which is the `next` of the response before.
    #[schemars(extend("minLength" = 1, "pattern" = "^[A-Za-z0-9_-]+$"))]
    cursor: Option<String>,
}

/// What was queued.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ReplayResult")]
pub struct ReplayResult {
    /// Number of events that are sent again.
    queued: usize,
    /// Cursor for the next events; `null` if there are no more.
    next: Option<String>,
}

/// The maximum number of events that one request sends again.
const MAX_EVENTS: usize = 500;
/// The requests that a webhook may have: 5,000 events a minute.
const LIMIT: RateLimit = RateLimit { limit: 10, period: 60 };
/// The number of deliveries that are written at once.
const CONCURRENCY: usize = 16;

impl Endpoint for ReplayEvents {
    const ROUTE: Route =
        Route::post("replay-events", "/organizations/{organizationId}/webhooks/{webhookId}/replay");
    const SUMMARY: &'static str =
        "Sends events of a time to a webhook again, oldest first, at most 500 of them";
    const SCOPE: Option<Scope> = Some(Scope::WriteWebhooks);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::WEBHOOK_INACTIVE, Failure::RATE_LIMITED]];
    const ACTIONS: &'static [&'static [Action]] = &[
        Store::TAKE_REQUESTS,
        Store::EVENTS,
        Store::DELIVERIES,
        Store::EVENTS_BY_ID,
        Store::WRITE_DELIVERY,
        DeliveryQueue::SEND,
    ];
    type Access = Admin<StoredWebhook>;
    type Input = Json<Replay>;
    type Output = Accepted<ReplayResult>;

    async fn handle(
        cx: &Context<'_>,
        admin: Admin<StoredWebhook>,
        Json(replay): Json<Replay>,
    ) -> Result<Self::Output, Error> {
        let (_, StoredWebhook { webhook, health, .. }) = admin.with_resource()?;
        let selection = Selection::new(cx, &webhook, replay)?;
        if !webhook.is_active {
            return Err(Failure::WEBHOOK_INACTIVE.into());
        }
        cx.count_other_request(&RateSubject::webhook_replay(webhook.id), LIMIT).await?;
        let (events, next) = selection.page(cx, &webhook).await?;
        // The number of a replay is its second, which no earlier one had. Two requests within a second have one effect.
        let number = u32::try_from(cx.now().seconds()).unwrap_or(u32::MAX);
        let deliveries: Vec<Delivery> = (events.iter())
            .map(|event| Delivery::new(event, number, webhook.id, webhook.max_requests(&health), cx.now()))
            .collect();
        let created: Vec<_> = (deliveries.iter())
            .map(|delivery| queue::create_delivery(cx.store(), cx.environment(), delivery))
            .collect();
        let created: Vec<bool> = stream::iter(created).buffered(CONCURRENCY).try_collect().await?;
        let messages: Vec<DeliveryMessage> = deliveries.iter().map(DeliveryMessage::new).collect();
        queue::send(cx.environment(), &messages, cx.deadline()).await?;
        let next = next.map(|last| selection.cursor(cx, &webhook, last)).transpose()?;
        Ok(Accepted(ReplayResult { queued: created.into_iter().filter(|is_new| *is_new).count(), next }))
    }
}

/// The events that a request selects, checked.
struct Selection {
    from: Timestamp,
    to: Timestamp,
    events: Option<EventFilter>,
    only_failed: bool,
    after: Option<EventId>,
}

impl Selection {
    fn new(cx: &Context<'_>, webhook: &Webhook, replay: Replay) -> Result<Self, Error> {
        let Replay { from, to, events, only_failed, cursor } = replay;
        let mut violations = Vec::new();
        let mut instant = |pointer: &str, text: &str, read: fn(&str) -> Result<Timestamp, _>| {
            read(trim(text)).unwrap_or_else(|problem: InstantProblem| {
                violations.push(Violation {
                    pointer: pointer.into(),
                    code: "invalid_value",
                    detail: problem.detail().into(),
                });
                Timestamp::EARLIEST
            })
        };
        let from = instant("/from", &from, Timestamp::parse_rounding_up);
        let to = instant("/to", &to, Timestamp::parse);
        let settings = WebhookSettings { events: events.as_deref(), ..Default::default() };
        let events = settings.check(&mut violations);
        let mut selection =
            Self { from, to, events, only_failed: only_failed.unwrap_or_default(), after: None };
        if let (Some(cursor), true) = (&cursor, violations.is_empty()) {
            let opened = cx.secrets().open_cursor(&selection.context(webhook), cursor);
            let after = opened.and_then(|bytes| EventId::parse(std::str::from_utf8(&bytes).ok()?));
            match after {
                Some(after) => selection.after = Some(after),
                None => violations.push(Violation {
                    pointer: "/cursor".into(),
                    code: "invalid_cursor",
                    detail: "Take the cursor from the `next` of a response, with the same parameters.".into(),
                }),
            }
        }
        if violations.is_empty() { Ok(selection) } else { Err(Error::from_violations(violations)) }
    }

    /// Returns the context that a cursor is bound to.
    fn context(&self, webhook: &Webhook) -> Vec<u8> {
        let Self { from, to, events, only_failed, .. } = self;
        json!([ReplayEvents::ROUTE.function, webhook.organization, webhook.id, from, to, events, only_failed])
            .to_string()
            .into_bytes()
    }

    fn cursor(&self, cx: &Context<'_>, webhook: &Webhook, last: EventId) -> Result<String, Error> {
        cx.secrets().seal_cursor(&self.context(webhook), last.to_string().as_bytes())
    }

    /// Returns the next events that are selected, oldest first, and the event after which the ones after them begin; `None` if there are none.
    async fn page(
        &self,
        cx: &Context<'_>,
        webhook: &Webhook,
    ) -> Result<(Vec<Event>, Option<EventId>), Error> {
        let entry = WebhookRegistryEntry::from(webhook);
        let is_selected = |event: &Event| {
            entry.matches(&event.data)
                && self.events.as_ref().is_none_or(|filter| filter.matches(event.data.event_type()))
        };
        if !self.only_failed {
            let range = EventRange {
                from: Some(self.from),
                to: Some(self.to),
                after: self.after,
                ascending: true,
                passes_unreadable: true,
            };
            let page = cx.store().events(webhook.organization, range, MAX_EVENTS, Some(&is_selected));
            let Page { items, next } = page.await?;
            return Ok((items, next.map(|last| last.id)));
        }
        let (failed, next) = self.failed(cx, webhook).await?;
        let mut events = cx.store().events_by_id(webhook.organization, &failed).await?;
        events.retain(is_selected);
        Ok((events, next))
    }

    /// Returns the events of a page of deliveries that the receiver has not taken and no longer gets.
    async fn failed(
        &self,
        cx: &Context<'_>,
        webhook: &Webhook,
    ) -> Result<(Vec<EventId>, Option<EventId>), Error> {
        // The position is that of an event, whose deliveries were all seen.
        let after = self.after.map(|event| DeliveryId { event, replay: u32::MAX });
        let (from, to) = (EventId::first_at(self.from), EventId::last_at(self.to));
        if self.from > self.to {
            return Ok((Vec::new(), None));
        }
        let range = DeliveryRange { from: Some(from), to: Some(to), after, ascending: true };
        let Page { mut items, next } = cx.store().deliveries(webhook.id, range, MAX_EVENTS, None).await?;
        // Of the last event of a page, others may follow. An event with as many deliveries as a page has is decided by those of the page.
        let last = next.as_ref().map(|last| last.id.event);
        let has_others = items.iter().any(|delivery| Some(delivery.id.event) != last);
        if has_others {
            items.retain(|delivery| Some(delivery.id.event) != last);
        }
        let position = next.and(items.last().map(|delivery| delivery.id.event));
        let is_undelivered = |delivery: &Delivery| {
            let status = delivery.status(Some(webhook));
            delivery.delivered_at.is_none()
                && matches!(status, DeliveryStatus::Failed | DeliveryStatus::Cancelled)
        };
        let of_events = items.chunk_by(|one, other| one.id.event == other.id.event);
        let undelivered = of_events.filter(|deliveries| deliveries.iter().all(is_undelivered));
        Ok((undelivered.filter_map(|deliveries| Some(deliveries.first()?.id.event)).collect(), position))
    }
}
