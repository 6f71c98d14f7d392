//! API Gateway's HTTP API event, payload format 2.0, decoded by hand.
//!
//! This module decodes only the fields that Padrón reads, and borrows them from the payload where possible. Decoding never panics: any
//! payload from API Gateway, an emulator or an attacker with `lambda:InvokeFunction` becomes a request or an error.

use std::{borrow::Cow, fmt, net::IpAddr};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use padron_domain::{Error, Failure, FailureClass};
use percent_encoding::percent_decode_str;
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};

use crate::{
    parameter::PathParameter,
    route::{BASE_PATH, Method, ROUTE_NOT_FOUND},
};

/// The encoding of the path parameters in an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PathEncoding {
    /// Decoded, as API Gateway's HTTP APIs send them.
    #[default]
    Decoded,
    /// Percent-encoded as the client sent them, as `cargo lambda watch` sends them.
    Encoded,
}

/// A request in the form in which API Gateway passes it on.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Request<'a> {
    #[serde(borrow)]
    raw_path: Option<CowStr<'a>>,
    #[serde(borrow)]
    raw_query_string: Option<CowStr<'a>>,
    #[serde(borrow)]
    headers: Option<NameValuePairs<'a>>,
    #[serde(borrow)]
    path_parameters: Option<NameValuePairs<'a>>,
    #[serde(borrow)]
    cookies: Option<Vec<CowStr<'a>>>,
    #[serde(borrow)]
    body: Option<CowStr<'a>>,
    is_base64_encoded: Option<bool>,
    #[serde(borrow)]
    request_context: Option<RequestContext<'a>>,
}

/// Omits headers, query and body, which contain credentials and personal data.
impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("path", &self.raw_path).finish_non_exhaustive()
    }
}

/// The fields of `requestContext` that Padrón reads.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RequestContext<'a> {
    #[serde(borrow)]
    http: Option<HttpContext<'a>>,
    #[serde(borrow)]
    request_id: Option<CowStr<'a>>,
    #[serde(borrow)]
    stage: Option<CowStr<'a>>,
    #[serde(borrow)]
    domain_name: Option<CowStr<'a>>,
}

/// The fields of `requestContext.http` that Padrón reads.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct HttpContext<'a> {
    #[serde(borrow)]
    method: Option<CowStr<'a>>,
    #[serde(borrow, rename = "sourceIp")]
    source_ip: Option<CowStr<'a>>,
}

/// The failure of a request whose body is longer than the route accepts.
pub const PAYLOAD_TOO_LARGE: Failure =
    Failure::new(FailureClass::TooLarge, "payload_too_large", "The body is larger than this route takes");

/// The name of the stage that API Gateway serves at the root of the host.
const ROOT_STAGE: &str = "$default";
/// The maximum length of a query string, in bytes: enough for a thousand customer ids. API Gateway itself accepts about 10,000 bytes.
const MAX_QUERY_LENGTH: usize = 64 * 1024;
/// The maximum length of a request id, in bytes. API Gateway's ids are shorter; longer ones are ignored.
const MAX_REQUEST_ID_LENGTH: usize = 128;

impl<'a> Request<'a> {
    /// Decodes an event.
    pub(crate) fn parse(payload: &'a str) -> Result<Self, Error> {
        serde_json::from_str(payload)
            .map_err(|_| Error::invalid("", "malformed_event", "The request could not be decoded."))
    }

    /// Returns the HTTP method, such as `GET`; an empty string if the event has none.
    pub fn method(&self) -> &str {
        self.http().and_then(|http| http.method.as_deref()).unwrap_or_default()
    }

    /// Returns the address that the request came from; `None` if the event has none that is valid.
    ///
    /// API Gateway knows it from the connection. Headers such as `X-Forwarded-For` are the client's to write, and are not read.
    pub fn source_address(&self) -> Option<IpAddr> {
        self.http()?.source_ip.as_deref()?.parse().ok()
    }

    /// Returns the network that the request came from, as a text to count requests by: an IPv4 address, or the /64 of an IPv6 address, which
    /// one subscriber has for themselves (RFC 6177). An empty text if the event has no valid address.
    pub fn source_network(&self) -> String {
        match self.source_address().map(|address| address.to_canonical()) {
            Some(IpAddr::V4(address)) => address.to_string(),
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
            None => String::new(),
        }
    }

