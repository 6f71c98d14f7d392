//! What the endpoints that upload and delete certificates have in common.

use padron_certificates::{
    Certificate as Uploaded, CertificateKind, MAX_DOCUMENT_SIZE, PrivateKey, PrivateKeyError,
};
use padron_domain::{
    Certificate, CertificateSlot, Error, EventData, Failure, OrganizationId, ProfileWarning, Timestamp,
};
use padron_dto::{OrganizationResponse, Warning};
use padron_http::{
    Body, Context, Multipart, MultipartForm, Owner, PartDescription, Parts, Versioned, Written,
};
use padron_key_vault::{EncryptionContext, KeyVault, SealedSecret};
use padron_store::StoredPrivateKey;
use schemars::JsonSchema;
use serde::Serialize;

/// The failures of an upload that both kinds of certificates have.
pub(crate) const FAILURES: &[Failure] = &[
    Failure::PRECONDITION_FAILED,
    Failure::CERTIFICATE_FILE_REQUIRED,
    Failure::PRIVATE_KEY_FILE_REQUIRED,
    Failure::CERTIFICATE_FILES_INVALID,
    Failure::PRIVATE_KEY_PASSWORD_INCORRECT,
    Failure::PRIVATE_KEY_CERTIFICATE_MISMATCH,
    Failure::CERTIFICATE_EXPIRED,
    Failure::CERTIFICATE_NOT_YET_VALID,
    Failure::UNAVAILABLE,
];

/// The form with a certificate and its private key.
#[derive(Debug)]
pub struct CertificateForm;

impl MultipartForm for CertificateForm {
    // Both files in their longest spelling, and room for the password and the boundaries.
    const MAX_SIZE: usize = 2 * MAX_DOCUMENT_SIZE + 16 * 1024;
    const PARTS: &'static [PartDescription] = &[
        PartDescription {
            name: "certificate",
            other_name: Some("cer"),
            description: "The .cer file: DER, PEM, or base64 of DER. `cer` is another name of the part",
            is_file: true,
        },
        PartDescription {
            name: "privateKey",
            other_name: Some("key"),
            description: "The .key file: encrypted PKCS #8, in DER, PEM, or base64 of DER. `key` is another name of the part",
            is_file: true,
        },
        PartDescription {
            name: "password",
            other_name: None,
            description: "The password of the private key",
            is_file: false,
        },
    ];
}

/// A certificate that was uploaded. Its private key is never in a response.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "UploadedCertificate")]
pub struct UploadedCertificate {
    /// Serial number of the certificate, twenty digits.
    #[serde(rename = "certificateSerialNumber")]
    serial_number: String,
    /// When the certificate expires.
    #[serde(rename = "certificateExpiresAt")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Timestamp,
    /// When the certificate was uploaded.
    #[serde(rename = "certificateUpdatedAt")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    updated_at: Timestamp,
    /// RFC of the certificate, which is the organization's.
    rfc: String,
    /// Warnings about the legal data, such as a tax system that is not one of the RFC's person. No warning makes a request fail.
    warnings: Vec<Warning>,
}

/// Takes a certificate and its private key into a slot. The previous ones are replaced.
pub(crate) async fn upload(
    cx: &Context<'_>,
    owner: Owner,
    form: Multipart<CertificateForm>,
    slot: CertificateSlot,
) -> Result<Written<Body<UploadedCertificate>>, Error> {
    let parts = form.read().await?;
    let (uploaded, private_key) = read(&parts, slot, cx.now())?;
    let mut organization = owner.organization().clone();
    cx.require_version(organization.version)?;
    organization.check_rfc(slot, &uploaded.rfc)?;
    let id = organization.id;
    let SealedSecret { data_key, ciphertext } = seal(cx, id, slot, &private_key).await?;
    let Uploaded { serial_number, rfc, name, expires_at, der, .. } = uploaded;
    let certificate = Certificate {
        updated_at: organization.updated_at.next().max(cx.now()),
        expires_at,
        serial_number: serial_number.clone(),
        rfc: Some(rfc.clone()),
        name: Some(name).filter(|name| !name.is_empty()),
    };
    let stored = StoredPrivateKey {
        organization: id,
        slot: slot.name().to_owned(),
        serial_number: serial_number.clone(),
        data_key,
        ciphertext,
        certificate: der,
    };
    let updated_at = certificate.updated_at;
    let fields = organization.set_certificate(slot, certificate, cx.now());
    let fields = fields.into_iter().map(ToOwned::to_owned).collect();
    let event = cx.event(owner.principal(), id, EventData::OrganizationUpdated { fields });
    let event = event.at_or_after(organization.updated_at);
    let warning =
        |ProfileWarning { pointer, code, detail }| Warning { pointer: pointer.into(), code, detail };
    let warnings = organization.legal_warnings().into_iter().map(warning).collect();
    let transaction = cx.store().set_certificate(&organization, &stored, &event)?;
    let uploaded = UploadedCertificate { serial_number, expires_at, updated_at, rfc, warnings };
    cx.commit(transaction, Body(uploaded)).await
}

