//! What decides whether a certificate is taken.

use super::Certificate;
use crate::{Failure, FailureClass, Organization, Timestamp};

/// A certificate of an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateSlot {
    /// The one that seals invoices (CSD).
    Csd,
    /// That of the electronic signature (FIEL).
    Fiel,
}

impl CertificateSlot {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Csd, Self::Fiel];

    /// Returns the name, which keys and encryption contexts have.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csd => "csd",
            Self::Fiel => "fiel",
        }
    }
}

impl Organization {
    /// Returns the certificate of a slot; `None` if there is none.
    pub fn certificate_of(&self, slot: CertificateSlot) -> Option<&Certificate> {
        match slot {
            CertificateSlot::Csd => self.certificate.as_ref(),
            CertificateSlot::Fiel => self.fiel.as_ref(),
        }
    }

    /// Fails unless a certificate with this RFC may be put into a slot.
    ///
    /// An organization is one taxpayer: its RFC, once a certificate has named it, stays, and both certificates have the same.
    pub fn check_rfc(&self, slot: CertificateSlot, rfc: &str) -> Result<(), Failure> {
        let of_fiel = self.fiel.as_ref().and_then(|fiel| fiel.rfc.as_deref());
        let is_other = |known: Option<&str>| known.is_some_and(|known| known != rfc);
        match slot {
            CertificateSlot::Csd if is_other(self.legal.rfc.as_deref()) => {
                Err(Failure::CERTIFICATE_PREVIOUS_RFC_MISMATCH)
            }
            CertificateSlot::Csd if is_other(of_fiel) => Err(Failure::CERTIFICATE_FIEL_RFC_MISMATCH),
            CertificateSlot::Fiel if is_other(self.legal.rfc.as_deref()) || is_other(of_fiel) => {
                Err(Failure::FIEL_RFC_MISMATCH)
            }
            _ => Ok(()),
        }
    }

    /// Puts a certificate into a slot, and returns the names of the changed fields. The organization is one version later.
    pub fn set_certificate(
        &mut self,
        slot: CertificateSlot,
        certificate: Certificate,
        now: Timestamp,
    ) -> Vec<&'static str> {
        let mut fields = Vec::new();
        match slot {
            CertificateSlot::Csd => {
                fields.push("certificate");
                if certificate.rfc.is_some() && self.legal.rfc != certificate.rfc {
                    self.legal.rfc.clone_from(&certificate.rfc);
                    fields.push("legal.rfc");
                }
                self.certificate = Some(certificate);
                self.certificate_deleted_at = None;
            }
            CertificateSlot::Fiel => {
                fields.push("fiel");
                self.fiel = Some(certificate);
                self.fiel_deleted_at = None;
            }
        }
        self.mark_updated(now);
        fields
    }

    /// Removes the certificate of a slot. The RFC stays. Returns the name of the changed field; `None` if there is no certificate.
    pub fn remove_certificate(&mut self, slot: CertificateSlot, now: Timestamp) -> Option<&'static str> {
        let (removed, deleted_at, field) = match slot {
            CertificateSlot::Csd => {
                (self.certificate.take(), &mut self.certificate_deleted_at, "certificate")
            }
            CertificateSlot::Fiel => (self.fiel.take(), &mut self.fiel_deleted_at, "fiel"),
        };
        removed?;
        *deleted_at = Some(now);
        self.mark_updated(now);
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

    /// The certificate or the private key is missing in the form, or is no such file.
    pub const CERTIFICATE_FILES_INVALID: Self = Self::new(
        FailureClass::Invalid,
        "certificate_files_invalid",
        "The certificate or the private key is no file that SAT has issued",
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
    .with_hint("Both certificates are of one taxpayer. Send the FIEL of the organization's RFC.");
}
