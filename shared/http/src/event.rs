//! API Gateway's HTTP API event, payload format 2.0, decoded by hand.
//!
//! Only what Padrón reads, borrowed from the payload where it can be. Decoding never panics: whatever API Gateway, an
//! emulator or an attacker with `lambda:InvokeFunction` sends is a request or an error.

use std::{borrow::Cow, fmt};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use padron_domain::{Class, Error, Failure};
use percent_encoding::percent_decode_str;
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};

use crate::{
    parameter::PathParameter,
    route::{BASE_PATH, Method, ROUTE_NOT_FOUND},
};

/// How the parameters in a path are handed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PathEncoding {
    /// Decoded, as API Gateway's HTTP APIs do.
    #[default]
    Decoded,
    /// Percent-encoded as they were sent, as `cargo lambda watch` does.
    Encoded,
}

/// A request, as API Gateway hands it over.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Request<'a> {
    #[serde(borrow)]
    raw_path: Option<Text<'a>>,
    #[serde(borrow)]
    raw_query_string: Option<Text<'a>>,
    #[serde(borrow)]
    headers: Option<Pairs<'a>>,
    #[serde(borrow)]
    path_parameters: Option<Pairs<'a>>,
    #[serde(borrow)]
    body: Option<Text<'a>>,
    is_base64_encoded: Option<bool>,
    #[serde(borrow)]
    request_context: Option<RequestContext<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RequestContext<'a> {
    #[serde(borrow)]
    http: Option<HttpDescription<'a>>,
    #[serde(borrow)]
    request_id: Option<Text<'a>>,
    #[serde(borrow)]
    stage: Option<Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct HttpDescription<'a> {
    #[serde(borrow)]
    method: Option<Text<'a>>,
}

/// The body is longer than the route takes.
pub const PAYLOAD_TOO_LARGE: Failure =
    Failure::new(Class::TooLarge, "payload_too_large", "The body is larger than this route takes");

/// Room for a thousand ids of customers. API Gateway itself takes about ten thousand bytes.
const MAX_QUERY_LENGTH: usize = 64 * 1024;
/// Longer ids are not API Gateway's.
const MAX_REQUEST_ID_LENGTH: usize = 128;

impl<'a> Request<'a> {
    /// Decodes an event.
    pub(crate) fn parse(payload: &'a str) -> Result<Self, Error> {
        serde_json::from_str(payload)
            .map_err(|_| Error::invalid("", "malformed_event", "The request could not be decoded."))
    }

    /// The method: `GET`.
    pub fn method(&self) -> &str {
        let http = self.request_context.as_ref().and_then(|context| context.http.as_ref());
        http.and_then(|http| http.method.as_deref()).unwrap_or_default()
    }

    /// Decodes the parameters in the path, where the gateway has not. What they lead to is what they would lead to behind API
    /// Gateway, which decodes a path before it looks for its route: an escaped slash is one more segment, and an escaped
    /// question mark ends the path.
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

    /// Whether only the head of the answer is asked for (RFC 9110 §9.3.2).
    pub(crate) fn is_head(&self) -> bool {
        self.method() == Method::HEAD
    }

    /// Whether nothing but an answer is asked for.
    pub(crate) fn is_read(&self) -> bool {
        self.is_head() || self.method() == Method::Get.name()
    }

    /// The path below [`BASE_PATH`], as the gateway hands it over.
    pub fn path(&self) -> &str {
        let path = self.raw_path.as_deref().unwrap_or_default();
        // In the cloud the base path is the stage's name, and stands in the raw path only where no domain of its own does.
        let stage =
            self.request_context.as_ref().and_then(|context| context.stage.as_deref()).unwrap_or_default();
        let below =
            |base: &str| path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        below(BASE_PATH).or_else(|| below(&format!("/{stage}"))).unwrap_or(path)
    }

    /// The query string, still encoded.
    pub fn raw_query(&self) -> &str {
        self.raw_query_string.as_deref().unwrap_or_default()
    }

    /// The parameters of the query, decoded, in their order.
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

    /// The header of that lower-case name. Several of one name are joined by commas, as RFC 9110 §5.3 has it.
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut values = self.headers.iter().flat_map(|pairs| pairs.all(name));
        let first = Cow::Borrowed(values.next()?);
        Some(values.fold(first, |joined, value| joined + "," + value))
    }

    /// The path parameter of that name, decoded.
    fn path_parameter(&self, name: &str) -> Option<&str> {
        self.path_parameters.as_ref()?.all(name).next()
    }

    /// Parses a path parameter.
    pub fn parameter<P: PathParameter>(&self) -> Result<P, Error> {
        let text = self.path_parameter(P::NAME).unwrap_or_default();
        P::parse(text).ok_or_else(|| Error::invalid(format!("/path/{}", P::NAME), P::VIOLATION, P::EXPECTED))
    }

    /// The body, of any size: the same whether the gateway encoded it or not. One that is not what it is marked as stands for
    /// itself.
    pub(crate) fn whole_body(&self) -> Cow<'_, [u8]> {
        self.body(usize::MAX - 2)
            .unwrap_or_else(|_| self.body.as_deref().unwrap_or_default().as_bytes().into())
    }

    /// The body, at most `limit` bytes of it.
    pub fn body(&self, limit: usize) -> Result<Cow<'_, [u8]>, Error> {
        let body = self.body.as_deref().unwrap_or_default();
        if !self.is_base64_encoded.unwrap_or_default() {
            return if body.len() > limit { Err(too_large(limit)) } else { Ok(body.as_bytes().into()) };
        }
        // Checked before decoding, so that no more than the limit is ever held twice.
        if body.len() / 4 * 3 > limit + 2 {
            return Err(too_large(limit));
        }
        let bytes = BASE64_STANDARD.decode(body).map_err(|_| {
            Error::invalid("", "malformed_event", "The body is not base64, though it is marked as such.")
        })?;
        if bytes.len() > limit { Err(too_large(limit)) } else { Ok(bytes.into()) }
    }

    /// API Gateway's id of the request, if it is one.
    pub(crate) fn id(&self) -> Option<&str> {
        let id = self.request_context.as_ref()?.request_id.as_deref()?;
        let is_one = !id.is_empty()
            && id.len() <= MAX_REQUEST_ID_LENGTH
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'='));
        is_one.then_some(id)
    }
}

fn too_large(limit: usize) -> Error {
    Error::from(PAYLOAD_TOO_LARGE).with_cause(format!("more than {limit} bytes"))
}

/// Text that is borrowed from the payload where it needs no unescaping.
#[derive(Debug)]
struct Text<'a>(Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// Names and values in the order of the payload. A value may be a list: API Gateway joins several values of a header by
/// commas, some emulators list them.
#[derive(Debug, Default)]
struct Pairs<'a>(Vec<(Text<'a>, Text<'a>)>);

impl Pairs<'_> {
    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| &*value.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor;
        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = Pairs<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::with_capacity(map.size_hint().unwrap_or(16));
                while let Some(name) = map.next_key::<Text<'de>>()? {
                    for value in map.next_value::<Values<'de>>()?.0 {
                        pairs.push((Text(name.0.clone()), value));
                    }
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(PairsVisitor)
    }
}

/// One value, or a list of them.
struct Values<'a>(Vec<Text<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Values<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ValuesVisitor;
        impl<'de> Visitor<'de> for ValuesVisitor {
            type Value = Values<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text or a list of texts")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Values(vec![Text(Cow::Borrowed(text))]))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Values(vec![Text(Cow::Owned(text.to_owned()))]))
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
