//! Imports customers. Each row has an identity, by which a repeated import finds its customer.

pub(crate) mod csv;
mod report;
mod row;
mod run;

use padron_domain::{CustomerId, Error, Failure};
use padron_http::{
    Input, PAYLOAD_TOO_LARGE, Query, Request, UNSUPPORTED_MEDIA_TYPE, no_encoding,
    openapi::{Operation, Schemas},
    unsupported,
};
use padron_store::CustomerIdentity;
use serde_json::json;

use self::row::Row;
pub(crate) use self::{report::ImportReport, run::run};

/// The maximum size of a part of a file, in bytes. As base64 in an event it is below Lambda's 6 MB.
const MAX_SIZE: usize = 4 * 1024 * 1024;
/// The maximum number of rows of a part of a file.
const MAX_ROWS: usize = 2000;
/// The maximum length of the name of a source, in characters.
const MAX_SOURCE_LENGTH: usize = 200;

/// What happens to a row whose customer exists and differs from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The customer stays as it is, and the row is reported as a conflict.
    Insert,
    /// The customer is updated.
    Upsert,
}

/// A part of a file with customers.
#[derive(Debug)]
pub struct ImportFile {
    rows: Vec<Row>,
    mode: Mode,
    /// The name of the file whose lines identify their rows; `None` if they do not.
    source: Option<String>,
}

impl ImportFile {
    /// Returns the identity of a row that has none of its own: an id that is made from the source and the line.
    fn identity_of_line(&self, line: u64) -> Option<CustomerIdentity> {
        let source = self.source.as_ref()?;
        let hash = padron_store::sha256(&[source.as_bytes(), &line.to_be_bytes()]);
        CustomerId::parse(&hash[..24]).map(CustomerIdentity::Id)
    }
}

impl Input for ImportFile {
    const FAILURES: &'static [Failure] =
        &[UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE, Failure::INVALID_REQUEST];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        let query = Query::read(request, &["mode", "source", "firstLine", "unknownColumns"])?;
        let mode = query.parse("mode", "`insert` (the default) or `upsert`.", |mode| match mode {
            "insert" => Some(Mode::Insert),
            "upsert" => Some(Mode::Upsert),
            _ => None,
        })?;
        let source = query.parse("source", "The name of the file, 1 to 200 characters.", |source| {
            (1..=MAX_SOURCE_LENGTH).contains(&source.chars().count()).then(|| source.to_owned())
        })?;
        let first_line = query.parse("firstLine", "A line number from 1 on.", |line| {
            line.parse().ok().filter(|line: &u64| (1..=u64::from(u32::MAX)).contains(line))
        })?;
        let ignores_unknown = query.parse("unknownColumns", "`ignore`, or leave it out.", |value| {
            (value == "ignore").then_some(())
        })?;
        no_encoding(request)?;
        let body = request.body(MAX_SIZE)?;
        let rows = match request.media_type().as_str() {
            "text/csv" | "application/csv" => csv::read(&body, first_line, ignores_unknown.is_some())?,
            "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/x-jsonlines" => row::read_ndjson(&body, first_line),
            _ => {
                return Err(unsupported("Send the file as `text/csv` or as `application/x-ndjson`."));
            }
        };
        if rows.len() > MAX_ROWS {
            let detail = "A request has at most 2,000 rows. Send the file in parts, each with the header.";
            return Err(Error::invalid("", "too_many_rows", detail));
        }
        Ok(Self { rows, mode: mode.unwrap_or(Mode::Insert), source })
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        let modes = json!({ "type": "string", "enum": ["insert", "upsert"], "default": "insert" });
        operation.parameter(
            "query",
            "mode",
            "Whether customers that differ from their row are updated",
            false,
            &modes,
        );
        let source = json!({ "type": "string", "minLength": 1, "maxLength": MAX_SOURCE_LENGTH });
        operation.parameter(
            "query",
            "source",
            "Name of the file: a row without `id`, `number` and `externalId` is identified by it and by the number of its line",
            false,
            &source,
        );
        let line = json!({ "type": "integer", "minimum": 1, "maximum": u32::MAX });
        operation.parameter(
            "query",
            "firstLine",
            "Line number of the first row in the whole file, if this is not its beginning",
            false,
            &line,
        );
        let ignore = json!({ "type": "string", "enum": ["ignore"] });
        operation.parameter(
            "query",
            "unknownColumns",
            "Ignores unknown columns of a CSV file",
            false,
            &ignore,
        );
        operation.text_body(&["text/csv", "application/csv", "application/x-ndjson"]);
    }
}
