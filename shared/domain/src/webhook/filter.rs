//! Which events a webhook gets.

use serde::{Deserialize, Serialize};

use crate::EventData;

/// The events that a webhook gets: names such as `member.added`, all of one kind such as `customer.*`, or `*`.
///
/// Types that a later version adds match `*` and the pattern of their kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventFilter(Vec<String>);

impl EventFilter {
    /// The maximum number of names and patterns.
    pub const MAX_LENGTH: usize = 100;

    /// Creates a filter, without repetitions. Fails with the position of a name that matches no event type.
    pub fn new(names: &[String]) -> Result<Self, usize> {
        let mut all: Vec<String> = Vec::with_capacity(names.len());
        for (index, name) in names.iter().enumerate() {
            if !EventData::TYPES.iter().any(|event_type| is_match(name, event_type)) {
                return Err(index);
            }
            if !all.contains(name) {
                all.push(name.clone());
            }
        }
        Ok(Self(all))
    }

    /// Returns whether an event type matches one of the names.
    pub fn matches(&self, event_type: &str) -> bool {
        self.0.iter().any(|name| is_match(name, event_type))
    }

    /// Returns the names and patterns.
    pub fn names(&self) -> &[String] {
        &self.0
    }
}

/// Returns whether an event type matches a name or a pattern.
fn is_match(name: &str, event_type: &str) -> bool {
    match name.strip_suffix('*') {
        Some("") => true,
        Some(kind) => kind.ends_with('.') && event_type.starts_with(kind),
        None => name == event_type,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(names: &[&str]) -> Result<EventFilter, usize> {
        EventFilter::new(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn names_and_patterns_match_the_types_they_say() {
        for (name, event_type, matches) in [
            ("member.added", "member.added", true),
            ("member.added", "member.removed", false),
            ("member.*", "member.removed", true),
            ("member.*", "customer.created", false),
            ("*", "customer.created", true),
            ("*", "a.type.of.later", true),
            ("customer.*", "customer.merged", true),
        ] {
            assert_eq!(filter(&[name]).unwrap().matches(event_type), matches, "{name}: {event_type}");
        }
        for name in [
            "",
            "member",
            "member.",
            "mem*",
            "member.add*",
            "member.*.*",
            "**",
            ".*",
            "Member.added",
            "nothing.*",
        ] {
            assert_eq!(filter(&["*", name]), Err(1), "{name}");
        }
        assert_eq!(filter(&["*", "member.*", "*"]).unwrap().names(), ["*", "member.*"]);
    }
}
