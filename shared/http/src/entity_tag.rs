//! Entity tags (RFC 9110 §8.8.3) and the conditional requests that use them.

use padron_domain::{Error, Failure};
use xxhash_rust::xxh3::xxh3_64;

use crate::{event::Request, parameter::ParameterDescription};

/// The request header that names the versions a write may be based on.
pub(crate) const IF_MATCH: ParameterDescription = ParameterDescription::optional(
    "If-Match",
    "Entity tags: the request is refused where none of them is of the newest version",
);

/// The request header that names the versions that the client has.
pub(crate) const IF_NONE_MATCH: ParameterDescription =
    ParameterDescription::optional("If-None-Match", "Entity tags of what the client has");

/// The entity tag of a representation: `"<version>.<variant>"`, or the hash of a file that never changes.
///
/// The version grows with every write. The variant is a hash of the body, which covers what changes without a write: readiness with the
/// passing of time, masking by reader, a new field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityTag(String);

impl EntityTag {
    /// Returns the tag of a version with this body.
    pub fn new(version: u64, body: &str) -> Self {
        Self(format!("\"{version}.{}\"", variant(body)))
    }

    /// Returns the tag of content that never changes, given its hash.
    pub(crate) fn of_hash(hash: &str) -> Self {
        Self(format!("\"{hash}\""))
    }

    /// Returns the value of the header `ETag`.
    pub(crate) fn into_header(self) -> String {
        self.0
    }

    /// Returns whether the client has this representation, as `If-None-Match` of a request that reads says.
    pub(crate) fn is_known_to(&self, request: &Request<'_>) -> bool {
        request.is_get_or_head()
            && request.header("if-none-match").is_some_and(|known| {
                // Weak comparison (RFC 9110 §13.1.2): `W/` does not count.
                known
                    .split(',')
                    .map(str::trim)
                    .any(|known| known == "*" || known.trim_start_matches("W/") == self.0)
            })
    }
}

/// Returns a tag with the same version and the variant of another body.
pub(crate) fn with_variant(tag: &str, body: &str) -> Option<String> {
    let (version, _) = tag.split_once('.')?;
    Some(format!("{version}.{}\"", variant(body)))
}

fn variant(body: &str) -> String {
    format!("{:016x}", xxh3_64(body.as_bytes()))
}

/// Fails if `If-Match` of a request names no tag of this version (RFC 9110 §13.1.1).
pub(crate) fn require_version(request: &Request<'_>, version: u64) -> Result<(), Error> {
    let Some(known) = request.header("if-match") else { return Ok(()) };
    // Strong comparison: a weak tag matches nothing.
    let is_version = |tag: &str| {
        let tag = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or_default();
        tag.split('.').next() == Some(&*version.to_string())
    };
    if known.trim() == "*" || known.split(',').map(str::trim).any(is_version) {
        Ok(())
    } else {
        Err(Failure::PRECONDITION_FAILED.into())
    }
}
