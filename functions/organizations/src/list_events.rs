//! `GET /organizations/{organizationId}/events`: what happened in an organization, newest first.

use padron_domain::{Actor, Error, Event, EventId, Failure, Happening, OrganizationId, Timestamp};
use padron_http::{
    Admin, Array, Context, Endpoint, Input, Paging, Query, Request, Route,
    openapi::{Operation, Schemas},
};
use padron_store::{Action, Store};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

/// Lists events.
#[derive(Debug)]
pub struct ListEvents;

/// Which of them.
#[derive(Debug)]
pub struct EventQuery {
    paging: Paging,
    name: Option<String>,
    actor: Option<Actor>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl Input for EventQuery {
    const FAILURES: &'static [Failure] = &[Failure::InvalidRequest];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        let query = Query::read(request, &["limit", "cursor", "type", "actor", "from", "to"])?;
        let name = query.parse("type", "The name of a kind of event, such as member.added.", |name| {
            Happening::NAMES.contains(&name).then(|| name.to_owned())
        })?;
        let actor = query.parse("actor", "The UUID of a user, or `operator`.", |actor| actor.parse().ok())?;
        Ok(Self {
            paging: Paging::read(&query)?,
            name,
            actor,
            from: query.instant("from")?,
            to: query.instant("to")?,
        })
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        Paging::describe(operation);
        let names = json!({ "type": "string", "enum": Happening::NAMES });
        operation.parameter("query", "type", "Events of this kind only", false, &names);
        let actor = json!({ "type": "string" });
        operation.parameter("query", "actor", "Of this user only, or of the `operator`", false, &actor);
        let instant = json!({ "type": "string", "format": "date-time" });
        operation.parameter("query", "from", "Since this instant", false, &instant);
        operation.parameter("query", "to", "Until this instant, which is included", false, &instant);
    }
}

/// Something that happened.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Event")]
#[serde(rename_all = "camelCase")]
pub struct EventResponse {
    /// UUIDv7 of the event.
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: EventId,
    /// What happened: `organization.created`, `member.role_updated`, …
    r#type: &'static str,
    /// UUID of the organization.
    #[schemars(with = "String", extend("format" = "uuid"))]
    organization_id: OrganizationId,
    /// UUID of the user who did it, or `operator`.
    #[schemars(with = "String")]
    actor: Actor,
    /// When.
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
    /// What there is to say of it: ids, names of fields, and values that are not personal.
    data: Value,
}

impl From<Event> for EventResponse {
    fn from(event: Event) -> Self {
        let Event { id, organization, actor, at, what } = event;
        let data = serde_json::to_value(&what).map(|mut what| what["data"].take()).unwrap_or_default();
        Self { id, r#type: what.name(), organization_id: organization, actor, created_at: at, data }
    }
}

impl Endpoint for ListEvents {
    const ROUTE: Route = Route::get("list-events", "/organizations/{organizationId}/events");
    const SUMMARY: &'static str = "What happened in an organization, newest first";
    const ACTIONS: &'static [&'static [Action]] = &[Store::EVENTS];
    type Access = Admin;
    type Input = EventQuery;
    type Output = Array<EventResponse>;

    async fn handle(cx: &Context<'_>, admin: Admin, query: EventQuery) -> Result<Self::Output, Error> {
        let EventQuery { paging, name, actor, from, to } = query;
        let organization = admin.organization().id;
        let is_wanted = |event: &Event| {
            name.as_ref().is_none_or(|name| name == event.what.name())
                && actor.is_none_or(|actor| actor == event.actor)
        };
        let is_wanted: Option<&(dyn Fn(&Event) -> bool + Sync)> =
            if name.is_some() || actor.is_some() { Some(&is_wanted) } else { None };
        let after = paging.after(cx, organization)?;
        let page = cx.store().events(organization, (from, to), after, paging.limit(), is_wanted).await?;
        let next = page.next.map(|last| paging.next(cx, organization, last.id));
        Ok(Array::of(page.items.into_iter().map(EventResponse::from))?.0.next(next))
    }
}
