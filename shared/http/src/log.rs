//! The log: one line of JSON per request, for CloudWatch Logs Insights.
//!
//! A line says what happened and what it cost. It contains no personal data and no content of the request: no token, header, body, query,
//! e-mail address or name.

use std::{
    io::Write,
    sync::{Arc, Mutex, PoisonError},
};

use serde::Serialize;

use crate::metrics::EmbeddedMetrics;

/// The destination of log lines.
#[derive(Clone, Debug)]
pub enum Log {
    /// Standard output, which Lambda sends to CloudWatch Logs.
    Stdout,
    /// A list in memory, for tests to read.
    Memory(Arc<Mutex<Vec<String>>>),
}

/// The log line of one request, written once the request is answered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry<'a> {
    #[serde(rename = "_aws")]
    pub(crate) metrics: EmbeddedMetrics,
    pub(crate) level: &'static str,
    pub(crate) message: &'static str,
    pub(crate) request_id: &'a str,
    pub(crate) function: &'a str,
    pub(crate) status: u16,
    /// The code of the problem; `ok` if the request succeeded.
    pub(crate) code: &'static str,
    pub(crate) duration_ms: u128,
    /// Who called: `user`, or `key:` and the id of the key. Absent if nobody was authenticated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) caller: Option<&'a str>,
    /// Whether the request passed without being counted, because the database did not count it in time.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) rate_limit_unknown: bool,
    /// The number of calls to DynamoDB that succeeded.
    pub(crate) store_calls: u32,
    /// The capacity units that these calls consumed, those of indexes included.
    pub(crate) store_units: f64,
    /// The name of the table.
    pub(crate) table: &'a str,
    /// 1 if the status is 500 or higher, otherwise 0: a metric.
    pub(crate) errors: u8,
    /// The internal cause of a failure, which the response does not contain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cause: Option<String>,
}

impl Log {
    /// Writes an entry as one line of JSON.
    pub(crate) fn write(&self, entry: &impl Serialize) {
        // A line that cannot be serialized or written is lost, because there is nowhere else to report it.
        let Ok(mut line) = serde_json::to_string(entry) else { return };
        match self {
            Self::Stdout => {
                line.push('\n');
                _ = std::io::stdout().lock().write_all(line.as_bytes());
            }
            Self::Memory(lines) => lines.lock().unwrap_or_else(PoisonError::into_inner).push(line),
        }
    }
}
