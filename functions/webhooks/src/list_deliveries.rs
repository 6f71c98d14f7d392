//! The endpoint `GET /organizations/{organizationId}/webhooks/{webhookId}/deliveries`, which lists the deliveries of a webhook.

use padron_domain::{Delivery, DeliveryId, DeliveryStatus, Error, EventData, Failure, Scope};
use padron_http::{
    Admin, Array, Context, Endpoint, Input, PageRequest, Query, Request, Route,
    openapi::{Operation, Schemas},
};
use padron_store::{Action, DeliveryRange, Store, StoredWebhook};
use serde_json::json;

use crate::delivery_response::DeliveryResponse;

/// The endpoint that lists the deliveries of a webhook.
#[derive(Debug)]
pub struct ListDeliveries;

/// The query parameters of the list of deliveries.
#[derive(Debug)]
pub struct DeliveryQuery {
    paging: PageRequest,
    status: Option<DeliveryStatus>,
    event: Option<String>,
}

impl Input for DeliveryQuery {
    const FAILURES: &'static [Failure] = &[Failure::INVALID_REQUEST];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        let query = Query::read(request, &["limit", "cursor", "status", "event"])?;
        let status = query.parse("status", "One of pending, delivered, failed and cancelled.", |name| {
            DeliveryStatus::ALL.into_iter().find(|status| status.name() == name)
        })?;
        let event = query.parse("event", "The name of a kind of event, such as member.added.", |name| {
            EventData::TYPES.contains(&name).then(|| name.to_owned())
        })?;
        Ok(Self { paging: PageRequest::read(&query)?, status, event })
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        PageRequest::describe_parameters(operation);
        let statuses = json!({ "type": "string", "enum": DeliveryStatus::ALL.map(DeliveryStatus::name) });
        operation.parameter("query", "status", "Only deliveries with this status", false, &statuses);
        let names = json!({ "type": "string", "enum": EventData::TYPES });
        operation.parameter("query", "event", "Only deliveries of events of this type", false, &names);
    }
}

impl Endpoint for ListDeliveries {
    const ROUTE: Route =
        Route::get("list-deliveries", "/organizations/{organizationId}/webhooks/{webhookId}/deliveries");
    const SUMMARY: &'static str =
        "Lists the deliveries of the last 30 days of a webhook, those of the latest events first";
    const SCOPE: Option<Scope> = Some(Scope::ReadWebhooks);
    const ACCEPTS_KEYS: bool = true;
    const ACTIONS: &'static [&'static [Action]] = &[Store::DELIVERIES];
    type Access = Admin<StoredWebhook>;
    type Input = DeliveryQuery;
    type Output = Array<DeliveryResponse>;

    async fn handle(
        cx: &Context<'_>,
        admin: Admin<StoredWebhook>,
        query: DeliveryQuery,
    ) -> Result<Self::Output, Error> {
        let (_, StoredWebhook { webhook, .. }) = admin.with_resource()?;
        let DeliveryQuery { paging, status, event } = query;
        let is_wanted = |delivery: &Delivery| {
            status.is_none_or(|status| status == delivery.status(Some(&webhook)))
                && event.as_ref().is_none_or(|event| *event == delivery.event_type)
        };
        let is_wanted: Option<&(dyn Fn(&Delivery) -> bool + Sync)> =
            if status.is_some() || event.is_some() { Some(&is_wanted) } else { None };
        let scope = json!(webhook.id);
        let after = paging.cursor_position(cx, &scope, read_position)?;
        let range = DeliveryRange { after, ..DeliveryRange::default() };
        let page = cx.store().deliveries(webhook.id, range, paging.limit(), is_wanted).await?;
        let next =
            page.next.map(|last| paging.query_after_position(cx, &scope, last.id.to_string().as_bytes()));
        let deliveries = page.items.into_iter().map(|delivery| DeliveryResponse::new(delivery, &webhook));
        Ok(Array::new(deliveries)?.next(next.transpose()?))
    }
}

/// Returns the delivery after which a page begins.
pub(crate) fn read_position(position: &[u8]) -> Option<DeliveryId> {
    std::str::from_utf8(position).ok()?.parse().ok()
}
