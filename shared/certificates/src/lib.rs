//! The certificates of Mexico's tax administration (SAT), and their private keys.
//!
//! A taxpayer has two kinds. The CSD (Certificado de Sello Digital) seals invoices. The FIEL, now called e.firma, is the taxpayer's own
//! signature. Both are X.509 certificates (RFC 5280) of RSA keys, with habits of their own: a serial number whose bytes are the letters
//! of twenty digits, an RFC in an attribute of the subject that other certificates do not have, and texts in Latin-1.
//!
//! The input comes from callers who are not trusted: its length and the rounds of PBKDF2 are limited.

mod certificate;
mod document;
mod private_key;

pub use certificate::{Certificate, CertificateError};
pub use document::MAX_DOCUMENT_SIZE;
pub use private_key::{PrivateKey, PrivateKeyError};
