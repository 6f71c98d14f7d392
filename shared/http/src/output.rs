//! The types of successful responses.

use std::marker::PhantomData;

use padron_domain::{Error, Failure, FailureClass, ImageFormat, Timestamp};
use padron_store::Action;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    describe::{Operation, Schemas},
    entity_tag::EntityTag,
    event::Request,
    response::{EmbeddedFile, Response},
};

/// The failure of a page that is larger than one response can be.
pub const PAGE_TOO_LARGE: Failure = Failure::new(
    FailureClass::Unprocessable,
    "page_too_large",
    "The page is larger than one response can be",
)
.with_hint("Ask for fewer at a time.");

/// The response of an endpoint that succeeds.
pub trait Output: Sized {
    /// Whether the response is that of a write.
    const IS_WRITE: bool = false;
    /// The store actions that producing the response needs.
    const ACTIONS: &'static [Action] = &[];
    /// The failures of producing the response.
    const FAILURES: &'static [Failure] = &[];

    /// Converts the output to a response.
    fn into_response(self, request: &Request<'_>) -> Result<Response, Error>;

    /// Adds the response to the description of an operation.
    fn describe(operation: &mut Operation, schemas: &mut Schemas);
}

impl Output for Response {
    fn into_response(self, _: &Request<'_>) -> Result<Response, Error> {
        Ok(self)
    }

    fn describe(_: &mut Operation, _: &mut Schemas) {}
}

/// A response with status 200 and a JSON body.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: Serialize + JsonSchema> Output for Body<T> {
    fn into_response(self, _: &Request<'_>) -> Result<Response, Error> {
        Response::json(200, &self.0)
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.succeeds("200", Some(&schemas.response::<T>()));
    }
}

/// A response with status 202 and a JSON body: the work is still to be done (RFC 9110 §15.3.3).
#[derive(Debug)]
pub struct Accepted<T>(pub T);

impl<T: Serialize + JsonSchema> Output for Accepted<T> {
    fn into_response(self, _: &Request<'_>) -> Result<Response, Error> {
        Response::json(202, &self.0)
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.succeeds("202", Some(&schemas.response::<T>()));
    }
}

/// A response with status 200 and a JSON body that is the same for everyone, and that caches may keep for an hour.
#[derive(Debug)]
pub struct Public<T>(pub T);

impl<T: Serialize + JsonSchema> Output for Public<T> {
    fn into_response(self, request: &Request<'_>) -> Result<Response, Error> {
        Ok(Response::json(200, &self.0)?.public(request))
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.succeeds("200", Some(&schemas.response::<T>()));
        operation.versioned();
    }
}

/// A response with status 200 and a picture that never changes. Everyone may keep it for a year.
#[derive(Debug)]
pub struct Picture {
    /// The format.
    pub format: ImageFormat,
    /// The picture.
    pub content: Vec<u8>,
    /// The SHA-256 hash of the picture, in hexadecimal digits.
    pub sha256: String,
}

impl Output for Picture {
    fn into_response(self, request: &Request<'_>) -> Result<Response, Error> {
        Ok(Response::file(self.format.media_type(), &self.content, &self.sha256, request))
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        operation.succeeds("200", None);
        for format in ImageFormat::ALL {
            operation.binary_content("200", format.media_type());
        }
        operation.versioned();
        operation.response_header("ETag", "SHA-256 hash of the picture: send it back in `If-None-Match`");
    }
}

/// A response with status 200 and a page.
#[derive(Debug)]
pub struct Html(pub EmbeddedFile);

impl Output for Html {
    fn into_response(self, request: &Request<'_>) -> Result<Response, Error> {
        Ok(Response::embedded("text/html; charset=utf-8", &self.0, request))
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        operation.succeeds("200", None);
        operation.content("200", "text/html");
        operation.versioned();
    }
}

/// A response with status 200 and a file of JSON.
#[derive(Debug)]
pub struct JsonFile(pub EmbeddedFile);

