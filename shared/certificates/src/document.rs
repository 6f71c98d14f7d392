//! Documents in DER, in PEM (RFC 7468), or in base64.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use zeroize::Zeroizing;

/// The maximum size of a document, in bytes. Usual ones have less than two thousand.
pub const MAX_DOCUMENT_SIZE: usize = 32 * 1024;
/// The tag of a sequence, with which every DER document begins here. No text begins with it.
const SEQUENCE: u8 = 0x30;

/// Returns the DER of a document; `None` if it is empty, too long, or neither DER nor a text of it. The label of a PEM must be one of `labels`.
pub(crate) fn der(document: &[u8], labels: &[&str]) -> Option<Zeroizing<Vec<u8>>> {
    if document.len() > MAX_DOCUMENT_SIZE {
        return None;
    }
    // `0` is the letter of the same value: base64 of DER begins with `M`, and PEM with `-`.
    if document.first() == Some(&SEQUENCE) {
        return Some(Zeroizing::new(document.to_vec()));
    }
    let text = std::str::from_utf8(document).ok()?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with("-----") {
        let (label, der) = pem_rfc7468::decode_vec(text.as_bytes()).ok()?;
        return labels.contains(&label).then(|| Zeroizing::new(der));
    }
    let kept = Zeroizing::new(text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect::<Vec<u8>>());
    let der = Zeroizing::new(BASE64_STANDARD.decode(&*kept).ok()?);
    (der.first() == Some(&SEQUENCE)).then_some(der)
}
