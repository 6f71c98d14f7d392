//! The audit events of an organization.

use padron_domain::{Error, Event, EventId, OrganizationId, Timestamp};

use crate::{
    Action,
    item::Entity,
    key::{Key, event_partition},
    range_query::{Page, RangeQuery},
    read::{Consistency, MAX_BATCH, Projection},
    table::Store,
};

impl Store {
    /// The IAM actions of [`Store::events`].
    pub const EVENTS: &'static [Action] = &[Action::QUERY];

    /// Returns a page of the events that `filter` accepts, eventually consistent. `None` accepts all events.
    pub async fn events(
        &self,
        organization: OrganizationId,
        range: EventRange,
        limit: usize,
        filter: Option<&(dyn Fn(&Event) -> bool + Sync)>,
    ) -> Result<Page<Event>, Error> {
        let EventRange { from, to, after, ascending, passes_unreadable } = range;
        // Without a bound, the sort key is one before or after every id.
        let from = from.map_or("0".into(), |from| EventId::first_at(from).to_string());
        let to = to.map_or("~".into(), |to| EventId::last_at(to).to_string());
        if from > to {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let query = RangeQuery {
            partition: event_partition(organization),
            from,
            to,
            after: after.map(|id| Key::event(organization, id)),
            ascending,
            limit,
            passes_unreadable,
        };
        self.range_query(query, filter).await
    }

    /// The IAM actions of [`Store::events_by_id`].
    pub const EVENTS_BY_ID: &'static [Action] = &[Action::BATCH_GET];

    /// Returns those of these events that exist and can be read, in the order of the ids, eventually consistent.
    pub async fn events_by_id(
        &self,
        organization: OrganizationId,
        ids: &[EventId],
    ) -> Result<Vec<Event>, Error> {
        let mut events = Vec::with_capacity(ids.len());
        for ids in ids.chunks(MAX_BATCH) {
            let keys: Vec<Key> = ids.iter().map(|id| Key::event(organization, *id)).collect();
            let mut items = self.batch_get(&keys, Consistency::Eventual, Projection::Document).await?;
            for key in &keys {
                events.extend(items.remove::<Event>(key).ok().flatten());
            }
        }
        Ok(events)
    }
}

/// A range of the events of an organization.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventRange {
    /// The first instant, inclusive; `None` for the first one of all.
    pub from: Option<Timestamp>,
    /// The last instant, inclusive; `None` for the last one of all.
    pub to: Option<Timestamp>,
    /// The event after which the page begins; `None` for the first page.
    pub after: Option<EventId>,
    /// Whether the oldest events come first.
    pub ascending: bool,
    /// Whether events that cannot be read are passed over, and do not fail the query.
    pub passes_unreadable: bool,
}

impl Entity for Event {
    const NAME: &'static str = "event";
    const ATTRIBUTES: Option<&[&str]> = Some(&["type", "actor"]);

    fn key(&self) -> Key {
        Key::event(self.organization, self.id)
    }
}