impl Output for JsonFile {
    fn into_response(self, request: &Request<'_>) -> Result<Response, Error> {
        Ok(Response::embedded("application/json", &self.0, request))
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        let schema = serde_json::json!({ "type": "object", "description": "An OpenAPI document" });
        operation.succeeds("200", Some(&schema));
        operation.versioned();
    }
}

/// A response with status 201 and the created object, for objects that have no URL of their own.
#[derive(Debug)]
pub struct CreatedWithoutLocation<T>(pub T);

impl<T: Serialize + JsonSchema> Output for CreatedWithoutLocation<T> {
    fn into_response(self, _: &Request<'_>) -> Result<Response, Error> {
        Response::json(201, &self.0)
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.succeeds("201", Some(&schemas.response::<T>()));
    }
}

/// A response with status 201, the created object and its `Location`.
#[derive(Debug)]
pub struct Created<V> {
    /// The path of the created object, from the API's root. The header `Location` is relative to the request.
    pub location: String,
    /// The created object: a [`Versioned`] or a [`Warned`].
    pub versioned: V,
}

impl<V: Output> Output for Created<V> {
    const FAILURES: &'static [Failure] = V::FAILURES;

    fn into_response(self, request: &Request<'_>) -> Result<Response, Error> {
        let location = relative(request.path(), &self.location);
        let response = self.versioned.into_response(request)?;
        Ok(response.with_status(201).header("location", location))
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        V::describe(operation, schemas);
        operation.succeeds_as("201");
        operation.response_header(
            "Location",
            "URL of the created resource, relative to the request (RFC 9110 §10.2.2)",
        );
    }
}

/// Returns the relative reference (RFC 3986 §4.2) from one path to another. It is valid whatever the domain and the base path are.
fn relative(from: &str, to: &str) -> String {
    let folders: Vec<&str> = from.rsplit_once('/').map_or("", |(folder, _)| folder).split('/').collect();
    let steps: Vec<&str> = to.split('/').collect();
    let shared =
        folders.iter().zip(&steps[..steps.len() - 1]).take_while(|(one, other)| one == other).count();
    format!("{}{}", "../".repeat(folders.len() - shared), steps[shared..].join("/"))
}

/// A response with status 207: the outcome of each part of a request (RFC 4918 §11.1).
#[derive(Debug)]
pub struct MultiStatus<T>(pub T);

impl<T: Serialize + JsonSchema> Output for MultiStatus<T> {
    fn into_response(self, _: &Request<'_>) -> Result<Response, Error> {
        Response::json(207, &self.0)
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.succeeds("207", Some(&schemas.response::<T>()));
    }
}

/// A response with status 204, without a body.
#[derive(Debug)]
pub struct NoContent;

impl Output for NoContent {
    fn into_response(self, _: &Request<'_>) -> Result<Response, Error> {
        Ok(Response::empty(204))
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        operation.succeeds("204", None);
    }
}

/// A response with status 200 and a JSON array: one page of a list, and the link to the next one.
#[derive(Debug)]
pub struct Array<T> {
    json: String,
    len: usize,
    next: Option<String>,
    total: Option<u64>,
    items: PhantomData<T>,
}

/// The maximum size of a page's body, in bytes.
const MAX_PAGE_SIZE: usize = 4_500_000;
/// The maximum size of a body in the response event, in bytes. Quotes, backslashes and line breaks take two bytes there. Lambda's limit is 6 MB.
const MAX_ESCAPED_SIZE: usize = 5_900_000;

/// Returns the size of a text in the response event, in bytes.
fn escaped_len(text: &str) -> usize {
    text.len() + text.bytes().filter(|byte| matches!(byte, b'"' | b'\\' | b'\n' | b'\r' | b'\t')).count()
}

impl<T: Serialize> Array<T> {
    /// Serializes items as long as they fit into a response. [`Array::len`] returns how many of them fit.
    pub fn new(items: impl IntoIterator<Item = T>) -> Result<Self, Error> {
        let mut json = String::from("[");
        let (mut len, mut escaped_size) = (0, 0);
        for item in items {
            let item = serde_json::to_string(&item).map_err(|_| Error::internal("a response is not JSON"))?;
            escaped_size += escaped_len(&item);
            if json.len() + item.len() + 2 > MAX_PAGE_SIZE || escaped_size > MAX_ESCAPED_SIZE {
                break;
            }
            if len > 0 {
                json.push(',');
            }
            json.push_str(&item);
            len += 1;
        }
        json.push(']');
        Ok(Self { json, len, next: None, total: None, items: PhantomData })
    }

