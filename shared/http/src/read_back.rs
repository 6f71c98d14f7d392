//! Records that a client sends back whole, as it has read them.

use padron_domain::{Timestamp, Violation, trim};
use serde_json::{Map, Value};

use crate::json::member_pointer;

/// What a whole record sent back by its client says beside the fields that can be changed: all of it is welcome as long as it says
/// what is so.
#[derive(Debug)]
pub struct ReadBack<'b> {
    /// The fields that were sent.
    pub sent: &'b Map<String, Value>,
    /// The pointer of the object that has them.
    pub within: &'b str,
    /// The record as it is answered.
    pub now: &'b Value,
    /// Names of fields that are left out of an answer where there is nothing to say.
    pub optional: &'b [&'b str],
}

impl ReadBack<'_> {
    /// Fields that the record does not have.
    pub fn unknown(&self) -> impl Iterator<Item = Violation> + '_ {
        let unknown = self.sent.keys().filter(|name| !self.is_known(name));
        unknown.map(|name| self.violation(name, "unknown_field", "This field is not known."))
    }

    /// Fields that are not as they were sent.
    pub fn changed(&self) -> impl Iterator<Item = Violation> + '_ {
        let known = self.sent.iter().filter(|(name, _)| self.is_known(name));
        let changed =
            known.filter(|(name, value)| !is_same(self.now.get(name).unwrap_or(&Value::Null), value));
        let detail = "This field cannot be changed here. Leave it out, or send it as it is.";
        changed.map(move |(name, _)| self.violation(name, "read_only", detail))
    }

    /// Returns whether the body is of an older version of the record: its time of change, under any of its names, is earlier.
    pub fn is_of_older_version(&self) -> bool {
        let instant = |value: Option<&Value>| Timestamp::parse(value?.as_str()?).ok();
        ["updatedAt", "updated_at"].into_iter().any(|name| {
            let sent = instant(self.sent.get(name));
            sent.is_some_and(|sent| instant(self.now.get(name)).is_some_and(|now| sent < now))
        })
    }

    fn violation(&self, name: &str, code: &'static str, detail: &str) -> Violation {
        Violation { pointer: member_pointer(self.within, name), code, detail: detail.into() }
    }

    fn is_known(&self, name: &str) -> bool {
        self.now.get(name).is_some() || self.optional.contains(&name)
    }
}

/// Whether two values say the same. Texts of a body are trimmed, and one that was stored may not be; an instant can be written in many
/// ways; and what is told of another record says which one that is, for its name may have changed meanwhile.
fn is_same(now: &Value, sent: &Value) -> bool {
    let instant = |value: &Value| value.as_str().and_then(|text| Timestamp::parse(text).ok());
    match (now.get("id"), sent.get("id"), instant(now)) {
        (Some(now), Some(sent), _) => now == sent,
        (_, _, Some(now)) => instant(sent) == Some(now),
        _ => now == sent || is_same_trimmed(now, sent),
    }
}

fn is_same_trimmed(now: &Value, sent: &Value) -> bool {
    match (now, sent) {
        (Value::String(now), Value::String(sent)) => trim(now) == sent,
        (Value::Array(now), Value::Array(sent)) => {
            now.len() == sent.len() && now.iter().zip(sent).all(|(now, sent)| is_same_trimmed(now, sent))
        }
        (Value::Object(now), Value::Object(sent)) => {
            now.len() == sent.len()
                && now.iter().all(|(name, now)| sent.get(name).is_some_and(|sent| is_same_trimmed(now, sent)))
        }
        _ => now == sent,
    }
}
