//! A response on its way to API Gateway.

use std::{borrow::Cow, fmt};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use padron_domain::Error;
use serde::Serialize;

use crate::{
    entity_tag::{self, EntityTag},
    event::Request,
    problem::{self, ErrorFormat, OauthProblem, Problem, challenge},
};

/// The maximum size of a recorded response, in bytes: what 64 KB of body can ask for, with what the response adds to it.
const MAX_RECORDED_SIZE: usize = 96 * 1024;

/// A response: status, headers and body.
pub struct Response {
    status: u16,
    code: &'static str,
    headers: Vec<(Cow<'static, str>, String)>,
    /// The headers `Set-Cookie`, which cannot be joined to one.
    cookies: Vec<String>,
    body: String,
    /// Whether `body` is base64-encoded binary data.
    is_base64: bool,
}

/// A file that is part of a function.
#[derive(Clone, Copy, Debug)]
pub struct EmbeddedFile {
    /// The content.
    pub content: &'static str,
    /// The content, compressed with gzip (RFC 1952), if that is worth it.
    pub compressed: Option<&'static [u8]>,
    /// The SHA-256 hash of the content.
    pub hash: &'static str,
    /// The value of the header `Content-Security-Policy`, for a page.
    pub security_policy: Option<&'static str>,
}

/// Omits headers and body, which may contain secrets and personal data.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, code, .. } = self;
        f.debug_struct("Response").field("status", status).field("code", code).finish_non_exhaustive()
    }
}

impl Response {
    /// Creates a response without a body.
    pub fn empty(status: u16) -> Self {
        let (headers, cookies, body) = (Vec::new(), Vec::new(), String::new());
        Self { status, code: "ok", headers, cookies, body, is_base64: false }
    }

    /// Creates a response with a JSON body.
    pub fn json(status: u16, body: &impl Serialize) -> Result<Self, Error> {
        let body = serde_json::to_string(body).map_err(|_| Error::internal("a response is not JSON"))?;
        Ok(Self::text(status, "application/json", body))
    }

    /// Creates a response whose body is a text of that media type.
    pub fn text(status: u16, media_type: &str, body: String) -> Self {
        Self { body, ..Self::empty(status) }.header("content-type", media_type.into())
    }

    /// Creates a response whose body is a file of that media type. Its hash is the entity tag, because it never changes: caches may keep it
    /// for a year.
    pub(crate) fn file(media_type: &str, content: &[u8], hash: &str, request: &Request<'_>) -> Self {
        let tag = EntityTag::of_hash(hash);
        let response = if tag.is_known_to(request) {
            Self::empty(304)
        } else {
            Self { is_base64: true, ..Self::text(200, media_type, BASE64_STANDARD.encode(content)) }
        };
        response
            .header("etag", tag.into_header())
            .header("cache-control", "public, max-age=31536000, immutable".into())
            // Pages of other sites show it. Opened by itself, it runs nothing, whatever it contains.
            .header("cross-origin-resource-policy", "cross-origin".into())
            .header("content-security-policy", "default-src 'none'; sandbox".into())
    }

    /// Creates a response with a file of that media type that is part of the function. It changes with the installation only.
    pub(crate) fn embedded(media_type: &str, file: &EmbeddedFile, request: &Request<'_>) -> Self {
        let takes_gzip = request.header("accept-encoding").is_some_and(|accepted| takes_gzip(&accepted));
        let compressed = file.compressed.filter(|_| takes_gzip);
        let tag =
            EntityTag::of_hash(&format!("{}{}", file.hash, if compressed.is_some() { "-gzip" } else { "" }));
        let response = match compressed {
            _ if tag.is_known_to(request) => Self::empty(304),
            Some(content) => {
                Self { is_base64: true, ..Self::text(200, media_type, BASE64_STANDARD.encode(content)) }
                    .header("content-encoding", "gzip".into())
            }
            None => Self::text(200, media_type, file.content.into()),
        };
        let response = response
            .header("etag", tag.into_header())
            .header("cache-control", "public, max-age=300".into())
            .header("vary", "accept-encoding".into());
        match file.security_policy {
            Some(policy) => response
                .header("content-security-policy", policy.into())
                .header("referrer-policy", "no-referrer".into()),
            None => response,
        }
    }

    /// Creates the response of a failed request, as a [`Problem`]. `issuer` is the URL of the API.
    pub fn problem(error: &Error, request_id: &str, issuer: &str) -> Self {
        Self::failure(error, request_id, ErrorFormat::Problem, None, || issuer.to_owned())
    }

