//! The rows of a file.

use std::sync::Arc;

use padron_domain::{Error, Violation};
use padron_dto::{
    New,
    customer::record::{CustomerRow, ImportedFields},
};
use padron_http::{SizeLimited, decode_json, from_value, size_violations};
use serde_json::{Map, Value};

use super::csv::Columns;

/// A row whose fields were read.
pub(super) type ParsedRow = SizeLimited<New<CustomerRow>>;

/// A row of a file.
#[derive(Debug)]
pub(super) struct Row {
    /// The number of its line in the file, from 1 on.
    pub(super) line: u64,
    /// The row, or why it cannot be read.
    pub(super) row: Result<ParsedRow, Error>,
    /// The columns of the file, if it has some.
    pub(super) columns: Option<Arc<Columns>>,
}

/// Reads the rows of an NDJSON file. `first_line` is the number of its first line in the whole file.
pub(super) fn read_ndjson(body: &[u8], first_line: Option<u64>) -> Vec<Row> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let lines = (first_line.unwrap_or(1)..).zip(body.split(|byte| *byte == b'\n'));
    let lines = lines.filter(|(_, text)| !text.trim_ascii().is_empty());
    lines.map(|(line, text)| Row { line, row: decode_json(text).and_then(read_row), columns: None }).collect()
}

/// Reads the fields of a row.
pub(super) fn read_row(mut fields: Map<String, Value>) -> Result<ParsedRow, Error> {
    // The organization is that of the path. Warnings are no part of a customer.
    for name in ["organizationId", "warnings"] {
        fields.remove(name);
    }
    let mut all = Value::Object(fields);
    let mut violations = size_violations(&all);
    let imported = all.as_object_mut().into_iter().flat_map(|fields| {
        ImportedFields::NAMES.iter().filter_map(|name| fields.remove_entry(*name)).collect::<Vec<_>>()
    });
    let imported = Value::Object(imported.collect());
    let is_text = |pointer| all.pointer(pointer).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    let has_country = is_text("/address/country") || is_text("/addressCountry");
    let imported: ImportedFields = from_value(imported)?;
    violations.extend(rounded_number(&imported));
    Ok(SizeLimited {
        value: New(CustomerRow { imported, fields: from_value(all)?, has_country }),
        violations,
    })
}

/// Returns a violation if the number is nearly the one that the id begins with: spreadsheets keep fifteen digits.
fn rounded_number(imported: &ImportedFields) -> Option<Violation> {
    let number = imported.number?.get();
    let id = padron_domain::CustomerId::parse(imported.id.as_deref()?)?.number()?.get();
    (number != id && number.abs_diff(id) < 10).then(|| Violation {
        pointer: "/number".into(),
        code: "rounded_number",
        detail: "A spreadsheet has rounded the number, which does not fit the id. Format the column as text, or leave it out.".into(),
    })
}
