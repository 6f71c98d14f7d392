//! Certificates.

use padron_domain::{CertificateKind, Rfc, Timestamp};
use pkcs1::{RsaPublicKey, UintRef};
use x509_cert::{
    attr::AttributeTypeAndValue,
    certificate::{CertificateInner, Rfc5280},
    der::{Decode, Tag, Tagged, asn1::ObjectIdentifier},
    ext::pkix::KeyUsage,
    spki::SubjectPublicKeyInfoOwned,
    time::Time,
};

use crate::{
    document::{self, DocumentError},
    private_key,
};

/// A certificate as RFC 5280 describes it, with any serial number.
type X509 = CertificateInner<Rfc5280>;

/// A certificate, as far as it is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The kind of certificate.
    pub kind: CertificateKind,
    /// The serial number, twenty digits.
    pub serial_number: String,
    /// The RFC of the taxpayer.
    pub rfc: String,
    /// The registered name of the taxpayer as the certificate spells it, usually in upper case and with the corporate suffix; `None` if
    /// there is none.
    pub name: Option<String>,
    /// When the certificate becomes valid.
    pub valid_from: Timestamp,
    /// When the certificate expires.
    pub expires_at: Timestamp,
    /// The certificate in DER, which invoices contain.
    pub der: Vec<u8>,
    /// The modulus of the public key, without leading zeros.
    pub(crate) modulus: Vec<u8>,
    /// The exponent of the public key, without leading zeros.
    pub(crate) exponent: Vec<u8>,
}

/// The reason why a document is not a certificate of SAT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateError {
    /// The document is too long.
    TooLong,
    /// The document is a private key.
    IsPrivateKey,
    /// The document is neither DER, PEM nor base64 of an X.509 certificate.
    NotACertificate,
    /// The serial number does not have twenty digits, so that SAT has not issued the certificate.
    InvalidSerialNumber,
    /// The subject has no RFC, one that is not valid, or one that is not a taxpayer's.
    InvalidRfc,
    /// The key is not an RSA key.
    NotRsa,
    /// The key is not for signatures.
    NotForSigning,
}

impl CertificateError {
    /// All reasons.
    pub const ALL: [Self; 7] = [
        Self::TooLong,
        Self::IsPrivateKey,
        Self::NotACertificate,
        Self::InvalidSerialNumber,
        Self::InvalidRfc,
        Self::NotRsa,
        Self::NotForSigning,
    ];

    /// Returns what is wrong, as a sentence for the caller.
    pub const fn detail(self) -> &'static str {
        match self {
            Self::TooLong => "A certificate has at most 32 KB.",
            Self::IsPrivateKey => "This is a private key, not a certificate.",
            Self::NotACertificate => {
                "This is not an X.509 certificate. Send the .cer file as SAT has issued it."
            }
            Self::InvalidSerialNumber => {
                "SAT has not issued this certificate: its serial number does not have twenty digits."
            }
            Self::InvalidRfc => "The certificate names no valid RFC of a taxpayer.",
            Self::NotRsa => "The key of the certificate is not an RSA key.",
            Self::NotForSigning => "The key of the certificate is not for signatures.",
        }
    }
}

/// The attribute of the subject with the RFC (X.520, `x500UniqueIdentifier`).
const RFC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.45");
/// The attribute of the subject with the name.
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
/// The attribute of the subject with the branch, which usually only a CSD has.
const ORGANIZATIONAL_UNIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");
/// The algorithm of RSA keys (RFC 8017 appendix C).
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// The number of digits of a serial number.
const SERIAL_NUMBER_LENGTH: usize = 20;
/// The maximum number of characters of a name that are kept. A name in an invoice has at most 300 (CFDI 4.0, `Nombre`).
const MAX_NAME_LENGTH: usize = 300;

