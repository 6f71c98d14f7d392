//! The rules of uploading and deleting certificates, and their failures.

use serde::{Deserialize, Serialize};

use super::Certificate;
use crate::{Failure, FailureClass, Organization, Timestamp};

/// The kind of a certificate. An organization has at most one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CertificateKind {
    /// The one that seals invoices (CSD).
    Csd,
    /// That of the electronic signature (FIEL).
    Fiel,
}

impl CertificateKind {
    /// Returns the name, which is part of keys, encryption contexts and policies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csd => "csd",
            Self::Fiel => "fiel",
        }
    }

    /// Fails if a certificate is of another kind than is needed.
    pub fn check_needed(self, needed: Self) -> Result<(), Failure> {
        match (self, needed) {
            (Self::Fiel, Self::Csd) => Err(Failure::CSD_REQUIRED),
            (Self::Csd, Self::Fiel) => Err(Failure::FIEL_REQUIRED),
            _ => Ok(()),
        }
    }
}

/// Fails unless a certificate is valid at `now`.
pub fn check_certificate_validity(
    valid_from: Timestamp,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<(), Failure> {
    if now < valid_from {
        Err(Failure::CERTIFICATE_NOT_YET_VALID)
    } else if expires_at <= now {
        Err(Failure::CERTIFICATE_EXPIRED)
    } else {
        Ok(())
    }
}

impl Organization {
    /// Fails unless the organization may have a certificate with this RFC.
    ///
    /// An organization is one taxpayer: its RFC, once a certificate has named it, stays, and both certificates have the same.
    pub fn check_rfc(&self, kind: CertificateKind, rfc: &str) -> Result<(), Failure> {
        let of_fiel = self.fiel.as_ref().and_then(|fiel| fiel.rfc.as_deref());
        let is_other = |known: Option<&str>| known.is_some_and(|known| known != rfc);
        match kind {
            CertificateKind::Csd if is_other(self.legal.rfc.as_deref()) => {
                Err(Failure::CERTIFICATE_PREVIOUS_RFC_MISMATCH)
            }
            CertificateKind::Csd if is_other(of_fiel) => Err(Failure::CERTIFICATE_FIEL_RFC_MISMATCH),
            CertificateKind::Fiel if is_other(self.legal.rfc.as_deref()) || is_other(of_fiel) => {
                Err(Failure::FIEL_RFC_MISMATCH)
            }
            _ => Ok(()),
        }
    }

    /// Sets a certificate, and returns the names of the changed fields. The organization is one version later.
    pub fn set_certificate(
        &mut self,
        kind: CertificateKind,
        mut certificate: Certificate,
        now: Timestamp,
    ) -> Vec<&'static str> {
        self.mark_updated(now);
        certificate.updated_at = self.updated_at;
        let mut fields = Vec::new();
        match kind {
            CertificateKind::Csd => {
                fields.push("certificate");
                if certificate.rfc.is_some() && self.legal.rfc != certificate.rfc {
                    self.legal.rfc.clone_from(&certificate.rfc);
                    fields.push("legal.rfc");
                }
                self.certificate = Some(certificate);
                self.certificate_deleted_at = None;
            }
            CertificateKind::Fiel => {
                fields.push("fiel");
                self.fiel = Some(certificate);
                self.fiel_deleted_at = None;
            }
        }
        fields
    }

    /// Removes a certificate. The RFC stays. Returns the name of the changed field; `None` if there is no certificate.
    pub fn remove_certificate(&mut self, kind: CertificateKind, now: Timestamp) -> Option<&'static str> {
        let (removed, field) = match kind {
            CertificateKind::Csd => (self.certificate.take(), "certificate"),
            CertificateKind::Fiel => (self.fiel.take(), "fiel"),
        };
        removed?;
        self.mark_updated(now);
        let deleted_at = match kind {
            CertificateKind::Csd => &mut self.certificate_deleted_at,
            CertificateKind::Fiel => &mut self.fiel_deleted_at,
        };
        *deleted_at = Some(self.updated_at);
        Some(field)
    }
}