    fn http(&self) -> Option<&HttpContext<'_>> {
        self.request_context.as_ref()?.http.as_ref()
    }

    /// Decodes the path parameters, for gateways that pass them on percent-encoded.
    ///
    /// The result is the same as behind API Gateway, which decodes a path before it looks for the route. An escaped slash adds a segment,
    /// so that no route matches. An escaped question mark ends the path.
    pub(crate) fn decode_path(&mut self) -> Result<(), Error> {
        for (name, value) in self.path_parameters.iter_mut().flat_map(|pairs| &mut pairs.0) {
            let decoded = percent_decode_str(&value.0).decode_utf8().map_err(|_| {
                let pointer = format!("/path/{}", name.0);
                Error::invalid(pointer, "invalid_encoding", "The path is percent-encoded UTF-8.")
            })?;
            let path = decoded.split('?').next().unwrap_or_default();
            if path.is_empty() || path.contains('/') {
                return Err(ROUTE_NOT_FOUND.into());
            }
            value.0 = Cow::Owned(path.to_owned());
        }
        Ok(())
    }

    /// Returns the name of the host that the request was sent to. API Gateway serves only the names of the API.
    pub(crate) fn domain_name(&self) -> &str {
        self.request_context
            .as_ref()
            .and_then(|context| context.domain_name.as_deref())
            .unwrap_or("localhost")
    }

    /// Returns whether the request was sent to the root of the host, and not below [`BASE_PATH`].
    ///
    /// `cargo lambda watch` has the same stage for all paths, with the base path in those below it.
    pub(crate) fn is_at_root(&self) -> bool {
        let stage = self.request_context.as_ref().and_then(|context| context.stage.as_deref());
        let path = self.raw_path.as_deref().unwrap_or_default();
        let is_below =
            path.strip_prefix(BASE_PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        stage == Some(ROOT_STAGE) && !is_below
    }

    /// Returns whether the method is `HEAD` (RFC 9110 §9.3.2).
    pub(crate) fn is_head(&self) -> bool {
        self.method() == Method::HEAD
    }

    /// Returns whether the method is `GET` or `HEAD`.
    pub(crate) fn is_get_or_head(&self) -> bool {
        self.is_head() || self.method() == Method::Get.name()
    }

    /// Returns the path below [`BASE_PATH`], as the gateway passes it on.
    pub fn path(&self) -> &str {
        let path = self.raw_path.as_deref().unwrap_or_default();
        // In the cloud, the base path is the name of the stage. The raw path contains it only if the API has no custom domain.
        let stage =
            self.request_context.as_ref().and_then(|context| context.stage.as_deref()).unwrap_or_default();
        let below =
            |base: &str| path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        below(BASE_PATH).or_else(|| below(&format!("/{stage}"))).unwrap_or(path)
    }

    /// Returns the query string, still encoded.
    pub fn raw_query(&self) -> &str {
        self.raw_query_string.as_deref().unwrap_or_default()
    }

    /// Returns the query parameters, decoded, in the order of the query string.
    ///
    /// Fails if the query is longer than 64 KB or is not percent-encoded UTF-8.
    pub fn query(&self) -> Result<Vec<(String, String)>, Error> {
        let decode = |text: &str| {
            let spaced = text.replace('+', " ");
            percent_decode_str(&spaced).decode_utf8().map(Cow::into_owned).map_err(|_| {
                Error::invalid("/query", "invalid_encoding", "The query is percent-encoded UTF-8.")
            })
        };
        if self.raw_query().len() > MAX_QUERY_LENGTH {
            return Err(Error::invalid("/query", "too_long", "The query is longer than 64 KB."));
        }
        let parts = self.raw_query().split('&').filter(|part| !part.is_empty());
        parts
            .map(|part| part.split_once('=').unwrap_or((part, "")))
            .map(|(name, value)| Ok((decode(name)?, decode(value)?)))
            .collect()
    }

    /// Returns the value of a header; `None` if the request does not have it. `name` is in lower case. Several values of one header are
    /// joined by commas (RFC 9110 §5.3).
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut values = self.headers.iter().flat_map(|pairs| pairs.all(name));
        let first = Cow::Borrowed(values.next()?);
        Some(values.fold(first, |joined, value| joined + "," + value))
    }

    /// Returns the value of a cookie (RFC 6265 §4.2); `None` if the request does not have it, or has it twice.
    pub fn cookie(&self, name: &str) -> Option<String> {
        // API Gateway moves the header into the list. The local stack has the header alone.
        let header = self.header("cookie").filter(|_| self.cookies.is_none());
        let lists = self.cookies.iter().flatten().map(|list| &**list).chain(header.as_deref());
        let pairs = lists.flat_map(|list| list.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut values = pairs.filter(|(known, _)| *known == name).map(|(_, value)| value.to_owned());
        values.next().filter(|_| values.next().is_none())
    }

    /// Returns the media type of the body in lower case, without parameters; empty if the request does not say.
    pub fn media_type(&self) -> String {
        let content_type = self.header("content-type").unwrap_or_default();
        content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// Returns whether the body is JSON, as the request says.
    pub fn has_json(&self) -> bool {
        let media_type = self.media_type();
        media_type == "application/json"
            || media_type.strip_prefix("application/").is_some_and(|subtype| subtype.ends_with("+json"))
    }

    /// Returns the decoded value of a path parameter; `None` if the route has no parameter with this name.
    fn path_parameter(&self, name: &str) -> Option<&str> {
        self.path_parameters.as_ref()?.all(name).next()
    }

    /// Parses a path parameter. Fails if its value is invalid.
    pub fn parameter<P: PathParameter>(&self) -> Result<P, Error> {
        let text = self.path_parameter(P::NAME).unwrap_or_default();
        P::parse(text).ok_or_else(|| Error::invalid(format!("/path/{}", P::NAME), P::VIOLATION, P::EXPECTED))
    }

    /// Returns the body, whatever its size, decoded if the gateway sent it as base64. A body that is marked as base64 and is not valid
    /// base64 is returned as it is.
    pub(crate) fn body_without_limit(&self) -> Cow<'_, [u8]> {
        self.body(usize::MAX - 2)
            .unwrap_or_else(|_| self.body.as_deref().unwrap_or_default().as_bytes().into())
    }

    /// Returns the body, decoded if the gateway sent it as base64. Fails if it is longer than `limit` bytes.
    pub fn body(&self, limit: usize) -> Result<Cow<'_, [u8]>, Error> {
        let body = self.body.as_deref().unwrap_or_default();
        if !self.is_base64_encoded.unwrap_or_default() {
            return if body.len() > limit { Err(too_large(limit)) } else { Ok(body.as_bytes().into()) };
        }
        // The length is checked before decoding, so that a body above the limit is never in memory twice.
        if body.len() / 4 * 3 > limit + 2 {
            return Err(too_large(limit));
        }
        let bytes = BASE64_STANDARD.decode(body).map_err(|_| {
            Error::invalid("", "malformed_event", "The body is not base64, though it is marked as such.")
        })?;
        if bytes.len() > limit { Err(too_large(limit)) } else { Ok(bytes.into()) }
    }

    /// Returns API Gateway's id of the request; `None` if the event has none, or one that does not look like API Gateway's.
    pub(crate) fn id(&self) -> Option<&str> {
        let id = self.request_context.as_ref()?.request_id.as_deref()?;
        let is_one = !id.is_empty()
            && id.len() <= MAX_REQUEST_ID_LENGTH
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'='));
        is_one.then_some(id)
    }
}

