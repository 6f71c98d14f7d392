//! The types of successful answers.

use std::marker::PhantomData;

use padron_domain::{Class, Error, Failure, Timestamp};
use padron_store::Action;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    describe::{Operation, Schemas},
    entity_tag::EntityTag,
    event::Request,
    reply::Reply,
};

/// A page holds more than one answer can.
pub const PAGE_TOO_LARGE: Failure =
    Failure::new(Class::Unprocessable, "page_too_large", "The page is larger than one answer can be")
        .with_hint("Ask for fewer at a time.");

/// What an endpoint answers when it succeeds.
pub trait Output: Sized {
    /// Whether it tells of a write.
    const IS_WRITE: bool = false;
    /// The store actions that the answer needs.
    const ACTIONS: &'static [Action] = &[];
    /// The failures of the answer.
    const FAILURES: &'static [Failure] = &[];

    /// Makes an answer of it.
    fn reply(self, request: &Request<'_>) -> Result<Reply, Error>;

    /// Adds itself to the description of an operation.
    fn describe(operation: &mut Operation, schemas: &mut Schemas);
}

impl Output for Reply {
    fn reply(self, _: &Request<'_>) -> Result<Reply, Error> {
        Ok(self)
    }

    fn describe(_: &mut Operation, _: &mut Schemas) {}
}

/// 200 with a JSON body.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: Serialize + JsonSchema> Output for Body<T> {
    fn reply(self, _: &Request<'_>) -> Result<Reply, Error> {
        Reply::json(200, &self.0)
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.succeeds("200", Some(&schemas.response::<T>()));
    }
}

/// 201 with what was created, where it has no place of its own.
#[derive(Debug)]
pub struct CreatedWithoutLocation<T>(pub T);

impl<T: Serialize + JsonSchema> Output for CreatedWithoutLocation<T> {
    fn reply(self, _: &Request<'_>) -> Result<Reply, Error> {
        Reply::json(201, &self.0)
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.succeeds("201", Some(&schemas.response::<T>()));
    }
}

/// 201 with what was created, and where it is.
#[derive(Debug)]
pub struct Created<V> {
    /// Its path, from the API's root: it is answered relative to the request.
    pub location: String,
    /// What it is: a [`Versioned`] or a [`Warned`].
    pub versioned: V,
}

impl<V: Output> Output for Created<V> {
    const FAILURES: &'static [Failure] = V::FAILURES;

    fn reply(self, request: &Request<'_>) -> Result<Reply, Error> {
        let location = relative(request.path(), &self.location);
        let reply = self.versioned.reply(request)?;
        Ok(reply.with_status(201).header("location", location))
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        V::describe(operation, schemas);
        operation.succeeds_as("201");
        operation.response_header("Location", "Where it is, relative to the request (RFC 9110 §10.2.2)");
    }
}

/// The reference (RFC 3986 §4.2) that leads from one path to another, whatever domain and base path both are below.
fn relative(from: &str, to: &str) -> String {
    let folders: Vec<&str> = from.rsplit_once('/').map_or("", |(folder, _)| folder).split('/').collect();
    let steps: Vec<&str> = to.split('/').collect();
    let shared =
        folders.iter().zip(&steps[..steps.len() - 1]).take_while(|(one, other)| one == other).count();
    format!("{}{}", "../".repeat(folders.len() - shared), steps[shared..].join("/"))
}

/// 207: what came of each part of a request (RFC 4918 §11.1).
#[derive(Debug)]
pub struct MultiStatus<T>(pub T);

impl<T: Serialize + JsonSchema> Output for MultiStatus<T> {
    fn reply(self, _: &Request<'_>) -> Result<Reply, Error> {
        Reply::json(207, &self.0)
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.succeeds("207", Some(&schemas.response::<T>()));
    }
}

/// 204.
#[derive(Debug)]
pub struct NoContent;

impl Output for NoContent {
    fn reply(self, _: &Request<'_>) -> Result<Reply, Error> {
        Ok(Reply::empty(204))
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        operation.succeeds("204", None);
    }
}

/// 200 with a JSON array: one page of a list, with the way to the next one.
#[derive(Debug)]
pub struct Array<T> {
    json: String,
    len: usize,
    next: Option<String>,
    total: Option<u64>,
    items: PhantomData<T>,
}

/// The largest body of a page.
const MAX_PAGE_SIZE: usize = 4_500_000;
/// The largest body in the response event, where quotes and backslashes take two bytes: Lambda answers at most 6 MB.
const MAX_ESCAPED_SIZE: usize = 5_900_000;

/// How long text will be in the response event.
fn escaped(text: &str) -> usize {
    text.len() + text.bytes().filter(|byte| matches!(byte, b'"' | b'\\' | b'\n')).count()
}

