//! Documents in DER, in PEM (RFC 7468), or in base64.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use x509_cert::der::{Decode, Reader, SliceReader, asn1::AnyRef};
use zeroize::Zeroizing;

/// The maximum size of a document, in bytes. Certificates and keys of SAT have fewer than 2,000.
pub const MAX_DOCUMENT_SIZE: usize = 32 * 1024;
/// The tag of a sequence, with which every certificate and every key in DER begins. It is the character `0`.
const SEQUENCE: u8 = 0x30;
/// Base64, with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The reason why there is no DER in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DocumentError {
    /// The document has more than [`MAX_DOCUMENT_SIZE`] bytes.
    TooLong,
    /// The document is neither DER nor a text of it.
    Encoding,
}

/// Returns the DER of a document. If a PEM has several blocks, exactly one of them must have one of these labels.
pub(crate) fn der(document: &[u8], labels: &[&str]) -> Result<Zeroizing<Vec<u8>>, DocumentError> {
    if document.len() > MAX_DOCUMENT_SIZE {
        return Err(DocumentError::TooLong);
    }
    // Base64 of DER begins with `M`, so that only the text before a block of a PEM can begin with the same character as DER.
    let has_block = document.windows(BEGIN.len()).any(|bytes| bytes == BEGIN.as_bytes());
    if document.first() == Some(&SEQUENCE) && !has_block {
        return Ok(Zeroizing::new(without_line_end(document).to_vec()));
    }
    let decoded = std::str::from_utf8(document).ok().and_then(|text| decode(text, labels));
    decoded.ok_or(DocumentError::Encoding)
}

/// Decodes a text; `None` if it is neither PEM nor base64.
fn decode(text: &str, labels: &[&str]) -> Option<Zeroizing<Vec<u8>>> {
    let text = text.trim_start_matches('\u{feff}');
    let base64 = if text.contains(BEGIN) { pem_block(text, labels)? } else { text };
    let mut letters = Zeroizing::new(Vec::with_capacity(base64.len()));
    letters.extend(base64.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    let der = Zeroizing::new(BASE64.decode(&*letters).ok()?);
    (der.first() == Some(&SEQUENCE)).then_some(der)
}

/// The beginning of a block of a PEM, before its label.
const BEGIN: &str = "-----BEGIN ";
/// The end of a block of a PEM, before its label.
const END: &str = "-----END ";

/// Returns the base64 of the block that is meant, or else of the only one; `None` if it is not clear which that is.
///
/// Programs write other text before the first block, such as the fields of the certificate.
fn pem_block<'t>(text: &'t str, labels: &[&str]) -> Option<&'t str> {
    let blocks: Vec<(&str, &str)> = text
        .split(BEGIN)
        .skip(1)
        .map(|block| {
            let (label, rest) = block.split_once("-----")?;
            Some((label, rest.split_once(END)?.0))
        })
        .collect::<Option<_>>()?;
    let mut meant = blocks.iter().filter(|(label, _)| labels.contains(label));
    match (meant.next(), meant.next(), &*blocks) {
        (Some((_, base64)), None, _) | (None, _, [(_, base64)]) => Some(base64),
        _ => None,
    }
}

/// Returns a document without the white space that follows the DER.
fn without_line_end(document: &[u8]) -> &[u8] {
    let end = |document| {
        let mut reader = SliceReader::new(document).ok()?;
        AnyRef::decode(&mut reader).ok()?;
        usize::try_from(reader.position()).ok()
    };
    match end(document).and_then(|end| document.split_at_checked(end)) {
        Some((der, rest)) if rest.iter().all(u8::is_ascii_whitespace) => der,
        _ => document,
    }
}
