//! Forms with files (`multipart/form-data`, RFC 7578).

use std::{borrow::Cow, convert::Infallible, marker::PhantomData};

use futures_util::stream;
use multer::bytes::Bytes;
use padron_domain::{Error, Failure};
use serde_json::{Map, Value, json};

use crate::{
    describe::{Operation, Schemas},
    event::{PAYLOAD_TOO_LARGE, Request},
    input::{Input, UNSUPPORTED_MEDIA_TYPE, no_encoding, no_query, unsupported},
};

/// The maximum number of parts of a form.
const MAX_PARTS: usize = 10;

/// A form that an endpoint takes.
pub trait MultipartForm: Send + Sync + 'static {
    /// The maximum size of the whole form, in bytes.
    const MAX_SIZE: usize;
    /// The parts.
    const PARTS: &'static [PartDescription];
}

/// A part of a form. Its name decides what it is; the name of its file and its media type mean nothing.
#[derive(Clone, Copy, Debug)]
pub struct PartDescription {
    /// The name.
    pub name: &'static str,
    /// Another name that clients of other systems give it.
    pub other_name: Option<&'static str>,
    /// What it is.
    pub description: &'static str,
    /// Whether it is a file, and not a text.
    pub is_file: bool,
}

/// A form that is not yet read.
pub struct Multipart<F> {
    boundary: String,
    body: Bytes,
    form: PhantomData<fn() -> F>,
}

/// Omits the body, which may have secrets.
impl<F> std::fmt::Debug for Multipart<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Multipart").field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// The known parts of a form, by name.
pub struct Parts(Vec<(&'static str, Bytes)>);

/// Omits the contents.
impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Parts {
    /// Returns the content of a part; `None` if there is none, or it is empty.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map(|(_, content)| &**content).filter(|content| !content.is_empty())
    }
}

impl<F: MultipartForm> Multipart<F> {
    /// Reads the form. Unknown parts are ignored. Fails if it is malformed, has too many parts, or a known one twice.
    pub async fn read(self) -> Result<Parts, Error> {
        let malformed = |_| {
            let detail =
                "The body is not multipart/form-data, or it is incomplete. Let your HTTP client write it.";
            Error::invalid("", "malformed_multipart", detail)
        };
        let body = self.body;
        let mut form =
            multer::Multipart::new(stream::once(async { Ok::<_, Infallible>(body) }), self.boundary);
        let mut parts: Vec<(&'static str, Bytes)> = Vec::new();
        let mut count = 0;
        while let Some(field) = form.next_field().await.map_err(malformed)? {
            count += 1;
            if count > MAX_PARTS {
                return Err(Error::invalid("", "too_many", format!("A form has at most {MAX_PARTS} parts.")));
            }
            let has_name = |part: &&PartDescription| {
                field.name().is_some_and(|name| name == part.name || Some(name) == part.other_name)
            };
            let Some(PartDescription { name, .. }) = F::PARTS.iter().find(has_name) else { continue };
            if parts.iter().any(|(known, _)| known == name) {
                let detail = "This part occurs twice. Send it once.";
                return Err(Error::invalid(format!("/{name}"), "duplicate_part", detail));
            }
            parts.push((name, field.bytes().await.map_err(malformed)?));
        }
        Ok(Parts(parts))
    }
}

impl<F: MultipartForm> Input for Multipart<F> {
    const FAILURES: &'static [Failure] =
        &[UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE, Failure::INVALID_REQUEST];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        no_query(request)?;
        let content_type = request.header("content-type").unwrap_or_default();
        let boundary = multer::parse_boundary(&*content_type).map_err(|_| {
            unsupported("Send the body as multipart/form-data, with its boundary in Content-Type, in quotation marks if it has others than letters and digits.")
        })?;
        no_encoding(request)?;
        let body = request.body(F::MAX_SIZE)?.into_owned().into();
        Ok(Self { boundary, body, form: PhantomData })
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        let property = |part: &PartDescription| {
            let schema = if part.is_file {
                json!({ "type": "string", "minLength": 1, "contentMediaType": "application/octet-stream", "description": part.description })
            } else {
                json!({ "type": "string", "description": part.description })
            };
            (part.name.to_owned(), schema)
        };
        let properties: Map<String, Value> = F::PARTS.iter().map(property).collect();
        let required: Vec<&str> = F::PARTS.iter().map(|part| part.name).collect();
        operation.multipart(&json!({ "type": "object", "properties": properties, "required": required }));
    }

    fn fingerprint_input<'r>(_: &'r Request<'_>) -> Cow<'r, [u8]> {
        // Forms have passwords and private keys, which are not even hashed. They are sent with PUT, which has no idempotency keys.
        Cow::Borrowed(b"")
    }
}
