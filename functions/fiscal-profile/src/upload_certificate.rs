//! The endpoint `PUT /organizations/{organizationId}/certificates`, which takes the certificate that seals invoices (CSD).

use padron_domain::{CertificateKind, Error, Failure, Scope};
use padron_http::{Context, Endpoint, Multipart, Owner, Route, Written};
use padron_key_vault::KeyVault;
use padron_store::{Action, Store};

use crate::certificates::{self, CertificateForm, UpdatedCertificate, upload};

/// The endpoint that takes the certificate that seals invoices (CSD).
#[derive(Debug)]
pub struct UploadCertificate;

impl Endpoint for UploadCertificate {
    const ROUTE: Route = Route::put("upload-certificate", "/organizations/{organizationId}/certificates");
    const SUMMARY: &'static str = "Uploads the certificate that seals invoices (CSD), with its private key";
    const SCOPE: Option<Scope> = Some(Scope::AdminOrganization);
    const ACCEPTS_KEYS: bool = false;
    const FAILURES: &'static [&'static [Failure]] = &[
        certificates::FAILURES,
        &[
            Failure::CSD_REQUIRED,
            Failure::CERTIFICATE_PREVIOUS_RFC_MISMATCH,
            Failure::CERTIFICATE_FIEL_RFC_MISMATCH,
        ],
    ];
    const ACTIONS: &'static [&'static [Action]] = &[Store::SET_CERTIFICATE, KeyVault::SEAL_CSD];
    type Access = Owner;
    type Input = Multipart<CertificateForm>;
    type Output = Written<UpdatedCertificate>;

    async fn handle(
        cx: &Context<'_>,
        owner: Owner,
        form: Multipart<CertificateForm>,
    ) -> Result<Self::Output, Error> {
        upload(cx, owner, form, CertificateKind::Csd).await
    }
}