    /// Creates the response of a failed request, in the format of its endpoint. `issuer` is the URL of the API.
    pub(crate) fn failure(
        error: &Error,
        request_id: &str,
        format: ErrorFormat,
        request: Option<&Request<'_>>,
        issuer: impl FnOnce() -> String,
    ) -> Self {
        let failure = error.failure();
        let status = problem::status(failure);
        let (media_type, body) = if format.is_oauth(request) {
            ("application/json", serde_json::to_string(&OauthProblem::new(error)))
        } else {
            let problem = Problem::new(error, request_id);
            let problem =
                if format == ErrorFormat::Problem { problem } else { problem.with_oauth_error(error) };
            (problem::MEDIA_TYPE, serde_json::to_string(&problem))
        };
        let text = Self::text(status, media_type, body.unwrap_or_default());
        let mut response = Self { code: failure.code(), ..text };
        if matches!(status, 401 | 403)
            && let Some(challenge) = challenge(error, &issuer())
        {
            response = response.header("www-authenticate", challenge);
        }
        if let Some(after) = error.retry_after() {
            response = response.header("retry-after", after.as_secs().max(1).to_string());
        }
        response
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name.into(), value));
        self
    }

    /// Adds a header `Set-Cookie`.
    #[must_use]
    pub fn cookie(mut self, cookie: String) -> Self {
        self.cookies.push(cookie);
        self
    }

    /// Replaces the status.
    #[must_use]
    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// Adds a link to the next page (RFC 8288): a query that replaces that of the request.
    #[must_use]
    pub fn next(self, query: Option<&str>) -> Self {
        match query {
            Some(query) => self.header("link", format!("<?{query}>; rel=\"next\"")),
            None => self,
        }
    }

    /// Adds an entity tag, and drops a body that the client has already.
    #[must_use]
    pub fn entity_tag(self, tag: EntityTag, request: &Request<'_>) -> Self {
        let response = if tag.is_known_to(request) { Self::empty(304) } else { self };
        // Only for this client, and only after it has asked whether the tag still holds.
        response.header("etag", tag.into_header()).header("cache-control", "private, no-cache".into())
    }

    /// Allows everyone to keep the response for an hour, and drops a body that the client has already.
    #[must_use]
    pub(crate) fn public(self, request: &Request<'_>) -> Self {
        // It has no version, because it changes with the installation only.
        let tag = EntityTag::new(0, &self.body);
        let response = if tag.is_known_to(request) { Self::empty(304) } else { self };
        response.header("etag", tag.into_header()).header("cache-control", "public, max-age=3600".into())
    }

    /// Returns the body.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Serializes the response to be recorded: status and headers as a line of JSON, then the body.
    pub(crate) fn to_record(&self) -> Result<Vec<u8>, Error> {
        if self.is_base64 {
            return Err(Error::internal("a binary response cannot be recorded"));
        }
        let mut record = serde_json::to_vec(&(self.status, &self.headers))
            .map_err(|_| Error::internal("a response cannot be recorded"))?;
        record.push(b'\n');
        record.extend(self.body.as_bytes());
        if record.len() > MAX_RECORDED_SIZE {
            return Err(Error::internal("a response is too large to be recorded"));
        }
        Ok(record)
    }

    /// Deserializes a recorded response.
    pub(crate) fn from_record(record: &[u8]) -> Option<Self> {
        let (head, body) = std::str::from_utf8(record).ok()?.split_once('\n')?;
        let (status, headers) = serde_json::from_str(head).ok()?;
        Some(Self { headers, body: body.to_owned(), ..Self::empty(status) })
    }

    /// Changes the JSON body, and with it the entity tag. `change` returns whether it changed anything.
    pub(crate) fn change_body(
        self,
        change: impl FnOnce(&mut serde_json::Value) -> bool,
    ) -> Result<Self, Error> {
        let unreadable = |_| Error::internal("the body of a response is not JSON");
        let mut body = serde_json::from_str(&self.body).map_err(unreadable)?;
        if !change(&mut body) {
            return Ok(self);
        }
        let mut changed = Self { body: body.to_string(), ..self };
        for (_, tag) in changed.headers.iter_mut().filter(|(name, _)| name == "etag") {
            if let Some(other) = entity_tag::with_variant(tag, &changed.body) {
                *tag = other;
            }
        }
        Ok(changed)
    }

    /// Returns the HTTP status.
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    /// Returns `ok`, or the code of the failure.
    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    /// Adds the headers of every response, and converts to API Gateway's form.
    pub(crate) fn into_gateway_response(mut self, request_id: &str) -> GatewayResponse {
        if !self.headers.iter().any(|(name, _)| name == "cache-control") {
            self = self.header("cache-control", "no-store".into());
        }
        self = self.header("x-content-type-options", "nosniff".into());
        self = self.header("x-request-id", request_id.to_owned());
        GatewayResponse {
            status_code: self.status,
            headers: Headers(self.headers),
            body: self.body,
            is_base64_encoded: self.is_base64,
            cookies: self.cookies,
        }
    }
}

/// Returns whether the header `Accept-Encoding` allows gzip (RFC 9110 §12.5.3).
fn takes_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|accepted| {
        let (coding, weight) = accepted.split_once(';').unwrap_or((accepted, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
        coding.trim().eq_ignore_ascii_case("gzip") && weight.is_ok_and(|weight| weight > 0.0)
    })
}

/// A response in API Gateway's form (payload format 2.0).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayResponse {
    status_code: u16,
    headers: Headers,
    body: String,
    is_base64_encoded: bool,
    cookies: Vec<String>,
}

impl GatewayResponse {
    /// Drops the body: the response to a `HEAD` request.
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
