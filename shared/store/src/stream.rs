//! The records of the table's stream, as Lambda passes them to a function.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>

use padron_domain::{Error, Event};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A record of the stream: an item that was written.
#[derive(Debug)]
pub struct StreamRecord {
    /// The sequence number of the record.
    pub sequence_number: String,
    /// The id of the event whose item was written, for the log; empty if it cannot be read.
    pub id: String,
    /// The event, or why it cannot be read. `None` if another kind of item was written.
    pub event: Option<Result<Event, Error>>,
}

#[derive(Deserialize)]
struct Records<'a> {
    #[serde(rename = "Records", borrow)]
    records: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "eventName")]
    event_name: String,
    dynamodb: Change,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    sequence_number: String,
    keys: Option<Keys>,
    new_image: Option<Image>,
}

#[derive(Deserialize)]
struct Keys {
    #[serde(rename = "SK")]
    sort_key: Text,
}

#[derive(Deserialize)]
struct Image {
    entity: Option<Text>,
    doc: Option<Text>,
}

/// A string attribute.
#[derive(Deserialize)]
struct Text {
    #[serde(rename = "S")]
    text: String,
}

/// Returns the records of an event that Lambda passes to a function.
///
/// # Errors
///
/// Fails if the payload is no such event, or a record has no sequence number. An item that cannot be read is no such failure.
pub fn stream_records(payload: &str) -> Result<Vec<StreamRecord>, Error> {
    let not_records = || Error::internal("the payload is no event of a stream");
    let Records { records } = serde_json::from_str(payload).map_err(|_| not_records())?;
    records.into_iter().map(|record| stream_record(record.get()).ok_or_else(not_records)).collect()
}

fn stream_record(record: &str) -> Option<StreamRecord> {
    let unreadable = || Error::internal("an item of event cannot be read as such");
    let Ok(Record { event_name, dynamodb }) = serde_json::from_str(record) else {
        // An item that is not as expected must not hide the number of its record.
        let record: serde_json::Value = serde_json::from_str(record).ok()?;
        let dynamodb = &record["dynamodb"];
        return Some(StreamRecord {
            sequence_number: dynamodb["SequenceNumber"].as_str()?.to_owned(),
            id: dynamodb["Keys"]["SK"]["S"].as_str().unwrap_or_default().to_owned(),
            event: Some(Err(unreadable())),
        });
    };
    let Change { sequence_number, keys, new_image } = dynamodb;
    let event = match new_image {
        Some(Image { entity: Some(entity), .. }) if entity.text != "event" => None,
        Some(Image { doc, .. }) => {
            let event = doc.and_then(|doc| serde_json::from_str(&doc.text).ok());
            Some(event.ok_or_else(unreadable))
        }
        None if event_name == "REMOVE" => None,
        None => Some(Err(unreadable())),
    };
    let id = keys.map(|keys| keys.sort_key.text).unwrap_or_default();
    Some(StreamRecord { sequence_number, id, event })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreadable_item_does_not_hide_the_others() {
        let payload = r#"{"Records":[
            {"eventName":"INSERT","dynamodb":{"SequenceNumber":"1","Keys":{"SK":{"S":"a"}},"NewImage":{"entity":{"S":"event"},"doc":{"S":"{}"}}}},
            {"eventName":"INSERT","dynamodb":{"SequenceNumber":"2","Keys":{"SK":{"S":"b"}},"NewImage":{"entity":{"S":"event"},"doc":{"N":"1"}}}},
            {"eventName":"INSERT","dynamodb":{"SequenceNumber":"3","NewImage":{"entity":{"S":"event"}}}},
            {"eventName":"INSERT","dynamodb":{"SequenceNumber":"4","Keys":{"SK":{"S":"d"}},"NewImage":{"entity":{"S":"customer"}}}},
            {"eventName":"INSERT","dynamodb":{"SequenceNumber":"7","Keys":{"SK":{"S":"g"}}}},
            {"eventName":"REMOVE","dynamodb":{"SequenceNumber":"5","Keys":{"SK":{"S":"e"}}}},
            {"eventName":"INSERT","dynamodb":{"SequenceNumber":"6","Keys":{"SK":{"S":"f"}},"NewImage":{"entity":{"S":"event"},"doc":{"S":"{\"id\":\"019bc186-de00-7a3c-8f21-5d6e7f8a9b0c\",\"organization\":\"550e8400-e29b-41d4-a716-446655440000\",\"actor\":\"operator\",\"at\":\"2026-01-15T12:00:00.000Z\",\"type\":\"organization.restored\",\"data\":{}}"}}}}
        ]}"#;
        let records = stream_records(payload).unwrap();
        let outcome = |record: &StreamRecord| match &record.event {
            Some(Ok(event)) => event.data.event_type(),
            Some(Err(_)) => "unreadable",
            None => "other",
        };
        let seen: Vec<(&str, &str, &str)> =
            records.iter().map(|record| (&*record.sequence_number, &*record.id, outcome(record))).collect();
        assert_eq!(
            seen,
            [
                ("1", "a", "unreadable"),
                ("2", "b", "unreadable"),
                ("3", "", "unreadable"),
                ("4", "d", "other"),
                ("7", "g", "unreadable"),
                ("5", "e", "other"),
                ("6", "f", "organization.restored"),
            ]
        );
        assert!(stream_records("{}").is_err() && stream_records("[1]").is_err());
    }
}