    /// Adds the header `Link: <?…>; rel="next"` (RFC 8288) with the query of the next page.
    #[must_use]
    pub fn next(self, next: Option<String>) -> Self {
        Self { next, ..self }
    }

    /// Returns the number of items.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds the header `X-Total-Count`.
    #[must_use]
    pub fn total(self, total: u64) -> Self {
        Self { total: Some(total), ..self }
    }
}

impl<T: Serialize + JsonSchema + Send> Output for Array<T> {
    fn into_response(self, _: &Request<'_>) -> Result<Response, Error> {
        let mut response = Response::text(200, "application/json", self.json);
        if let Some(total) = self.total {
            response = response.header("x-total-count", total.to_string());
        }
        Ok(response.next(self.next.as_deref()))
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.succeeds("200", Some(&schemas.response::<Vec<T>>()));
        operation.response_header("X-Total-Count", "Total number of items");
        operation
            .response_header("Link", "`<?…>; rel=\"next\"`: the next page, while there is one (RFC 8288)");
    }
}

/// A list of changes since an instant, and the instant up to which the list is complete.
#[derive(Debug)]
pub struct Changes<O> {
    /// The list.
    pub list: O,
    /// The instant up to which the list contains every change; `None` if the list is not a first page, or not a list of changes.
    pub complete_until: Option<Timestamp>,
}

impl<O: Output> Output for Changes<O> {
    const FAILURES: &'static [Failure] = O::FAILURES;

    fn into_response(self, request: &Request<'_>) -> Result<Response, Error> {
        let response = self.list.into_response(request)?;
        Ok(match self.complete_until {
            Some(until) => response.header("x-complete-until", until.to_string()),
            None => response,
        })
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        O::describe(operation, schemas);
        operation.response_header(
            "X-Complete-Until",
            "On the first page of a list with `updatedAtFrom`: every change until then is in the list. The next one goes on from there",
        );
    }
}

/// The format of a text of lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineFormat {
    /// A line of JSON for each item (NDJSON).
    #[default]
    Ndjson,
    /// Comma-separated values (RFC 4180), in UTF-8.
    Csv,
}

impl LineFormat {
    /// All formats.
    pub const ALL: [Self; 2] = [Self::Ndjson, Self::Csv];

    /// Returns the name, which is also the extension of files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
        }
    }

    /// Returns the media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }
}

/// A text of lines that fits into one response, and the link to the next lines.
#[derive(Debug, Default)]
pub struct Lines {
    format: LineFormat,
    text: String,
    /// The size of the text in the response event, in bytes.
    escaped_size: usize,
    next: Option<String>,
}

impl Lines {
    /// Creates a text without lines.
    pub fn new(format: LineFormat) -> Self {
        Self { format, ..Self::default() }
    }

    /// Adds a line, without a line break at its end, and returns `false` if the response has no room for it. The first line always fits.
    pub fn push(&mut self, line: &str) -> bool {
        let escaped_size = self.escaped_size + escaped_len(line) + 4;
        let fits = self.text.len() + line.len() < MAX_PAGE_SIZE && escaped_size <= MAX_ESCAPED_SIZE;
        if !fits && !self.text.is_empty() {
            return false;
        }
        self.escaped_size = escaped_size;
        self.text.push_str(line);
        self.text.push_str(match self.format {
            LineFormat::Ndjson => "\n",
            LineFormat::Csv => "\r\n",
        });
        true
    }

    /// Adds the header `Link: <?…>; rel="next"` (RFC 8288) with the query of the next lines.
    #[must_use]
    pub fn next(self, next: String) -> Self {
        Self { next: Some(next), ..self }
    }

