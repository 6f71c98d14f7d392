//! Metrics in the embedded metric format of CloudWatch: a line of the log is also the metrics of its request.
//!
//! Source: CloudWatch User Guide, "Embedded metric format specification".

use padron_domain::Timestamp;
use serde::Serialize;

/// The namespace of the metrics in CloudWatch.
const NAMESPACE: &str = "Padron";

/// What the metrics of an installation are told apart by.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// The name of the table, which each installation has of its own.
    pub table: String,
    /// Whether each function has metrics of its own, beside those of the installation. CloudWatch charges for each.
    pub by_function: bool,
}

/// The member `_aws` of a line, which makes other members of the line metrics.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct EmbeddedMetrics {
    timestamp: i64,
    cloud_watch_metrics: [Directive; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: &'static str,
    dimensions: &'static [&'static [&'static str]],
    metrics: &'static [Metric],
}

/// A metric: the name of a member of the line, and its unit.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    name: &'static str,
    unit: &'static str,
}

const STORE_UNITS: Metric = Metric { name: "storeUnits", unit: "Count" };
const ERRORS: Metric = Metric { name: "errors", unit: "Count" };
const DURATION: Metric = Metric { name: "durationMs", unit: "Milliseconds" };

impl EmbeddedMetrics {
    /// The metrics of a request: how long it took, the capacity units that it consumed, and whether it failed with a status of 500 or higher.
    pub(crate) fn of_request(metrics: &Metrics, now: Timestamp) -> Self {
        Self::new(metrics, now, &[DURATION, STORE_UNITS, ERRORS])
    }

    /// The metrics of an invocation of a job or a consumer: the capacity units that it consumed, and whether it failed.
    pub(crate) fn of_invocation(metrics: &Metrics, now: Timestamp) -> Self {
        Self::new(metrics, now, &[STORE_UNITS, ERRORS])
    }

    fn new(metrics: &Metrics, now: Timestamp, measured: &'static [Metric]) -> Self {
        let dimensions: &'static [&'static [&'static str]] =
            if metrics.by_function { &[&["table"], &["table", "function"]] } else { &[&["table"]] };
        let directive = Directive { namespace: NAMESPACE, dimensions, metrics: measured };
        Self { timestamp: now.millis(), cloud_watch_metrics: [directive] }
    }
}
