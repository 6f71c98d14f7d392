//! Query parameters, and the parameters `limit` and `cursor` that paged lists share.

use padron_domain::{Error, Failure, Id, InstantProblem, Timestamp, trim};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    context::Context,
    describe::{Operation, Schemas},
    event::Request,
    input::{Input, unknown_parameter},
};

/// The query parameters of a request. Each is known and occurs once.
#[derive(Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the query parameters of a request. Fails if a parameter is not in `known`, or occurs twice.
    pub fn read(request: &Request<'_>, known: &[&str]) -> Result<Self, Error> {
        let parameters = request.query()?;
        for (index, (name, _)) in parameters.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                return Err(unknown_parameter(name));
            }
            if parameters[..index].iter().any(|(before, _)| before == name) {
                return Err(Error::invalid(format!("/query/{name}"), "duplicate_parameter", "Given twice."));
            }
        }
        Ok(Self(parameters))
    }

    /// Returns the value of a parameter without blank characters at its ends; `None` if the query does not have it.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| trim(value))
    }

    /// Parses the value of a parameter with `read`; `None` if the query does not have it. If `read` returns `None`, the violation has this
    /// `detail`, which describes the valid values.
    pub fn parse<T>(
        &self,
        name: &str,
        detail: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let invalid = || Error::invalid(format!("/query/{name}"), "invalid_value", detail);
        self.get(name).map(|value| read(value).ok_or_else(invalid)).transpose()
    }

    /// Returns the instant at which a list begins, rounded up to a whole millisecond.
    pub fn instant_from(&self, name: &str) -> Result<Option<Timestamp>, Error> {
        self.get(name).map(|text| instant(name, text, Timestamp::parse_rounding_up)).transpose()
    }

    /// Returns the instant at which a list ends, rounded down to a whole millisecond.
    pub fn instant_to(&self, name: &str) -> Result<Option<Timestamp>, Error> {
        self.get(name).map(|text| instant(name, text, Timestamp::parse)).transpose()
    }
}

/// Parses an instant in a query. `read` is one of the parsing functions of [`Timestamp`].
///
/// A `+` that was not percent-encoded arrives as a space. Before an offset a space has no other meaning, so it is read as `+`.
pub fn instant(
    name: &str,
    text: &str,
    read: impl FnOnce(&str) -> Result<Timestamp, InstantProblem>,
) -> Result<Timestamp, Error> {
    let text = trim(text);
    let with_plus = text.rsplit_once(' ').map(|(instant, offset)| format!("{instant}+{offset}"));
    read(with_plus.as_deref().unwrap_or(text)).map_err(|problem| {
        let hint = if problem == InstantProblem::Form { " In a URL, + is written %2B." } else { "" };
        Error::invalid(format!("/query/{name}"), "invalid_value", format!("{}{hint}", problem.detail()))
    })
}

/// Returns `name=value` with the value percent-encoded.
pub fn encode_parameter(name: &str, value: &str) -> String {
    format!("{name}={}", utf8_percent_encode(value, RESERVED))
}

/// Returns the error of a cursor that does not belong to this list.
pub fn invalid_cursor() -> Error {
    let detail = "Take the cursor from a Link header of this list, with the same parameters.";
    Error::invalid("/query/cursor", "invalid_cursor", detail)
}

/// Adds the parameter `cursor` to the description of an operation.
pub fn describe_cursor(operation: &mut Operation) {
    operation.parameter("query", "cursor", "Cursor of the next page, from `Link`", false, &cursor_schema());
}

/// Returns the JSON schema of a cursor, which is base64url.
pub fn cursor_schema() -> Value {
    json!({ "type": "string", "minLength": 1, "pattern": "^[A-Za-z0-9_-]+$" })
}

/// The page of a list that a request asks for: its maximum size, and the cursor after which it begins.
#[derive(Debug)]
pub struct PageRequest {
    limit: u16,
    cursor: Option<String>,
    /// The other query parameters, sorted. A cursor is valid only for the filters it was created with.
    filters: Vec<(String, String)>,
}

