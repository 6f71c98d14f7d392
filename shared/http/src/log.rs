//! One line of JSON per request, for CloudWatch Logs Insights.
//!
//! It says what happened and what it cost, never who asked for what: no token, header, body, query, e-mail or name.

use std::{
    io::Write,
    sync::{Arc, Mutex, PoisonError},
};

use serde::Serialize;

/// Where lines go.
#[derive(Clone, Debug)]
pub enum Log {
    /// Standard output, which Lambda sends to CloudWatch.
    Stdout,
    /// Kept for a test to read.
    Kept(Arc<Mutex<Vec<String>>>),
}

/// One request, when it is answered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry<'a> {
    pub(crate) level: &'static str,
    pub(crate) message: &'static str,
    pub(crate) request_id: &'a str,
    pub(crate) function: &'a str,
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) duration_ms: u128,
    pub(crate) store_calls: u32,
    pub(crate) store_units: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cause: Option<String>,
}

impl Log {
    pub(crate) fn write(&self, entry: &impl Serialize) {
        // A line that cannot be made or written is lost: there is nowhere left to say so.
        let Ok(mut line) = serde_json::to_string(entry) else { return };
        match self {
            Self::Stdout => {
                line.push('\n');
                _ = std::io::stdout().lock().write_all(line.as_bytes());
            }
            Self::Kept(lines) => lines.lock().unwrap_or_else(PoisonError::into_inner).push(line),
        }
    }
}
