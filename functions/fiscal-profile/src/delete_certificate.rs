//! The endpoint `DELETE /organizations/{organizationId}/certificates`, which deletes the certificate that seals invoices (CSD).

use padron_domain::{CertificateKind, Error, Failure, Scope};
use padron_dto::OrganizationResponse;
use padron_http::{Context, Endpoint, NoInput, Owner, Route, Versioned, Written};
use padron_store::{Action, Store};

use crate::certificates::delete;

/// The endpoint that deletes the certificate that seals invoices (CSD).
#[derive(Debug)]
pub struct DeleteCertificate;

impl Endpoint for DeleteCertificate {
    const ROUTE: Route = Route::delete("delete-certificate", "/organizations/{organizationId}/certificates");
    const SUMMARY: &'static str = "Deletes the certificate that seals invoices (CSD), and its private key";
    const SCOPE: Option<Scope> = Some(Scope::AdminOrganization);
    const ACCEPTS_KEYS: bool = false;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::PRECONDITION_FAILED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::DELETE_CERTIFICATE];
    type Access = Owner;
    type Input = NoInput;
    type Output = Written<Versioned<OrganizationResponse>>;

    async fn handle(cx: &Context<'_>, owner: Owner, _: NoInput) -> Result<Self::Output, Error> {
        delete(cx, owner, CertificateKind::Csd).await
    }
}
