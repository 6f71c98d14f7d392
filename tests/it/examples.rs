//! The responses to the sample requests, `events/responses/`, which are the examples of `openapi.json`.

use std::{collections::BTreeMap, fs, sync::OnceLock};

use padron_domain::Timestamp;
use padron_local::description::{Answer, answer_path};
use padron_testkit::TestResponse;
use regex_lite::{Captures, Regex};
use serde_json::Value;

use crate::support::root;

/// Returns a message if the response to the sample request of a function is not the recorded one. With `PADRON_RECORD`, it is recorded.
pub(crate) fn compare(function: &str, response: &TestResponse, now: Timestamp) -> Option<String> {
    let answer = answer(response, now);
    let path = root().join(answer_path(function));
    let text = format!("{:#}\n", serde_json::to_value(&answer).unwrap());
    if std::env::var_os("PADRON_RECORD").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        return None;
    }
    let recorded = fs::read_to_string(&path).unwrap_or_default();
    (recorded != text).then(|| {
        format!(
            "{} is not what {function} answers: run `make examples`.\nrecorded: {recorded}\nanswered: {text}",
            answer_path(function).display()
        )
    })
}

/// Returns a response without what is different each time. Long lists are cut.
fn answer(response: &TestResponse, now: Timestamp) -> Answer {
    let media_type = response.header("content-type");
    let media_type = media_type.split(';').next().unwrap_or_default();
    let is_read = matches!(media_type, "application/json" | "application/x-ndjson" | "text/csv");
    let mut constants = Constants::new(now);
    let mut body = match media_type {
        "application/json" => response.json(),
        _ if is_read => response.text.split_inclusive('\n').take(MAX_ITEMS).collect::<String>().into(),
        _ => Value::Null,
    };
    if let Some(members) = body.as_object_mut().filter(|members| members.contains_key("openapi")) {
        // An example of the description would contain itself.
        members.retain(|name, _| matches!(name.as_str(), "openapi" | "info" | "servers"));
    }
    cut(&mut body);
    constants.replace(&mut body);
    let location =
        Some(response.header("location")).filter(|location| response.status == 201 && !location.is_empty());
    Answer {
        status: response.status,
        location: location.map(|location| constants.replaced(location)),
        media_type: is_read.then(|| media_type.to_owned()),
        body,
    }
}

/// The maximum number of items of a list in an example.
const MAX_ITEMS: usize = 2;

/// Cuts the lists of objects in a value. Lists of names are kept: they may be complete.
fn cut(value: &mut Value) {
    match value {
        Value::Array(items) => {
            if items.first().is_some_and(Value::is_object) {
                items.truncate(MAX_ITEMS);
            }
            items.iter_mut().for_each(cut);
        }
        Value::Object(members) => members.values_mut().for_each(cut),
        _ => {}
    }
}

/// The names of members whose values are random, and constants of the same form.
const RANDOM: [(&str, &str); 9] = [
    ("publicKey", "<public_key>"),
    ("access_token", "<access_token>"),
    ("refresh_token", "<refresh_token>"),
    ("client_secret", "<client_secret>"),
    ("clientSecret", "<client_secret>"),
    ("key", "<api_key>"),
    ("secret", "<webhook_secret>"),
    ("hint", "aB3x"),
    ("n", "<modulus>"),
];

/// Replaces what is different each time by constants of the same form.
struct Constants {
    uuid: Regex,
    /// A reference of a customer, in hexadecimal digits or as a number, which both begin with the time.
    reference: Regex,
    /// The constants so far.
    known: BTreeMap<String, usize>,
}

impl Constants {
    fn new(now: Timestamp) -> Self {
        let number = now.millis() * 2048;
        let (hexadecimal, decimal) = (format!("{number:016x}"), number.to_string());
        let pattern = format!(r"\b({}[0-9a-f]{{16}}|{}[0-9]{{7}})\b", &hexadecimal[2..10], &decimal[..9]);
        Self {
            uuid: Regex::new("[0-9a-f]{8}(-?)[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}").unwrap(),
            reference: Regex::new(&pattern).unwrap(),
            known: BTreeMap::new(),
        }
    }

    /// Replaces the values in a value.
    fn replace(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.replaced(text),
            Value::Number(number) => {
                let text = self.replaced(&number.to_string());
                *value = serde_json::from_str(&text).unwrap();
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.replace(item)),
            Value::Object(members) => {
                for (name, member) in members {
                    let constant = RANDOM.iter().find(|(random, _)| random == name);
                    match (constant, &member) {
                        (Some((_, constant)), Value::String(_)) => *member = (*constant).into(),
                        // The token of an invitation, and no other member of this name.
                        (None, Value::String(text)) if name == "token" && text.len() > 40 => {
                            *member = "<invitation_token>".into();
                        }
                        (None, Value::Number(_)) if name == "durationMs" => *member = 84.into(),
                        _ => self.replace(member),
                    }
                }
            }
            _ => {}
        }
    }

    /// Replaces the random parts of a text.
    fn replaced(&mut self, text: &str) -> String {
        let known = &mut self.known;
        let mut number_of = |found: &str| {
            let next = known.len() + 1;
            *known.entry(found.to_owned()).or_insert(next)
        };
        let text = self.uuid.replace_all(text, |found: &Captures<'_>| match is_of_demo(&found[0]) {
            true => found[0].to_owned(),
            false => format!("0195b2f0-0000-7000-8000-{:012x}", number_of(&found[0])).replace('-', &found[1]),
        });
        let text = self.reference.replace_all(&text, |found: &Captures<'_>| {
            let (number, length) = (number_of(&found[0]), found[0].len());
            let head = &found[0][..8];
            format!("{head}{number:0>width$}", width = length - head.len())
        });
        text.into_owned()
    }
}

/// Returns whether a UUID is part of the demo data, or of a sample request.
fn is_of_demo(uuid: &str) -> bool {
    static TEXTS: OnceLock<String> = OnceLock::new();
    let texts = TEXTS.get_or_init(|| {
        let files = ["local/src/demo", "events"].map(|folder| fs::read_dir(root().join(folder)).unwrap());
        files
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|file| fs::read_to_string(file.path()).ok())
            .collect()
    });
    texts.contains(uuid)
}
