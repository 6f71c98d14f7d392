//! The outcome of an import.

use padron_domain::{Customer, Error, Violation};
use schemars::JsonSchema;
use serde::Serialize;

use super::csv::Columns;

/// The maximum number of violations that are reported of a row.
const MAX_VIOLATIONS: usize = 5;

/// The outcome of an import.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ImportReport {
    /// Number of rows with a result.
    pub(super) processed: usize,
    /// One result for each of these rows, in the order of the file.
    pub(super) results: Vec<RowResult>,
    /// Line number of the first row that there was no time for; `null` if there is none. Send the rows from there on again.
    pub(super) next: Option<u64>,
}

/// The outcome of a row.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ImportResult")]
pub(super) struct RowResult {
    /// Number of the row's line in the file, from 1 on.
    pub(super) line: u64,
    /// What became of the row.
    pub(super) status: RowStatus,
    /// Id of the customer. Absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Number of the customer. Absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    /// Stable code of the failure. Absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// What to do about the failure. Absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Names of the fields of the record in which the customer differs from the row. Absent if the status is not `conflict`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<&'static str>,
    /// What is wrong with the row, at most five entries. Absent if nothing is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<RowError>,
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ImportStatus")]
pub(super) enum RowStatus {
    /// The customer was created.
    Created,
    /// The customer is as the row says.
    Unchanged,
    /// The customer was updated.
    Updated,
    /// The row contradicts a customer, and nothing was written.
    Conflict,
    /// The row is wrong, and nothing was written.
    Error,
}

/// What is wrong with a row.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ImportError")]
#[schemars(extend("examples" = [{ "pointer": "/taxId", "column": "RFC", "code": "invalid_format", "detail": "An RFC has 12 or 13 characters." }]))]
struct RowError {
    /// JSON pointer of the field.
    pointer: String,
    /// Name of the column in the file. Absent if the file has no columns, or none for the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<String>,
    /// Stable code.
    code: &'static str,
    /// What to do about it.
    detail: String,
}

impl RowResult {
    /// Creates the result of a row that is in agreement with its customer.
    pub(super) fn done(line: u64, status: RowStatus, customer: &Customer) -> Self {
        Self {
            line,
            status,
            id: Some(customer.id.to_string()),
            number: Some(customer.number.get()),
            code: None,
            detail: None,
            fields: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// Creates the result of a row that differs from its customer in these fields.
    pub(super) fn differs(line: u64, customer: &Customer, fields: Vec<&'static str>) -> Self {
        Self {
            code: Some("customer_differs"),
            detail: Some("The customer exists and differs from the row. `mode=upsert` updates it.".into()),
            fields,
            ..Self::done(line, RowStatus::Conflict, customer)
        }
    }

    /// Creates the result of a row that contradicts a customer.
    pub(super) fn conflict(line: u64, code: &'static str, detail: &str) -> Self {
        Self { status: RowStatus::Conflict, ..Self::refused(line, code, detail) }
    }

    fn refused(line: u64, code: &'static str, detail: &str) -> Self {
        Self {
            line,
            status: RowStatus::Error,
            id: None,
            number: None,
            code: Some(code),
            detail: Some(detail.to_owned()),
            fields: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// Creates the result of a row that is wrong.
    pub(super) fn error(line: u64, error: &Error, columns: Option<&Columns>) -> Self {
        let errors = error.violations().iter().take(MAX_VIOLATIONS).map(|violation| {
            let Violation { pointer, code, detail } = violation.clone();
            let column = columns.and_then(|columns| columns.name(pointer.trim_start_matches('/')));
            RowError { column: column.map(ToOwned::to_owned), pointer, code, detail }
        });
        let errors: Vec<RowError> = errors.collect();
        Self { errors, ..Self::refused(line, error.failure().code(), error.advice()) }
    }
}
