//! Metadata that callers store with a record.

use std::collections::BTreeMap;

use crate::text::is_line;

/// Key-value pairs of text that callers store with a record.
pub type Metadata = BTreeMap<String, String>;

/// The maximum number of entries.
pub const MAX_ENTRIES: usize = 50;
/// The maximum length of a key, in characters.
pub const MAX_KEY_LENGTH: usize = 40;
/// The maximum length of a value, in characters.
pub const MAX_VALUE_LENGTH: usize = 500;

/// Returns a code and a message for each limit that the metadata exceeds. The message says what to do about it.
pub(crate) fn problems(metadata: &Metadata) -> Vec<(&'static str, &'static str)> {
    let is_key = |key: &String| (1..=MAX_KEY_LENGTH).contains(&key.chars().count()) && is_line(key);
    let checks = [
        (metadata.len() <= MAX_ENTRIES, "too_many", "At most 50 entries."),
        (
            metadata.keys().all(is_key),
            "invalid_key",
            "Keys have 1 to 40 characters, none of them control characters.",
        ),
        (
            metadata.values().all(|value| value.chars().count() <= MAX_VALUE_LENGTH),
            "invalid_length",
            "Values have at most 500 characters.",
        ),
    ];
    checks.into_iter().filter(|(holds, ..)| !holds).map(|(_, code, detail)| (code, detail)).collect()
}
