//! Requests and responses of DynamoDB, as JSON.

use std::collections::BTreeSet;

use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use serde_json::{Value, json};

/// Returns the headers, the operation and the body of a request.
pub(super) async fn read(request: Request<Incoming>) -> Option<(http::request::Parts, String, Value)> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.ok()?.to_bytes();
    let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.split('.').nth(1)).unwrap_or_default().to_owned();
    Some((parts, operation, serde_json::from_slice(&body).unwrap_or_default()))
}

pub(super) fn respond(status: StatusCode, body: &Value) -> Option<Response<Full<Bytes>>> {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/x-amz-json-1.0")
        .body(Full::from(body.to_string()))
        .ok()
}

/// Returns the table and the key of every item that a request writes or, in a transaction, checks, in order.
pub(super) fn keys_written(operation: &str, body: &Value) -> Vec<Value> {
    let key = |table: &Value, item: &Value| json!({ "table": table, "key": { "PK": item["PK"], "SK": item["SK"] } });
    let of_write =
        |write: &Value| if write["Item"].is_object() { write["Item"].clone() } else { write["Key"].clone() };
    match operation {
        "PutItem" | "UpdateItem" | "DeleteItem" => vec![key(&body["TableName"], &of_write(body))],
        "TransactWriteItems" => {
            let writes = body["TransactItems"].as_array().into_iter().flatten();
            let writes = writes.filter_map(|write| write.as_object()?.values().next());
            writes.map(|write| key(&write["TableName"], &of_write(write))).collect()
        }
        "BatchWriteItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            let writes = tables.flat_map(|(table, writes)| {
                writes.as_array().into_iter().flatten().map(move |write| (json!(table), write))
            });
            let writes =
                writes.filter_map(|(table, write)| Some((table, write.as_object()?.values().next()?)));
            writes.map(|(table, write)| key(&table, &of_write(write))).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns the partition keys that a request reads or writes, without duplicates.
pub(super) fn partitions(body: &Value, keys: &[Value]) -> Vec<String> {
    let written = keys.iter().map(|key| &key["key"]["PK"]["S"]);
    let queried = [&body["ExpressionAttributeValues"][":pk"]["S"]].into_iter();
    let tables = body["RequestItems"].as_object().into_iter().flatten();
    let read = tables
        .flat_map(|(_, batch)| batch["Keys"].as_array().into_iter().flatten())
        .map(|key| &key["PK"]["S"]);
    let all = written.chain(queried).chain(read).filter_map(Value::as_str).map(ToOwned::to_owned);
    all.collect::<BTreeSet<String>>().into_iter().collect()
}

/// Returns the response to a cancelled transaction, with a reason code for each write.
pub(super) fn cancelled(codes: impl Iterator<Item = &'static str>) -> (StatusCode, Value) {
    let reasons: Vec<Value> = codes.map(|code| json!({ "Code": code })).collect();
    let reasons = json!({ "CancellationReasons": reasons });
    refuse(StatusCode::BAD_REQUEST, "TransactionCanceledException", reasons)
}

/// Returns an error response of DynamoDB.
pub(super) fn refuse(status: StatusCode, code: &str, mut body: Value) -> (StatusCode, Value) {
    body["__type"] = json!(format!("com.amazonaws.dynamodb.v20120810#{code}"));
    body["message"] = json!("injected");
    (status, body)
}

/// Removes the matching keys from a batch, and returns them in the form of DynamoDB's unprocessed keys.
pub(super) fn withhold(request: &mut Value, matches: impl Fn(&Value) -> bool) -> Value {
    let mut withheld = json!({});
    let Some(tables) = request["RequestItems"].as_object_mut() else { return withheld };
    for (table, batch) in tables.iter_mut() {
        let keys = batch["Keys"].as_array().cloned().unwrap_or_default();
        let (out, left): (Vec<_>, Vec<_>) = keys.into_iter().partition(&matches);
        if !out.is_empty() {
            withheld[table] = batch.clone();
            withheld[table]["Keys"] = json!(out);
        }
        batch["Keys"] = json!(left);
    }
    tables.retain(|_, batch| batch["Keys"] != json!([]));
    withheld
}
