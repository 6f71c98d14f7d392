//! The endpoint `GET /organizations/{organizationId}/customers/export`, which returns all customers of an organization as a file.

use std::time::Duration;

use padron_domain::{Customer, CustomerNumber, Direction, Error, Failure, Scope};
use padron_dto::customer::record::CustomerRecord;
use padron_http::{
    Admin, Context, Endpoint, FilePart, Input, LineFormat, Lines, Query, Request, Route, describe_cursor,
    invalid_cursor,
    openapi::{Operation, Schemas},
};
use padron_store::{Action, Consistency, CustomersPage, NumberRange, Store};
use serde_json::json;

use crate::{
    ancestors::{AncestorDepth, read_ancestors, with_live_parent},
    import::csv,
};

/// The endpoint that returns all customers of an organization as a file.
#[derive(Debug)]
pub struct ExportCustomers;

/// The part of the file that a request asks for.
#[derive(Debug)]
pub struct ExportQuery {
    format: LineFormat,
    cursor: Option<String>,
}

/// The name of the file.
const STEM: &str = "customers";
/// The number of customers that are read at once.
const BATCH: usize = 500;
/// The time that is kept in reserve. When less of the request's time is left, the part ends.
const RESERVE: Duration = Duration::from_secs(3);

impl Input for ExportQuery {
    const FAILURES: &'static [Failure] = &[Failure::INVALID_REQUEST];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        let query = Query::read(request, &["format", "cursor"])?;
        let format = query.parse("format", "`ndjson` (the default) or `csv`.", |name| {
            LineFormat::ALL.into_iter().find(|format| format.name() == name)
        })?;
        let accepts_csv = request.header("accept").is_some_and(|accept| accept.contains("text/csv"));
        let by_header = if accepts_csv { LineFormat::Csv } else { LineFormat::Ndjson };
        let cursor = query.get("cursor").map(ToOwned::to_owned);
        Ok(Self { format: format.unwrap_or(by_header), cursor })
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        let formats = json!({ "type": "string", "enum": LineFormat::ALL.map(LineFormat::name) });
        operation.parameter(
            "query",
            "format",
            "Format of the file; by default `csv` if `Accept` names `text/csv`, otherwise `ndjson`",
            false,
            &formats,
        );
        describe_cursor(operation);
    }
}

impl Endpoint for ExportCustomers {
    const ROUTE: Route = Route::get("export-customers", "/organizations/{organizationId}/customers/export");
    const SUMMARY: &'static str =
        "Returns all customers as a file, CSV or NDJSON, in parts of at most 4.5 MB";
    const SCOPE: Option<Scope> = Some(Scope::ReadCustomers);
    const ACCEPTS_KEYS: bool = true;
    const ACTIONS: &'static [&'static [Action]] = &[Store::CUSTOMERS, Store::CUSTOMER_ANCESTORS];
    const MEMORY: u16 = 512;
    type Access = Admin;
    type Input = ExportQuery;
    type Output = FilePart;

    async fn handle(cx: &Context<'_>, admin: Admin, query: ExportQuery) -> Result<Self::Output, Error> {
        let ExportQuery { format, cursor } = query;
        let organization = admin.organization().id;
        let context =
            [Self::ROUTE.function.as_bytes(), format.media_type().as_bytes(), organization.uuid().as_bytes()]
                .concat();
        let mut after = None;
        let mut lines = Lines::new(format);
        match &cursor {
            Some(cursor) => {
                let number = cx.secrets().open_cursor(&context, cursor);
                let number = number.and_then(|bytes| Some(u64::from_be_bytes(bytes.try_into().ok()?)));
                after = Some(number.and_then(CustomerNumber::new).ok_or_else(invalid_cursor)?);
            }
            // The parts of a file can be joined, so that only the first has the header.
            None if format == LineFormat::Csv => _ = lines.push(&csv::header()),
            None => {}
        }
        loop {
            let bounds = (CustomerNumber::MIN, CustomerNumber::MAX);
            let span = NumberRange { direction: Direction::Ascending, bounds, after, skip: 0, limit: BATCH };
            let CustomersPage { customers, next } = cx.store().customers(organization, span).await?;
            // A parent that no longer exists is shown as none, as in lists.
            let depth = AncestorDepth::Parent;
            let ancestors =
                read_ancestors(cx.store(), organization, &customers, depth, Consistency::Eventual).await?;
            let mut is_full = false;
            for customer in customers {
                let number = customer.number;
                if !lines.push(&line(with_live_parent(&ancestors, customer), format)?) {
                    is_full = true;
                    break;
                }
                after = Some(number);
            }
            if !is_full {
                match next {
                    Some(next) => after = Some(next),
                    None => return Ok(FilePart { stem: STEM, lines }),
                }
            }
            if is_full || !cx.has_time(RESERVE) {
                let number = after.unwrap_or(CustomerNumber::MIN).get().to_be_bytes();
                let cursor = cx.secrets().seal_cursor(&context, &number)?;
                let next = format!("format={}&cursor={cursor}", format.name());
                return Ok(FilePart { stem: STEM, lines: lines.next(next) });
            }
        }
    }
}

/// Returns the line of a customer.
fn line(customer: Customer, format: LineFormat) -> Result<String, Error> {
    match format {
        LineFormat::Csv => csv::line(&customer),
        LineFormat::Ndjson => serde_json::to_string(&CustomerRecord::from(customer))
            .map_err(|_| Error::internal("a customer is not JSON")),
    }
}
