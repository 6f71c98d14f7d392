//! What the endpoints that upload and delete certificates have in common.

use padron_certificates::{
    Certificate as Uploaded, CertificateError, MAX_DOCUMENT_SIZE, PrivateKey, PrivateKeyError,
};
use padron_domain::{
    Certificate, CertificateKind, Error, Failure, OrganizationId, Timestamp, check_certificate_validity,
};
use padron_dto::{OrganizationResponse, Warning};
use padron_http::{
    Context, Multipart, MultipartForm, Owner, PartDescription, Parts, Versioned, VersionedPart, Written,
};
use padron_key_vault::{EncryptionContext, KeyVault, SealedSecret};
use padron_store::StoredPrivateKey;
use schemars::JsonSchema;
use serde::Serialize;

use crate::update::updated_event;

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
    /// RFC of the certificate.
    rfc: String,
    /// Warnings about the legal data, such as a tax system that is not one of the RFC's person. No warning makes a request fail.
    warnings: Vec<Warning>,
    /// The organization, whose entity tag the response has.
    #[serde(skip)]
    organization: OrganizationResponse,
}

/// A certificate that was uploaded, with the entity tag of its organization.
pub(crate) type UpdatedCertificate = VersionedPart<UploadedCertificate, OrganizationResponse>;

/// Stores a certificate and its private key in place of the previous ones.
pub(crate) async fn upload(
    cx: &Context<'_>,
    owner: Owner,
    form: Multipart<CertificateForm>,
    kind: CertificateKind,
) -> Result<Written<UpdatedCertificate>, Error> {
    let parts = form.read().await?;
    let (uploaded, private_key) = read(&parts, kind, cx.now())?;
    let mut organization = owner.organization().clone();
    cx.require_version(organization.version)?;
    organization.check_rfc(kind, &uploaded.rfc)?;
    let id = organization.id;
    let SealedSecret { data_key, ciphertext } = seal(cx, id, kind, &private_key).await?;
    let Uploaded { serial_number, rfc, name, expires_at, der, .. } = uploaded;
    let certificate = Certificate {
        updated_at: cx.now(),
        expires_at,
        serial_number: serial_number.clone(),
        rfc: Some(rfc.clone()),
        name,
    };
    let stored = StoredPrivateKey {
        organization: id,
        kind,
        serial_number: serial_number.clone(),
        data_key,
        ciphertext,
        certificate: der,
    };
    let fields = organization.set_certificate(kind, certificate, cx.now());
    let event = updated_event(cx, &owner, &organization, fields);
    let warnings = organization.legal_warnings().into_iter().map(Warning::from).collect();
    let transaction = cx.store().set_certificate(&organization, &stored, &event)?;
    let (version, updated_at) = (organization.version, organization.updated_at);
    let organization = OrganizationResponse::new(organization, cx.issuer(), cx.now());
    let body = UploadedCertificate { serial_number, expires_at, updated_at, rfc, warnings, organization };
    cx.commit(transaction, VersionedPart { version, body, record: |body| &body.organization }).await
}

/// Deletes a certificate and its private key. The RFC stays.
pub(crate) async fn delete(
    cx: &Context<'_>,
    owner: Owner,
    kind: CertificateKind,
) -> Result<Written<Versioned<OrganizationResponse>>, Error> {
    let mut organization = owner.organization().clone();
    cx.require_version(organization.version)?;
    let removed = organization.remove_certificate(kind, cx.now());
    let response = Versioned {
        version: organization.version,
        body: OrganizationResponse::new(organization.clone(), cx.issuer(), cx.now()),
    };
    let Some(field) = removed else { return cx.unchanged(response).await };
    let event = updated_event(cx, &owner, &organization, vec![field]);
    let transaction = cx.store().delete_certificate(&organization, kind, &event)?;
    cx.commit(transaction, response).await
}

/// Reads and checks the files of a form, in the order in which their errors help: what was sent, whether it is valid, whether the key fits.
fn read(parts: &Parts, kind: CertificateKind, now: Timestamp) -> Result<(Uploaded, PrivateKey), Error> {
    let certificate = parts.get("certificate").ok_or(Failure::CERTIFICATE_FILE_REQUIRED)?;
    let private_key = parts.get("privateKey").ok_or(Failure::PRIVATE_KEY_FILE_REQUIRED)?;
    let password = parts.get("password").unwrap_or_default();
    let invalid = |pointer: &str, detail: &str| {
        Error::from(Failure::CERTIFICATE_FILES_INVALID).with_violation(pointer, "invalid_file", detail)
    };
    let swapped =
        "The two files are swapped: `certificate` is the .cer file, and `privateKey` is the .key file.";
    let certificate = Uploaded::read(certificate).map_err(|error| match error {
        CertificateError::IsPrivateKey => invalid("/certificate", swapped),
        error => invalid("/certificate", error.detail()),
    })?;
    certificate.kind.check_needed(kind)?;
    check_certificate_validity(certificate.valid_from, certificate.expires_at, now)?;
    let private_key = PrivateKey::open(private_key, password, &certificate).map_err(|error| match error {
        PrivateKeyError::WrongPassword => Failure::PRIVATE_KEY_PASSWORD_INCORRECT.into(),
        PrivateKeyError::AnotherCertificate => Failure::PRIVATE_KEY_CERTIFICATE_MISMATCH.into(),
        PrivateKeyError::IsCertificate => invalid("/privateKey", swapped),
        error => invalid("/privateKey", error.detail()),
    })?;
    Ok((certificate, private_key))
}

/// Encrypts a private key with a data key of its own.
async fn seal(
    cx: &Context<'_>,
    organization: OrganizationId,
    kind: CertificateKind,
    private_key: &PrivateKey,
) -> Result<SealedSecret, Error> {
    let key = cx.environment().encryption_key()?;
    let vault = cx.environment().get_or_create(|| Ok(KeyVault::connect(&key.connection, &key.id)))?;
    let id = organization.to_string();
    let context = EncryptionContext { purpose: kind.name(), id: &id };
    vault.seal(private_key.as_pkcs8(), context, cx.deadline()).await
}