/// Removes the certificate of a slot and its private key. The RFC stays.
pub(crate) async fn delete(
    cx: &Context<'_>,
    owner: Owner,
    slot: CertificateSlot,
) -> Result<Written<Versioned<OrganizationResponse>>, Error> {
    let mut organization = owner.organization().clone();
    cx.require_version(organization.version)?;
    let removed = organization.remove_certificate(slot, organization.updated_at.next().max(cx.now()));
    let response = Versioned {
        version: organization.version,
        body: OrganizationResponse::new(organization.clone(), cx.now()),
    };
    let Some(field) = removed else { return cx.unchanged(response).await };
    let fields = vec![field.to_owned()];
    let event = cx.event(owner.principal(), organization.id, EventData::OrganizationUpdated { fields });
    let event = event.at_or_after(organization.updated_at);
    let transaction = cx.store().delete_certificate(&organization, slot, &event)?;
    cx.commit(transaction, response).await
}

/// Reads and checks the files of a form, in the order in which their errors help: what was sent, whether it is valid, whether the key fits.
fn read(parts: &Parts, slot: CertificateSlot, now: Timestamp) -> Result<(Uploaded, PrivateKey), Error> {
    let certificate = parts.get("certificate").ok_or(Failure::CERTIFICATE_FILE_REQUIRED)?;
    let private_key = parts.get("privateKey").ok_or(Failure::PRIVATE_KEY_FILE_REQUIRED)?;
    let password = parts.get("password").unwrap_or_default();
    let invalid = |pointer: &str, detail: &str| {
        Error::from(Failure::CERTIFICATE_FILES_INVALID).with_violation(pointer, "invalid_file", detail)
    };
    let certificate = Uploaded::read(certificate).map_err(|error| invalid("/certificate", error.detail()))?;
    match (certificate.kind, slot) {
        (CertificateKind::Fiel, CertificateSlot::Csd) => return Err(Failure::CSD_REQUIRED.into()),
        (CertificateKind::Csd, CertificateSlot::Fiel) => return Err(Failure::FIEL_REQUIRED.into()),
        _ => {}
    }
    if now < certificate.valid_from {
        return Err(Failure::CERTIFICATE_NOT_YET_VALID.into());
    }
    if certificate.expires_at <= now {
        return Err(Failure::CERTIFICATE_EXPIRED.into());
    }
    let private_key = PrivateKey::open(private_key, password, &certificate).map_err(|error| match error {
        PrivateKeyError::Password => Failure::PRIVATE_KEY_PASSWORD_INCORRECT.into(),
        PrivateKeyError::AnotherCertificate => Failure::PRIVATE_KEY_CERTIFICATE_MISMATCH.into(),
        error => invalid("/privateKey", error.detail()),
    })?;
    Ok((certificate, private_key))
}

/// Encrypts a private key with a data key of its own.
async fn seal(
    cx: &Context<'_>,
    organization: OrganizationId,
    slot: CertificateSlot,
    private_key: &PrivateKey,
) -> Result<SealedSecret, Error> {
    let location = cx.options().encryption_key.as_ref();
    let location = location.ok_or_else(|| Error::internal("ENCRYPTION_KEY is missing"))?;
    let vault =
        cx.environment().get_or_create(|| Ok(KeyVault::connect(&location.connection, &location.id)))?;
    let id = organization.to_string();
    let context = EncryptionContext { purpose: slot.name(), id: &id };
    vault.seal(private_key.as_pkcs8(), context, cx.deadline()).await
}
