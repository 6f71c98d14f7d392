//! The audit events of an organization.

use padron_domain::{Error, Event, EventId, OrganizationId, Timestamp};

use crate::{
    Action,
    item::Entity,
    key::{Key, event_partition},
    range_query::{Page, RangeQuery},
    table::Store,
};

impl Store {
    /// The IAM actions of [`Store::events`].
    pub const EVENTS: &'static [Action] = &[Action::QUERY];

    /// Returns a page of the events that `filter` accepts, newest first, eventually consistent. `None` accepts all
    /// events.
    ///
    /// The range of time includes both ends.
    pub async fn events(
        &self,
        organization: OrganizationId,
        (from, to): (Option<Timestamp>, Option<Timestamp>),
        after: Option<EventId>,
        limit: usize,
        filter: Option<&(dyn Fn(&Event) -> bool + Sync)>,
    ) -> Result<Page<Event>, Error> {
        // Without a bound, the sort key is one before or after every id.
        let from = from.map_or("0".into(), |from| EventId::first_at(from).to_string());
        let to = to.map_or("~".into(), |to| EventId::last_at(to).to_string());
        if from > to {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let range = RangeQuery {
            partition: event_partition(organization),
            from,
            to,
            after: after.map(|id| Key::event(organization, id)),
            ascending: false,
            limit,
        };
        self.range_query(range, filter).await
    }
}

impl Entity for Event {
    const NAME: &'static str = "event";
    const ATTRIBUTES: Option<&[&str]> = Some(&["type", "actor"]);

    fn key(&self) -> Key {
        Key::event(self.organization, self.id)
    }
}
