//! The endpoint `GET /webhooks/event-types`, which lists the types of events with their schemas.

use padron_domain::{Error, Scope};
use padron_dto::{EventTypeResponse, event_types};
use padron_http::{Anonymous, Context, Endpoint, NoInput, Public, Route};

/// The endpoint that lists the types of events.
#[derive(Debug)]
pub struct ListEventTypes;

impl Endpoint for ListEventTypes {
    const ROUTE: Route = Route::get("list-event-types", "/webhooks/event-types");
    const SUMMARY: &'static str = "Lists the types of events, each with its schema and an example";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    type Access = Anonymous;
    type Input = NoInput;
    type Output = Public<Vec<EventTypeResponse>>;

    async fn handle(_: &Context<'_>, _: Anonymous, _: NoInput) -> Result<Self::Output, Error> {
        Ok(Public(event_types()))
    }
}