/// The characters that are percent-encoded in a query: all but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl PageRequest {
    /// The names of the query parameters that [`PageRequest::read`] reads.
    pub const PARAMETERS: [&str; 2] = ["limit", "cursor"];
    /// The size of a page if the request has no `limit`.
    const DEFAULT_LIMIT: u16 = 50;
    /// The maximum value of `limit`.
    const MAX_LIMIT: u16 = 100;

    /// Reads `limit` and `cursor`. Fails if `limit` is not a whole number from 1 to 100.
    pub fn read(query: &Query) -> Result<Self, Error> {
        let number = |text: &str| {
            let is_number = text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit());
            let number: Option<u16> = is_number.then(|| text.parse().ok()).flatten();
            number.filter(|number| (1..=Self::MAX_LIMIT).contains(number))
        };
        let limit = query.parse("limit", "A whole number from 1 to 100.", number)?;
        let mut filters = query.0.clone();
        filters.retain(|(name, _)| !Self::PARAMETERS.contains(&name.as_str()));
        filters.sort();
        Ok(Self {
            limit: limit.unwrap_or(Self::DEFAULT_LIMIT),
            cursor: query.get("cursor").map(ToOwned::to_owned),
            filters,
        })
    }

    /// Returns the maximum number of items on the page.
    pub fn limit(&self) -> usize {
        self.limit.into()
    }

    /// Fails if the request has a cursor, for a list that has one page: no cursor is one of its own.
    pub fn require_only_page(&self) -> Result<(), Error> {
        if self.cursor.is_some() { Err(invalid_cursor()) } else { Ok(()) }
    }

    /// Returns the id after which the page begins; `None` on the first page. Fails if the cursor does not belong to this list.
    ///
    /// `scope` is the organization or the user that the list belongs to.
    pub fn after<T, S>(&self, cx: &Context<'_>, scope: Id<S>) -> Result<Option<Id<T>>, Error> {
        self.cursor_position(cx, &json!(scope.uuid()), |id| Uuid::from_slice(id).ok().map(Id::new))
    }

    /// Returns the position after which the page begins, for lists whose positions are not ids; `None` on the first page.
    ///
    /// `read` decodes the bytes that were passed to [`PageRequest::query_after_position`]. Fails if the cursor does not belong to this list.
    pub fn cursor_position<P>(
        &self,
        cx: &Context<'_>,
        scope: &Value,
        read: impl FnOnce(&[u8]) -> Option<P>,
    ) -> Result<Option<P>, Error> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let opened = cx.secrets().open_cursor(&self.context(cx, scope), cursor);
        let place = opened.and_then(|place| read(&place));
        place.map(Some).ok_or_else(invalid_cursor)
    }

    /// Returns the query of the page that begins after `last`; `None` if there is no next page.
    pub fn next<T, S>(
        &self,
        cx: &Context<'_>,
        scope: Id<S>,
        last: Option<Id<T>>,
    ) -> Result<Option<String>, Error> {
        last.map(|last| self.query_after_position(cx, &json!(scope.uuid()), last.uuid().as_bytes()))
            .transpose()
    }

    /// Returns the query of the page that begins after the position `last`.
    pub fn query_after_position(
        &self,
        cx: &Context<'_>,
        scope: &Value,
        last: &[u8],
    ) -> Result<String, Error> {
        let cursor = cx.secrets().seal_cursor(&self.context(cx, scope), last)?;
        let mut query = format!("limit={}", self.limit);
        for (name, value) in &self.filters {
            query.push('&');
            query.push_str(&encode_parameter(name, value));
        }
        Ok(format!("{query}&cursor={cursor}"))
    }

    /// Returns the context that a cursor is bound to: the function, the scope and the filters.
    fn context(&self, cx: &Context<'_>, scope: &Value) -> Vec<u8> {
        json!([cx.endpoint.function, scope, &self.filters]).to_string().into_bytes()
    }

    /// Adds `limit` and `cursor` to the description of an operation.
    pub fn describe_parameters(operation: &mut Operation) {
        let limit = json!({
            "type": "integer", "minimum": 1, "maximum": Self::MAX_LIMIT, "default": Self::DEFAULT_LIMIT,
        });
        operation.parameter("query", "limit", "Maximum number of items on a page", false, &limit);
        describe_cursor(operation);
    }
}

/// The input of lists without filters.
impl Input for PageRequest {
    const FAILURES: &'static [Failure] = &[Failure::INVALID_REQUEST];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        Self::read(&Query::read(request, &Self::PARAMETERS)?)
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        Self::describe_parameters(operation);
    }
}
