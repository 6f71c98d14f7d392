//! The responses of failures that several operations have, described once.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Moves each response of a failure that several operations have to `components`.
pub(super) fn share(document: &mut Value) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for_each_failure(document, |_, response| *counts.entry(response.to_string()).or_default() += 1);
    let mut shared = Map::new();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for_each_failure(document, |status, response| {
        let text = response.to_string();
        if counts[&text] < 2 {
            return;
        }
        let name = names.entry(text).or_insert_with(|| {
            let name = free_name(status, &shared);
            shared.insert(name.clone(), response.clone());
            name
        });
        *response = json!({ "$ref": format!("#/components/responses/{name}") });
    });
    document["components"]["responses"] = Value::Object(shared);
}

/// Calls `visit` with the status and the description of each failure of each operation.
fn for_each_failure(document: &mut Value, mut visit: impl FnMut(u16, &mut Value)) {
    let paths = document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    for operation in paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
            match status.parse() {
                Ok(status) if status >= 400 => visit(status, response),
                _ => {}
            }
        }
    }
}

/// Returns the name of a response with a status: the words of the status, and a number where there are several.
fn free_name(status: u16, known: &Map<String, Value>) -> String {
    let words = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let words = words.unwrap_or("Failure").replace(' ', "");
    let numbered = |number: usize| format!("{words}{number}");
    let mut names = std::iter::once(words.clone()).chain((2..).map(numbered));
    names.find(|name| !known.contains_key(name)).unwrap_or_default()
}
