//! Records that a client has read and sends back as a whole.

use padron_domain::{Error, Failure, Timestamp, Violation, trim};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::json::member_pointer;

/// Returns a response as JSON, in the form in which a client sends it back.
pub fn to_sent_back_json(response: &impl Serialize) -> Result<Value, Error> {
    serde_json::to_value(response).map_err(|_| Error::internal("a response is not JSON"))
}

/// The fields of a record that a client sends back without being able to change them. A field is accepted if its value is the current one.
#[derive(Debug)]
pub struct ReadOnlyFields<'b> {
    /// The fields that were sent.
    pub sent: &'b Map<String, Value>,
    /// The JSON pointer to the object that contains the fields.
    pub pointer: &'b str,
    /// The current record, as it is returned to clients.
    pub current: &'b Value,
    /// The names of fields that are absent from a response when they have no value.
    pub optional: &'b [&'b str],
}

impl ReadOnlyFields<'_> {
    /// Returns a violation for each field that is unknown or has another value. `version_check` is the result of comparing `If-Match` with
    /// the current version.
    ///
    /// If `If-Match` names an old version, the fields may have the values of that version, and are not an attempt to change them. Without
    /// one, a body that is an older version of the record fails with [`Failure::CONCURRENT_CHANGE`].
    pub fn violations(&self, version_check: &Result<(), Error>) -> Result<Vec<Violation>, Error> {
        let mut violations: Vec<Violation> = self.unknown().collect();
        if version_check.is_ok() {
            if self.is_of_older_version() {
                return Err(Error::from(Failure::CONCURRENT_CHANGE).without_retry());
            }
            violations.extend(self.changed());
        }
        Ok(violations)
    }

    /// Returns a violation for each field that the record does not have.
    pub fn unknown(&self) -> impl Iterator<Item = Violation> + '_ {
        let unknown = self.sent.keys().filter(|name| !self.is_known(name));
        unknown.map(|name| self.violation(name, "unknown_field", "This field is not known."))
    }

    /// Returns a violation for each field whose value differs from the current one.
    fn changed(&self) -> impl Iterator<Item = Violation> + '_ {
        let known = self.sent.iter().filter(|(name, _)| self.is_known(name));
        let changed =
            known.filter(|(name, value)| !is_same(self.current.get(name).unwrap_or(&Value::Null), value));
        let detail = "This field cannot be changed here. Leave it out, or send it as it is.";
        changed.map(move |(name, _)| self.violation(name, "read_only", detail))
    }

    /// Returns whether the body is an older version of the record: it has an earlier `updatedAt` or `updated_at`.
    fn is_of_older_version(&self) -> bool {
        let instant = |value: Option<&Value>| Timestamp::parse(value?.as_str()?).ok();
        ["updatedAt", "updated_at"].into_iter().any(|name| {
            let sent = instant(self.sent.get(name));
            sent.is_some_and(|sent| instant(self.current.get(name)).is_some_and(|now| sent < now))
        })
    }

    fn violation(&self, name: &str, code: &'static str, detail: &str) -> Violation {
        Violation { pointer: member_pointer(self.pointer, name), code, detail: detail.into() }
    }

    fn is_known(&self, name: &str) -> bool {
        self.current.get(name).is_some() || self.optional.contains(&name)
    }
}

/// Returns whether a sent value is equivalent to the current one.
///
/// Strings of a body are trimmed, and stored strings may not be. An instant can be written in many ways. A reference to another record is
/// compared by its id, because the name in it may have changed meanwhile.
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