/// Returns the error of a body that is longer than `limit` bytes.
fn too_large(limit: usize) -> Error {
    let detail = format!("The body has at most {limit} bytes.");
    Error::from(PAYLOAD_TOO_LARGE).with_violation("", "too_large", detail)
}

/// A string that is borrowed from the payload unless it contains escape sequences.
#[derive(Debug)]
struct CowStr<'a>(Cow<'a, str>);

impl std::ops::Deref for CowStr<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for CowStr<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = CowStr<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(CowStr(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(CowStr(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// Names and values in the order of the payload.
///
/// A value may be a list of strings: API Gateway joins several values of a header by commas, and some emulators list them.
#[derive(Debug, Default)]
struct NameValuePairs<'a>(Vec<(CowStr<'a>, CowStr<'a>)>);

impl NameValuePairs<'_> {
    /// Returns the values of a name, whose case is ignored.
    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| &*value.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for NameValuePairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor;
        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = NameValuePairs<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::with_capacity(map.size_hint().unwrap_or(16));
                while let Some(name) = map.next_key::<CowStr<'de>>()? {
                    for value in map.next_value::<Values<'de>>()?.0 {
                        pairs.push((CowStr(name.0.clone()), value));
                    }
                }
                Ok(NameValuePairs(pairs))
            }
        }
        deserializer.deserialize_map(PairsVisitor)
    }
}

/// A single value, or a list of values.
struct Values<'a>(Vec<CowStr<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Values<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ValuesVisitor;
        impl<'de> Visitor<'de> for ValuesVisitor {
            type Value = Values<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text or a list of texts")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Values(vec![CowStr(Cow::Borrowed(text))]))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Values(vec![CowStr(Cow::Owned(text.to_owned()))]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element()? {
                    values.push(value);
                }
                Ok(Values(values))
            }
        }
        deserializer.deserialize_any(ValuesVisitor)
    }
}