impl<T: Serialize> Array<T> {
    /// Serializes items as long as they fit into an answer. [`Array::len`] returns how many do.
    pub fn new(items: impl IntoIterator<Item = T>) -> Result<Self, Error> {
        let mut json = String::from("[");
        let (mut len, mut in_event) = (0, 0);
        for item in items {
            let item = serde_json::to_string(&item).map_err(|_| Error::internal("an answer is not JSON"))?;
            in_event += escaped(&item);
            if json.len() + item.len() + 2 > MAX_PAGE_SIZE || in_event > MAX_ESCAPED_SIZE {
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

    /// Adds `Link: <?…>; rel="next"` (RFC 8288): the query of the next page.
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

    /// Adds `X-Total-Count`.
    #[must_use]
    pub fn total(self, total: u64) -> Self {
        Self { total: Some(total), ..self }
    }
}

impl<T: Serialize + JsonSchema + Send> Output for Array<T> {
    fn reply(self, _: &Request<'_>) -> Result<Reply, Error> {
        let mut reply = Reply::text(200, "application/json", self.json);
        if let Some(total) = self.total {
            reply = reply.header("x-total-count", total.to_string());
        }
        Ok(reply.next(self.next.as_deref()))
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.succeeds("200", Some(&schemas.response::<Vec<T>>()));
        operation.response_header("X-Total-Count", "How many there are in all");
        operation
            .response_header("Link", "`<?…>; rel=\"next\"`: the next page, while there is one (RFC 8288)");
    }
}

/// A list of what changed from some time on, and until when nothing is missing from it.
#[derive(Debug)]
pub struct Changes<O> {
    /// The list.
    pub list: O,
    /// Every change until then is in it; `None` where the list is no first page, or not of changes.
    pub complete_until: Option<Timestamp>,
}

impl<O: Output> Output for Changes<O> {
    const FAILURES: &'static [Failure] = O::FAILURES;

    fn reply(self, request: &Request<'_>) -> Result<Reply, Error> {
        let reply = self.list.reply(request)?;
        Ok(match self.complete_until {
            Some(until) => reply.header("x-complete-until", until.to_string()),
            None => reply,
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

/// 200 with a line of JSON for each item (NDJSON), and the way to the lines after them.
#[derive(Debug, Default)]
pub struct Ndjson {
    text: String,
    in_event: usize,
    next: Option<String>,
}

impl Ndjson {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a line of JSON; `false` if the answer has no room for it. The first always has.
    pub fn push(&mut self, line: &str) -> bool {
        let in_event = self.in_event + escaped(line) + 2;
        let fits = self.text.len() + line.len() < MAX_PAGE_SIZE && in_event <= MAX_ESCAPED_SIZE;
        if !fits && !self.text.is_empty() {
            return false;
        }
        self.in_event = in_event;
        self.text.push_str(line);
        self.text.push('\n');
        true
    }

    /// Adds `Link: <?…>; rel="next"` (RFC 8288): the query of the lines after these.
    #[must_use]
    pub fn next(self, next: String) -> Self {
        Self { next: Some(next), ..self }
    }
}

impl Output for Ndjson {
    fn reply(self, _: &Request<'_>) -> Result<Reply, Error> {
        let reply = Reply::text(200, "application/x-ndjson", self.text);
        Ok(reply.next(self.next.as_deref()))
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        operation.succeeds("200", None);
        operation.content("200", "application/x-ndjson");
        operation.response_header("Link", "`<?…>; rel=\"next\"`: the lines after these, while there are any");
    }
}

/// 200 with a JSON object that holds one page of a list, with the way to the next one.
#[derive(Debug)]
pub struct Page<T> {
    /// The object.
    pub body: T,
    /// The query of the next page.
    pub next: Option<String>,
}

impl<T: Serialize + JsonSchema> Output for Page<T> {
    const FAILURES: &'static [Failure] = &[PAGE_TOO_LARGE];

    fn reply(self, _: &Request<'_>) -> Result<Reply, Error> {
        let reply = Reply::json(200, &self.body)?;
        if reply.body().len() > MAX_PAGE_SIZE || escaped(reply.body()) > MAX_ESCAPED_SIZE {
            return Err(PAGE_TOO_LARGE.into());
        }
        Ok(reply.next(self.next.as_deref()))
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.succeeds("200", Some(&schemas.response::<T>()));
        operation
            .response_header("Link", "`<?…>; rel=\"next\"`: the next page, while there is one (RFC 8288)");
    }
}

/// 200 with a JSON body that has a version, so that clients can ask whether it changed.
#[derive(Debug)]
pub struct Versioned<T> {
    /// Grows with every write: what `If-Match` compares.
    pub version: u64,
    /// What is answered.
    pub body: T,
}

impl<T: Serialize + JsonSchema> Output for Versioned<T> {
    fn reply(self, request: &Request<'_>) -> Result<Reply, Error> {
        let reply = Reply::json(200, &self.body)?;
        let tag = EntityTag::new(self.version, reply.body());
        Ok(reply.entity_tag(tag, request))
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.succeeds("200", Some(&schemas.response::<T>()));
        operation.versioned();
    }
}
