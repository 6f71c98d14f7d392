//! The endpoint `GET /organizations/{organizationId}/events`, which lists the audit events of an organization, newest first.

use padron_domain::{Actor, Error, Event, EventData, Failure, Scope, Timestamp};
use padron_dto::EventResponse;
use padron_http::{
    Admin, Array, Context, Endpoint, Input, PageRequest, Query, Request, Route,
    openapi::{Operation, Schemas},
};
use padron_store::{Action, EventRange, Store};
use serde_json::json;

/// The endpoint that lists the events of an organization.
#[derive(Debug)]
pub struct ListEvents;

/// The query parameters of the list of events.
#[derive(Debug)]
pub struct EventQuery {
    paging: PageRequest,
    name: Option<String>,
    actor: Option<Actor>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl Input for EventQuery {
    const FAILURES: &'static [Failure] = &[Failure::INVALID_REQUEST];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        let query = Query::read(request, &["limit", "cursor", "type", "actor", "from", "to"])?;
        let name = query.parse("type", "The name of a kind of event, such as member.added.", |name| {
            EventData::TYPES.contains(&name).then(|| name.to_owned())
        })?;
        let actor = query.parse(
            "actor",
            "The UUID of a user, `key:` and the UUID of an API key, or `operator`.",
            |actor| actor.parse().ok(),
        )?;
        Ok(Self {
            paging: PageRequest::read(&query)?,
            name,
            actor,
            from: query.instant_from("from")?,
            to: query.instant_to("to")?,
        })
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        PageRequest::describe_parameters(operation);
        let names = json!({ "type": "string", "enum": EventData::TYPES });
        operation.parameter("query", "type", "Only events of this type", false, &names);
        let actor = json!({ "anyOf": [
            { "type": "string", "format": "uuid" },
            { "type": "string", "pattern": "^key:[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$" },
            { "const": "operator" },
        ] });
        operation.parameter(
            "query",
            "actor",
            "Of this user or API key only, or of the `operator`",
            false,
            &actor,
        );
        let instant = json!({ "type": "string", "format": "date-time" });
        operation.parameter("query", "from", "Since this instant", false, &instant);
        operation.parameter("query", "to", "Until this instant, which is included", false, &instant);
    }
}

impl Endpoint for ListEvents {
    const ROUTE: Route = Route::get("list-events", "/organizations/{organizationId}/events");
    const SUMMARY: &'static str = "Lists the events of an organization, newest first";
    const SCOPE: Option<Scope> = Some(Scope::ReadEvents);
    const ACCEPTS_KEYS: bool = true;
    const ACTIONS: &'static [&'static [Action]] = &[Store::EVENTS];
    type Access = Admin;
    type Input = EventQuery;
    type Output = Array<EventResponse>;

    async fn handle(cx: &Context<'_>, admin: Admin, query: EventQuery) -> Result<Self::Output, Error> {
        let EventQuery { paging, name, actor, from, to } = query;
        let organization = admin.organization().id;
        let is_wanted = |event: &Event| {
            name.as_ref().is_none_or(|name| name == event.data.event_type())
                && actor.is_none_or(|actor| actor == event.actor)
        };
        let is_wanted: Option<&(dyn Fn(&Event) -> bool + Sync)> =
            if name.is_some() || actor.is_some() { Some(&is_wanted) } else { None };
        let after = paging.after(cx, organization)?;
        let range = EventRange { from, to, after, ..EventRange::default() };
        let page = cx.store().events(organization, range, paging.limit(), is_wanted).await?;
        let next = paging.next(cx, organization, page.next.map(|last| last.id))?;
        Ok(Array::new(page.items.into_iter().map(EventResponse::from))?.next(next))
    }
}
