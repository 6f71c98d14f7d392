//! A strict reader of JSON bodies.
//!
//! The reader rejects input that parsers interpret differently, such as an object with a duplicate member.

use std::{cell::RefCell, fmt};

use padron_domain::{Error, Violation, trim};
use serde::{
    Deserializer,
    de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value, error::Category};

/// Returns whether a pointer refers to `metadata` of a body, or to a value inside it. Metadata belongs to the caller: it is stored as it
/// was sent, and has limits of its own.
pub(crate) fn is_metadata(pointer: &str) -> bool {
    pointer.strip_prefix("/metadata").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The byte order mark that spreadsheets and shells write at the start of a text. It is ignored, as RFC 8259 §8.1 allows.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Reads a JSON body.
///
/// Fails if the body is not valid JSON, if an object at any depth has a duplicate member, or if a number is too large to be represented.
/// For the latter two, the violation's pointer names the location. Blank characters at both ends of strings are removed, except in the
/// `metadata` of the body itself.
pub(crate) fn read(body: &[u8]) -> Result<Value, Error> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    let path = RefCell::new(String::new());
    let mut json = serde_json::Deserializer::from_slice(body);
    let value =
        StrictReader { path: &path }.deserialize(&mut json).and_then(|value| json.end().map(|()| value));
    value.map_err(|error| {
        let message = error.to_string();
        let (pointer, code, detail) = if error.classify() == Category::Data {
            (path.take(), "duplicate_field", "This field is given twice.")
        } else if message.starts_with("number out of range") {
            (path.take(), "out_of_range", "The number is too large.")
        } else {
            (String::new(), "malformed_json", "The body is not valid JSON.")
        };
        Error::from_violations(vec![Violation { pointer, code, detail: detail.into() }])
    })
}

/// Returns the JSON pointer to a member of an object (RFC 6901).
pub fn member_pointer(object: &str, name: &str) -> String {
    let mut pointer = object.to_owned();
    push_reference_token(&mut pointer, name);
    pointer
}

/// Appends a reference token to a JSON pointer, escaped as RFC 6901 requires.
fn push_reference_token(pointer: &mut String, name: &str) {
    pointer.push('/');
    for letter in name.chars() {
        match letter {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            letter => pointer.push(letter),
        }
    }
}

/// A reader of one value. If reading fails, `path` is the JSON pointer to the location of the failure.
#[derive(Clone, Copy)]
struct StrictReader<'p> {
    path: &'p RefCell<String>,
}

impl StrictReader<'_> {
    /// Reads a child of this value, and keeps `path` up to date meanwhile.
    fn within<T, E>(self, place: &str, read: impl FnOnce(Self) -> Result<T, E>) -> Result<T, E> {
        let length = self.path.borrow().len();
        // The pointer is extended in place. A new pointer for each element would take time that grows with the square of the body's size.
        push_reference_token(&mut self.path.borrow_mut(), place);
        let read = read(self)?;
        self.path.borrow_mut().truncate(length);
        Ok(read)
    }
}

impl<'de> DeserializeSeed<'de> for StrictReader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StrictReader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        let text = if is_metadata(&self.path.borrow()) { text } else { trim(text) };
        Ok(Value::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = self.within(&items.len().to_string(), |place| seq.next_element_seed(place))? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = self.within(&name, |place| {
                if members.contains_key(&name) {
                    return Err(de::Error::custom("given twice"));
                }
                map.next_value_seed(place)
            })?;
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_is_read_as_it_is_and_texts_without_blank_ends() {
        for (body, value) in [
            ("\u{feff}{}", json!({})),
            (" [1, -2, 0.5, true, null] ", json!([1, -2, 0.5, true, null])),
            ("{\"a\": \"\u{a0} x y \u{200b}\"}", json!({ "a": "x y" })),
            ("{\"metadata\": {\" k \": \" v \"}}", json!({ "metadata": { " k ": " v " } })),
            ("{\"a\": {\"b\": 1}, \"b\": {\"b\": 1}}", json!({ "a": { "b": 1 }, "b": { "b": 1 } })),
            ("1e3", json!(1000.0)),
        ] {
            assert_eq!(read(body.as_bytes()).unwrap(), value, "{body}");
        }
    }

    #[test]
    fn what_has_two_meanings_or_none_is_refused_where_it_stands() {
        for (body, pointer, code) in [
            (r#"{"a": 1, "a": 1}"#, "/a", "duplicate_field"),
            (r#"{"a": 1, "\u0061": 2}"#, "/a", "duplicate_field"),
            (r#"{"metadata": {"k": "1", "k": "2"}}"#, "/metadata/k", "duplicate_field"),
            (r#"{"a": [{"b/c": 1}, {"b/c": 1, "b/c": {}}]}"#, "/a/1/b~1c", "duplicate_field"),
            (r#"{"a": {"b": [1, 1e400]}}"#, "/a/b/1", "out_of_range"),
            (r#"{"a": -1e999}"#, "/a", "out_of_range"),
            (r#"{"a": 1"#, "", "malformed_json"),
            (r#"{"a": 1} x"#, "", "malformed_json"),
            (r#"{'a': 1}"#, "", "malformed_json"),
            ("\u{feff}\u{feff}{}", "", "malformed_json"),
            ("", "", "malformed_json"),
            ("NaN", "", "malformed_json"),
        ] {
            let error = read(body.as_bytes()).unwrap_err();
            let violation = &error.violations()[0];
            assert_eq!((violation.pointer.as_str(), violation.code), (pointer, code), "{body}");
        }
        let deep = "[".repeat(1000);
        assert_eq!(read(deep.as_bytes()).unwrap_err().violations()[0].code, "malformed_json");
        assert_eq!(read(b"{\"a\": \"\xff\"}").unwrap_err().violations()[0].code, "malformed_json");
    }
}
