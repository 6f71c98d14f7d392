//! A second table that receives every write later, for eventually consistent reads and indexes.

use std::{sync::Mutex, time::Duration};

use http::StatusCode;
use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::Shared;

/// A second table that receives every write with a delay. Eventually consistent reads and indexes see its state.
#[derive(Debug)]
pub(super) struct Replica {
    pub(super) table: String,
    pub(super) lag: Mutex<Duration>,
    /// The lock that is held while written items are looked up, so that no older state follows a newer one.
    pub(super) order: tokio::sync::Mutex<mpsc::UnboundedSender<Batch>>,
    pub(super) written: watch::Sender<u64>,
    pub(super) applied: watch::Receiver<u64>,
}

/// The items that one request wrote, in their state after it, with their keys.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) due: Instant,
    pub(super) items: Vec<(Value, Option<Value>)>,
    /// The headers of the request, which contain its credentials.
    pub(super) parts: http::request::Parts,
}

impl Shared {
    /// Sends a request to the table or, if it need not be strongly consistent, to the replica.
    pub(super) async fn read_or_write(
        &self,
        parts: &http::request::Parts,
        operation: &str,
        request: &Value,
    ) -> Option<(StatusCode, Value)> {
        let Some(Replica { table: replica, .. }) = self.replica.get() else {
            return self.forward(parts, request).await;
        };
        let mut request = request.clone();
        if operation == "Query" && request["ConsistentRead"] != json!(true) {
            request["TableName"] = json!(replica);
        }
        let mut renamed = None;
        if operation == "BatchGetItem"
            && let Some(tables) = request["RequestItems"].as_object_mut()
            && let Some((table, batch)) =
                tables.iter().next().map(|(name, batch)| (name.clone(), batch.clone()))
            && batch["ConsistentRead"] != json!(true)
        {
            tables.clear();
            tables.insert(replica.clone(), batch);
            renamed = Some(table);
        }
        let (status, mut response) = self.forward(parts, &request).await?;
        if let Some(table) = renamed {
            for part in ["Responses", "UnprocessedKeys"] {
                if let Some(found) = response[part].as_object_mut().and_then(|tables| tables.remove(replica))
                {
                    response[part][&table] = found;
                }
            }
        }
        Some((status, response))
    }

    /// Queues the written items for the replica.
    pub(super) async fn replicate(&self, parts: &http::request::Parts, keys: &[Value], lag: Duration) {
        let Some(replica) = self.replica.get().filter(|_| !keys.is_empty()) else { return };
        let sender = replica.order.lock().await;
        let table = keys[0]["table"].as_str().unwrap_or_default();
        let mut wanted: Vec<&Value> = Vec::new();
        for key in keys {
            if !wanted.contains(&&key["key"]) {
                wanted.push(&key["key"]);
            }
        }
        let get = json!({ "RequestItems": { table: { "Keys": wanted, "ConsistentRead": true } } });
        let got = self.ask(parts, "BatchGetItem", &get).await.expect("the engine answers");
        let got = got["Responses"][table].as_array().cloned().unwrap_or_default();
        let item_of =
            |key: &Value| got.iter().find(|item| item["PK"] == key["PK"] && item["SK"] == key["SK"]);
        let items = wanted.into_iter().map(|key| (key.clone(), item_of(key).cloned())).collect();
        replica.written.send_modify(|count| *count += 1);
        _ = sender.send(Batch { due: Instant::now() + lag, items, parts: parts.clone() });
    }

    /// Writes items to the replica.
    pub(super) async fn apply(&self, parts: &http::request::Parts, items: &[(Value, Option<Value>)]) {
        let Some(Replica { table, .. }) = self.replica.get() else { return };
        let write = |(key, item): &(Value, Option<Value>)| match item {
            Some(item) => json!({ "PutRequest": { "Item": item } }),
            None => json!({ "DeleteRequest": { "Key": key } }),
        };
        for items in items.chunks(25) {
            let writes: Vec<Value> = items.iter().map(write).collect();
            let done = self.ask(parts, "BatchWriteItem", &json!({ "RequestItems": { table: writes } })).await;
            assert!(done.is_some(), "the replica takes what the table took");
        }
    }
}