impl Failure {
    /// The certificate is a FIEL, and a CSD is needed.
    pub const CSD_REQUIRED: Self =
        Self::new(FailureClass::Invalid, "csd_required", "This certificate is a FIEL, and a CSD is needed")
            .with_hint("Send the CSD, the certificate that seals invoices.");

    /// The certificate is a CSD, and a FIEL is needed.
    pub const FIEL_REQUIRED: Self =
        Self::new(FailureClass::Invalid, "fiel_required", "This certificate is a CSD, and a FIEL is needed")
            .with_hint("Send the FIEL (e.firma), the signature of the taxpayer.");

    /// The certificate or the private key cannot be read, or SAT does not issue such files.
    pub const CERTIFICATE_FILES_INVALID: Self = Self::new(
        FailureClass::Invalid,
        "certificate_files_invalid",
        "The certificate or the private key is not a file of SAT",
    )
    .with_hint("Send the .cer and the .key as SAT has issued them. `errors` says which is wrong.");

    /// The form has no certificate.
    pub const CERTIFICATE_FILE_REQUIRED: Self =
        Self::new(FailureClass::Invalid, "certificate_file_required", "The form has no certificate")
            .with_hint("Send the .cer file as the part `certificate`.");

    /// The form has no private key.
    pub const PRIVATE_KEY_FILE_REQUIRED: Self =
        Self::new(FailureClass::Invalid, "private_key_file_required", "The form has no private key")
            .with_hint("Send the .key file as the part `privateKey`.");

    /// The password does not open the private key.
    pub const PRIVATE_KEY_PASSWORD_INCORRECT: Self = Self::new(
        FailureClass::Invalid,
        "private_key_password_incorrect",
        "The password does not open the private key",
    )
    .with_hint("Send the password of the .key file as the part `password`.");

    /// The private key is that of another certificate.
    pub const PRIVATE_KEY_CERTIFICATE_MISMATCH: Self = Self::new(
        FailureClass::Invalid,
        "private_key_certificate_mismatch",
        "The private key is that of another certificate",
    )
    .with_hint("Send the .cer and the .key of one certificate.");

    /// The certificate has expired.
    pub const CERTIFICATE_EXPIRED: Self =
        Self::new(FailureClass::Invalid, "certificate_expired", "The certificate has expired")
            .with_hint("Get a new one from SAT.");

    /// The certificate is not valid yet.
    pub const CERTIFICATE_NOT_YET_VALID: Self = Self::new(
        FailureClass::Invalid,
        "certificate_not_yet_valid",
        "The certificate is not valid yet",
    )
    .with_hint(
        "Send it again when it is. Certificates of SAT become valid some hours after they are issued.",
    );

    /// The certificate has another RFC than the organization.
    pub const CERTIFICATE_PREVIOUS_RFC_MISMATCH: Self = Self::new(
        FailureClass::Invalid,
        "certificate_previous_rfc_mismatch",
        "The certificate has another RFC than the organization",
    )
    .with_hint("An organization is one taxpayer. Create another organization for another RFC.");

    /// The certificate has another RFC than the FIEL.
    pub const CERTIFICATE_FIEL_RFC_MISMATCH: Self = Self::new(
        FailureClass::Invalid,
        "certificate_fiel_rfc_mismatch",
        "The certificate has another RFC than the FIEL of the organization",
    )
    .with_hint("Both certificates are of one taxpayer. Delete the FIEL if it is the wrong one.");

    /// The FIEL has another RFC than the organization.
    pub const FIEL_RFC_MISMATCH: Self = Self::new(
        FailureClass::Invalid,
        "fiel_rfc_mismatch",
        "The FIEL has another RFC than the organization",
    )
    .with_hint(
        "Both certificates are of one taxpayer. If the stored FIEL is the wrong one, delete it first.",
    );
}