    fn into_response(self) -> Response {
        Response::text(200, self.format.media_type(), self.text).next(self.next.as_deref())
    }

    /// Adds the response to the description of an operation.
    fn describe(operation: &mut Operation, formats: &[LineFormat]) {
        operation.succeeds("200", None);
        for format in formats {
            operation.content("200", format.media_type().split(';').next().unwrap_or_default());
        }
        operation
            .response_header("Link", "`<?…>; rel=\"next\"`: the next page of the export, while there is one");
    }
}

/// A response with status 200 and a line of JSON for each item (NDJSON), and the link to the next lines.
#[derive(Debug)]
pub struct Ndjson(pub Lines);

impl Output for Ndjson {
    fn into_response(self, _: &Request<'_>) -> Result<Response, Error> {
        Ok(self.0.into_response())
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        Lines::describe(operation, &[LineFormat::Ndjson]);
    }
}

/// A response with status 200 and a file in the format that the request asks for, and the link to its next part.
#[derive(Debug)]
pub struct FilePart {
    /// The name of the file without its extension, for browsers.
    pub stem: &'static str,
    /// The lines.
    pub lines: Lines,
}

impl Output for FilePart {
    fn into_response(self, _: &Request<'_>) -> Result<Response, Error> {
        let disposition = format!("attachment; filename=\"{}.{}\"", self.stem, self.lines.format.name());
        Ok(self.lines.into_response().header("content-disposition", disposition))
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        Lines::describe(operation, &LineFormat::ALL);
    }
}

/// A response with status 200 and a JSON object that contains one page of a list, and the link to the next one.
///
/// Fails with [`PAGE_TOO_LARGE`] if the page does not fit into a response. An endpoint whose pages can grow that large declares it.
#[derive(Debug)]
pub struct Page<T> {
    /// The object that contains the page.
    pub body: T,
    /// The query of the next page; `None` on the last page.
    pub next: Option<String>,
}

impl<T: Serialize + JsonSchema> Output for Page<T> {
    fn into_response(self, _: &Request<'_>) -> Result<Response, Error> {
        let response = Response::json(200, &self.body)?;
        if response.body().len() > MAX_PAGE_SIZE || escaped_len(response.body()) > MAX_ESCAPED_SIZE {
            return Err(PAGE_TOO_LARGE.into());
        }
        Ok(response.next(self.next.as_deref()))
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.succeeds("200", Some(&schemas.response::<T>()));
        operation
            .response_header("Link", "`<?…>; rel=\"next\"`: the next page, while there is one (RFC 8288)");
    }
}

/// A response with status 200, a JSON body and an entity tag, for conditional requests.
#[derive(Debug)]
pub struct Versioned<T> {
    /// The version of the record, which grows with every write. `If-Match` is compared with it.
    pub version: u64,
    /// The body.
    pub body: T,
}

impl<T: Serialize + JsonSchema> Output for Versioned<T> {
    fn into_response(self, request: &Request<'_>) -> Result<Response, Error> {
        let response = Response::json(200, &self.body)?;
        let tag = EntityTag::new(self.version, response.body());
        Ok(response.entity_tag(tag, request))
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.succeeds("200", Some(&schemas.response::<T>()));
        operation.versioned();
    }
}

/// A response with status 200 that has more than a record, such as warnings about it.
///
/// The entity tag covers the record only, so it equals the tag that reading the record returns.
#[derive(Debug)]
pub struct VersionedPart<B, T> {
    /// The version of the record.
    pub version: u64,
    /// The body.
    pub body: B,
    /// Returns the record in the body.
    pub record: fn(&B) -> &T,
}

impl<B: Serialize + JsonSchema, T: Serialize> Output for VersionedPart<B, T> {
    fn into_response(self, request: &Request<'_>) -> Result<Response, Error> {
        let record = Response::json(200, (self.record)(&self.body))?;
        let tag = EntityTag::new(self.version, record.body());
        Ok(Response::json(200, &self.body)?.entity_tag(tag, request))
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.succeeds("200", Some(&schemas.response::<B>()));
        operation.versioned();
    }
}
