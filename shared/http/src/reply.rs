//! What an endpoint answers, and how it travels back.

use std::{borrow::Cow, marker::PhantomData};

use padron_domain::{Error, Failure, Timestamp};
use padron_dto::customer::WithWarnings;
use padron_store::Action;
use schemars::JsonSchema;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    event::Request,
    openapi::{Operation, Schemas},
};

/// What an endpoint answers when it succeeds.
pub trait Output: Sized {
    /// Whether it tells of a write.
    const IS_WRITE: bool = false;
    /// What the store needs to answer it.
    const ACTIONS: &'static [Action] = &[];

    /// Makes an answer of it.
    fn reply(self, request: &Request<'_>) -> Result<Reply, Error>;

    /// Adds itself to the description of an operation.
    fn describe(operation: &mut Operation, schemas: &mut Schemas);
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    status: u16,
    code: &'static str,
    headers: Vec<(Cow<'static, str>, String)>,
    body: String,
}

impl Reply {
    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, code: "ok", headers: Vec::new(), body: String::new() }
    }

    /// An answer in JSON.
    pub fn json(status: u16, body: &impl Serialize) -> Result<Self, Error> {
        Self::of_type("application/json", status, body)
    }

    pub(crate) fn of_type(media_type: &str, status: u16, body: &impl Serialize) -> Result<Self, Error> {
        let body = serde_json::to_string(body).map_err(|_| Error::internal("an answer is not JSON"))?;
        Ok(Self { body, ..Self::empty(status) }.header("content-type", media_type.into()))
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name.into(), value));
        self
    }

    /// Adds the way to the next page (RFC 8288): a query that takes the place of the request's.
    #[must_use]
    pub fn next(self, query: Option<&str>) -> Self {
        match query {
            Some(query) => self.header("link", format!("<?{query}>; rel=\"next\"")),
            None => self,
        }
    }

    /// The answer in a form to keep: status and headers as a line of JSON, then the body as it is.
    pub(crate) fn to_kept(&self) -> Result<Vec<u8>, Error> {
        let mut kept = serde_json::to_vec(&(self.status, &self.headers))
            .map_err(|_| Error::internal("an answer cannot be kept"))?;
        kept.push(b'\n');
        kept.extend(self.body.as_bytes());
        if kept.len() > LARGEST_KEPT {
            return Err(Error::internal("an answer is too large to be kept"));
        }
        Ok(kept)
    }

    /// The answer that was kept in that form.
    pub(crate) fn from_kept(kept: &[u8]) -> Option<Self> {
        let (head, body) = std::str::from_utf8(kept).ok()?.split_once('\n')?;
        let (status, headers) = serde_json::from_str(head).ok()?;
        Some(Self { headers, body: body.to_owned(), ..Self::empty(status) })
    }

    /// Changes the body, which is JSON, if there is anything to change, and with it the entity tag.
    pub(crate) fn change_body(
        self,
        change: impl FnOnce(&mut serde_json::Value) -> bool,
    ) -> Result<Self, Error> {
        let unreadable = |_| Error::internal("the body of an answer is not JSON");
        let mut body = serde_json::from_str(&self.body).map_err(unreadable)?;
        if !change(&mut body) {
            return Ok(self);
        }
        let mut changed = Self { body: body.to_string(), ..self };
        let hash = hash(&changed);
        for (_, tag) in changed.headers.iter_mut().filter(|(name, _)| name == "etag") {
            if let Some((version, _)) = tag.split_once('.') {
                *tag = format!("{version}.{hash}\"");
            }
        }
        Ok(changed)
    }

    /// Names the failure, for the log.
    pub(crate) fn code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    pub(crate) fn outcome(&self) -> &'static str {
        self.code
    }

    /// Adds what every answer carries and puts it in API Gateway's form.
    pub(crate) fn into_response(mut self, request_id: &str) -> Response {
        if !self.headers.iter().any(|(name, _)| name == "cache-control") {
            self = self.header("cache-control", "no-store".into());
        }
        self = self.header("x-content-type-options", "nosniff".into());
        self = self.header("x-request-id", request_id.to_owned());
        Response {
            status_code: self.status,
            headers: Headers(self.headers),
            body: self.body,
            is_base64_encoded: false,
            cookies: [],
        }
    }
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
        operation.succeeds("200", Some(&schemas.reference::<T>()));
    }
}

/// 201 with what was created, where it has no place of its own.
#[derive(Debug)]
pub struct Issued<T>(pub T);

