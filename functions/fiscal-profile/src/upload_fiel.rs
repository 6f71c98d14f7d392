//! The endpoint `PUT /organizations/{organizationId}/fiel`, which takes the electronic signature (FIEL).

use padron_domain::{CertificateKind, Error, Failure, Scope};
use padron_http::{Context, Endpoint, Multipart, Owner, Route, Written};
use padron_key_vault::KeyVault;
use padron_store::{Action, Store};

use crate::certificates::{self, CertificateForm, UpdatedCertificate, upload};

/// The endpoint that takes the electronic signature (FIEL).
#[derive(Debug)]
pub struct UploadFiel;

impl Endpoint for UploadFiel {
    const ROUTE: Route = Route::put("upload-fiel", "/organizations/{organizationId}/fiel");
    const SUMMARY: &'static str = "Uploads the electronic signature (FIEL), with its private key";
    const SCOPE: Option<Scope> = Some(Scope::AdminOrganization);
    const ACCEPTS_KEYS: bool = false;
    const FAILURES: &'static [&'static [Failure]] =
        &[certificates::FAILURES, &[Failure::FIEL_REQUIRED, Failure::FIEL_RFC_MISMATCH]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::SET_CERTIFICATE, KeyVault::SEAL_FIEL];
    type Access = Owner;
    type Input = Multipart<CertificateForm>;
    type Output = Written<UpdatedCertificate>;

    async fn handle(
        cx: &Context<'_>,
        owner: Owner,
        form: Multipart<CertificateForm>,
    ) -> Result<Self::Output, Error> {
        upload(cx, owner, form, CertificateKind::Fiel).await
    }
}
