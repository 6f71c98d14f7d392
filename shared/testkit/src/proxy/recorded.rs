//! Requests that reached the proxy.

use serde_json::Value;

/// A request that the proxy received.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The DynamoDB operation, such as `BatchGetItem`.
    pub operation: String,
    /// The body of the request.
    pub body: Value,
    /// The response of the engine; null if a fault replaced it.
    pub response: Value,
}

impl Recorded {
    /// Returns the capacity units that the response reports, including those of indexes.
    pub fn units(&self) -> f64 {
        let consumed = &self.response["ConsumedCapacity"];
        let tables = consumed.as_array().cloned().unwrap_or_else(|| vec![consumed.clone()]);
        tables.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum()
    }

    /// Returns the IAM actions that the request needs, each with the index it reads, if any.
    pub fn actions(&self) -> Vec<(String, Option<String>)> {
        let index = self.body["IndexName"].as_str().map(ToOwned::to_owned);
        if self.operation != "TransactWriteItems" {
            return vec![(format!("dynamodb:{}", self.operation), index)];
        }
        let writes = self.body["TransactItems"].as_array().into_iter().flatten();
        let kinds = writes.flat_map(|write| write.as_object().into_iter().flat_map(|write| write.keys()));
        let action = |kind: &String| match kind.as_str() {
            "ConditionCheck" => "dynamodb:ConditionCheckItem".to_owned(),
            kind => format!("dynamodb:{kind}Item"),
        };
        kinds.map(|kind| (action(kind), None)).collect()
    }
}