impl<T: Serialize + JsonSchema> Output for Issued<T> {
    fn reply(self, _: &Request<'_>) -> Result<Reply, Error> {
        Reply::json(201, &self.0)
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.succeeds("201", Some(&schemas.reference::<T>()));
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
    fn reply(self, request: &Request<'_>) -> Result<Reply, Error> {
        let location = relative(request.path(), &self.location);
        let reply = self.versioned.reply(request)?;
        Ok(Reply { status: 201, ..reply }.header("location", location))
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
        operation.succeeds("207", Some(&schemas.reference::<T>()));
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
    next: Option<String>,
    total: Option<u64>,
    items: PhantomData<T>,
}

/// The largest answer that is kept: what 64 KB of body can ask for, with what the answer adds to it.
const LARGEST_KEPT: usize = 96 * 1024;
/// The largest body of a page.
const LARGEST_PAGE: usize = 4_500_000;
/// The largest body in the response event, where quotes and backslashes take two bytes: Lambda answers at most 6 MB.
const LARGEST_ESCAPED: usize = 5_900_000;

/// How long text will be in the response event.
fn escaped(text: &str) -> usize {
    text.len() + text.bytes().filter(|byte| matches!(byte, b'"' | b'\\' | b'\n')).count()
}

impl<T: Serialize> Array<T> {
    /// Takes items as long as they fit into [`LARGEST_PAGE`], and says how many it took.
    pub fn of(items: impl IntoIterator<Item = T>) -> Result<(Self, usize), Error> {
        let mut json = String::from("[");
        let (mut taken, mut in_event) = (0, 0);
        for item in items {
            let item = serde_json::to_string(&item).map_err(|_| Error::internal("an answer is not JSON"))?;
            in_event += escaped(&item);
            if json.len() + item.len() + 2 > LARGEST_PAGE || in_event > LARGEST_ESCAPED {
                break;
            }
            if taken > 0 {
                json.push(',');
            }
            json.push_str(&item);
            taken += 1;
        }
        json.push(']');
        Ok((Self { json, next: None, total: None, items: PhantomData }, taken))
    }

    /// Adds `Link: <?…>; rel="next"` (RFC 8288): the query of the next page.
    #[must_use]
    pub fn next(self, next: Option<String>) -> Self {
        Self { next, ..self }
    }

    /// Adds `X-Total-Count`.
    #[must_use]
    pub fn total(self, total: u64) -> Self {
        Self { total: Some(total), ..self }
    }
}

impl<T: Serialize + JsonSchema + Send> Output for Array<T> {
    fn reply(self, _: &Request<'_>) -> Result<Reply, Error> {
        let mut reply = Reply { body: self.json, ..Reply::empty(200) };
        reply = reply.header("content-type", "application/json".into());
        if let Some(total) = self.total {
            reply = reply.header("x-total-count", total.to_string());
        }
        Ok(reply.next(self.next.as_deref()))
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.succeeds("200", Some(&schemas.reference::<Vec<T>>()));
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
pub struct Lines {
    text: String,
    in_event: usize,
    next: Option<String>,
}

impl Lines {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a line of JSON; `false` if the answer has no room for it. The first always has.
    pub fn push(&mut self, line: &str) -> bool {
        let in_event = self.in_event + escaped(line) + 2;
        let fits = self.text.len() + line.len() < LARGEST_PAGE && in_event <= LARGEST_ESCAPED;
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

impl Output for Lines {
    fn reply(self, _: &Request<'_>) -> Result<Reply, Error> {
        let reply = Reply { body: self.text, ..Reply::empty(200) };
        Ok(reply.header("content-type", "application/x-ndjson".into()).next(self.next.as_deref()))
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
    fn reply(self, _: &Request<'_>) -> Result<Reply, Error> {
        let reply = Reply::json(200, &self.body)?;
        if reply.body.len() > LARGEST_PAGE || escaped(&reply.body) > LARGEST_ESCAPED {
            return Err(Failure::PageTooLarge.into());
        }
        Ok(reply.next(self.next.as_deref()))
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.succeeds("200", Some(&schemas.reference::<T>()));
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
        let tag = tag(self.version, &reply);
        Ok(unless_unchanged(reply, tag, request))
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.succeeds("200", Some(&schemas.reference::<T>()));
        operation.versioned();
    }
}

/// 200 with what was written, and what may not be right about it. Its tag is that of what it is without the warnings: whoever reads it
/// has it already.
#[derive(Debug)]
pub struct Warned<T> {
    /// Grows with every write.
    pub version: u64,
    /// What is answered.
    pub body: WithWarnings<T>,
}

impl<T: Serialize + JsonSchema> Output for Warned<T> {
    fn reply(self, request: &Request<'_>) -> Result<Reply, Error> {
        let tag = tag(self.version, &Reply::json(200, &self.body.customer)?);
        Ok(unless_unchanged(Reply::json(200, &self.body)?, tag, request))
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.succeeds("200", Some(&schemas.reference::<WithWarnings<T>>()));
        operation.versioned();
    }
}

/// The entity tag of an answer. The variant is a hash of its body: it covers whatever changes without a write, be it readiness with
/// the passing of time, masking by reader, or a new field.
fn tag(version: u64, reply: &Reply) -> String {
    format!("\"{version}.{}\"", hash(reply))
}

fn hash(reply: &Reply) -> String {
    format!("{:016x}", xxh3_64(reply.body.as_bytes()))
}

/// Adds `ETag: "<version>.<variant>"`, and leaves out a body that the client has.
fn unless_unchanged(reply: Reply, tag: String, request: &Request<'_>) -> Reply {
    let unchanged = request.is_read()
        && request.header("if-none-match").is_some_and(|known| {
            // Weak comparison (RFC 9110 §13.1.2): `W/` does not count.
            known.split(',').map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
        });
    let reply = if unchanged { Reply::empty(304) } else { reply };
    // For this client only, and only after asking whether it is still true.
    reply.header("etag", tag).header("cache-control", "private, no-cache".into())
}

/// An answer in API Gateway's form (payload format 2.0).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    status_code: u16,
    headers: Headers,
    body: String,
    is_base64_encoded: bool,
    // Never any; emulators want the list all the same.
    cookies: [&'static str; 0],
}

impl Response {
    /// The head of it alone.
    pub(crate) fn without_body(self) -> Self {
        Self { body: String::new(), ..self }
    }
}

#[derive(Debug)]
struct Headers(Vec<(Cow<'static, str>, String)>);

impl Serialize for Headers {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
