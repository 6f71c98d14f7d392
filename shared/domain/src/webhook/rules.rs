//! The rules for the settings of a webhook, apart from its URL.

use super::{EventFilter, Webhook};
use crate::{Violation, text::is_line};

/// Settings of a webhook, as a caller sends them. Those that are left out are `None`.
#[derive(Clone, Copy, Debug, Default)]
pub struct WebhookSettings<'a> {
    /// The names of events and patterns.
    pub events: Option<&'a [String]>,
    /// The names of changed fields.
    pub fields: Option<&'a [String]>,
    /// The description.
    pub description: Option<&'a str>,
    /// The maximum number of requests at once.
    pub concurrency: Option<u8>,
}

impl Webhook {
    /// The maximum length of a description, in characters.
    pub const MAX_DESCRIPTION_LENGTH: usize = 500;
    /// The maximum number of names of changed fields.
    pub const MAX_FIELDS: usize = 50;
    /// The maximum length of the name of a changed field, in bytes.
    pub const MAX_FIELD_LENGTH: usize = 100;
}

impl WebhookSettings<'_> {
    /// Checks the settings, and returns the filter of events if there is one. Adds what is wrong to `violations`.
    pub fn check(&self, violations: &mut Vec<Violation>) -> Option<EventFilter> {
        let mut violate = |pointer: String, code: &'static str, detail: &str| {
            violations.push(Violation { pointer, code, detail: detail.into() });
        };
        let mut filter = None;
        if let Some(events) = self.events {
            if !(1..=EventFilter::MAX_LENGTH).contains(&events.len()) {
                violate(
                    "/events".into(),
                    "invalid_length",
                    "1 to 100 names of events, such as member.added.",
                );
            }
            match EventFilter::new(&events[..events.len().min(EventFilter::MAX_LENGTH)]) {
                Ok(valid) => filter = Some(valid),
                Err(index) => {
                    let detail =
                        "The name of an event such as member.added, a pattern such as customer.*, or *.";
                    violate(format!("/events/{index}"), "unknown_event", detail);
                }
            }
        }
        let fields = self.fields.unwrap_or_default();
        if fields.len() > Webhook::MAX_FIELDS {
            violate("/fields".into(), "too_many", "At most 50 names of fields.");
        }
        let is_name = |name: &str| (1..=Webhook::MAX_FIELD_LENGTH).contains(&name.len()) && is_line(name);
        for (index, _) in
            fields.iter().take(Webhook::MAX_FIELDS).enumerate().filter(|(_, name)| !is_name(name))
        {
            violate(format!("/fields/{index}"), "invalid_length", "The name of a field, at most 100 bytes.");
        }
        if self.description.is_some_and(|text| text.chars().count() > Webhook::MAX_DESCRIPTION_LENGTH) {
            violate("/description".into(), "invalid_length", "At most 500 characters.");
        }
        if self.concurrency.is_some_and(|number| !(1..=Webhook::MAX_CONCURRENCY).contains(&number)) {
            violate("/concurrency".into(), "out_of_range", "1 to 10 requests at once.");
        }
        filter
    }
}