impl Certificate {
    /// Reads a certificate from DER, PEM, or base64 of DER.
    pub fn read(document: &[u8]) -> Result<Self, CertificateError> {
        let der = document::der(document, &["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"]);
        let der = der.map_err(|error| match error {
            DocumentError::TooLong => CertificateError::TooLong,
            DocumentError::Encoding => CertificateError::NotACertificate,
        })?;
        let certificate = X509::from_der(&der).map_err(|_| {
            if private_key::is_encrypted_key(&der) {
                CertificateError::IsPrivateKey
            } else {
                CertificateError::NotACertificate
            }
        })?;
        let certificate = certificate.tbs_certificate();
        let attribute =
            |oid| certificate.subject().iter().find(|attribute| attribute.oid == oid).and_then(text);
        let serial_number = certificate.serial_number().as_bytes();
        let is_serial =
            serial_number.len() == SERIAL_NUMBER_LENGTH && serial_number.iter().all(u8::is_ascii_digit);
        if !is_serial {
            return Err(CertificateError::InvalidSerialNumber);
        }
        // A company's is followed by that of its representative: `EKU9003173C9 / XIQB891116QE4`.
        let rfc = attribute(RFC).ok_or(CertificateError::InvalidRfc)?;
        let rfc = Rfc::normalize(rfc.split('/').next().unwrap_or_default());
        // The generic RFCs are nobody's.
        if !Rfc::parse(&rfc).is_ok_and(|rfc| !rfc.is_generic()) {
            return Err(CertificateError::InvalidRfc);
        }
        let (modulus, exponent) =
            rsa_key(certificate.subject_public_key_info()).ok_or(CertificateError::NotRsa)?;
        let usage = certificate.get_extension::<KeyUsage>();
        let usage = usage.map_err(|_| CertificateError::NotACertificate)?.map(|(_, usage)| usage);
        // SAT documents no way to tell the kinds apart. In its certificates only a FIEL has the usages dataEncipherment and keyAgreement.
        // Without a key usage, the branch in the subject decides.
        if usage.is_some_and(|usage| !usage.digital_signature() && !usage.non_repudiation()) {
            return Err(CertificateError::NotForSigning);
        }
        let kind = match usage {
            Some(usage) if usage.data_encipherment() || usage.key_agreement() => CertificateKind::Fiel,
            Some(_) => CertificateKind::Csd,
            None if attribute(ORGANIZATIONAL_UNIT).is_some() => CertificateKind::Csd,
            None => CertificateKind::Fiel,
        };
        Ok(Self {
            kind,
            serial_number: serial_number.iter().copied().map(char::from).collect(),
            rfc,
            name: attribute(COMMON_NAME).as_deref().and_then(kept_name),
            valid_from: instant(certificate.validity().not_before),
            expires_at: instant(certificate.validity().not_after),
            modulus,
            exponent,
            der: der.to_vec(),
        })
    }
}

/// Returns whether a document is a certificate.
pub(crate) fn is_certificate(der: &[u8]) -> bool {
    X509::from_der(der).is_ok()
}

/// Converts a time. Those after [`Timestamp::LATEST`], such as the one that means "never" (RFC 5280 §4.1.2.5), become that one.
fn instant(time: Time) -> Timestamp {
    let millis = i64::try_from(time.to_unix_duration().as_millis()).ok();
    millis.and_then(Timestamp::from_millis).map_or(Timestamp::LATEST, |time| time.min(Timestamp::LATEST))
}

/// Returns a name without control characters, and at most [`MAX_NAME_LENGTH`] characters of it; `None` if nothing is left.
fn kept_name(name: &str) -> Option<String> {
    let name: String = name.chars().filter(|letter| !letter.is_control()).take(MAX_NAME_LENGTH).collect();
    Some(name).filter(|name| !name.is_empty())
}

/// Returns the text of an attribute; `None` if it has none.
///
/// SAT writes T61 strings with letters of ISO 8859-1, although their standard has another alphabet.
fn text(attribute: &AttributeTypeAndValue) -> Option<String> {
    let value = &attribute.value;
    let bytes = value.value();
    let text = match value.tag() {
        Tag::TeletexString => bytes.iter().copied().map(char::from).collect(),
        Tag::BmpString => {
            let (units, []) = bytes.as_chunks() else { return None };
            String::from_utf16(&units.iter().copied().map(u16::from_be_bytes).collect::<Vec<_>>()).ok()?
        }
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String => std::str::from_utf8(bytes)
            .map_or_else(|_| bytes.iter().copied().map(char::from).collect(), str::to_owned),
        _ => return None,
    };
    let text = text.trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// Returns modulus and exponent of an RSA key without leading zeros; `None` if it is another key.
fn rsa_key(info: &SubjectPublicKeyInfoOwned) -> Option<(Vec<u8>, Vec<u8>)> {
    if info.algorithm.oid != RSA_ENCRYPTION {
        return None;
    }
    let key: RsaPublicKey<UintRef<'_>> = RsaPublicKey::from_der(info.subject_public_key.as_bytes()?).ok()?;
    Some((key.modulus.as_bytes().to_vec(), key.public_exponent.as_bytes().to_vec()))
}
