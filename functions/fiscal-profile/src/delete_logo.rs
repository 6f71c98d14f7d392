//! The endpoint `DELETE /organizations/{organizationId}/logo`, which deletes the logo that was uploaded.

use padron_domain::{Error, Failure, Scope};
use padron_http::{Admin, Context, Endpoint, NoInput, Route, Written};
use padron_object_store::ObjectStore;
use padron_store::{Action, Store};

use crate::{
    logo::{OrganizationWithLogo, delete_file, respond},
    update::{authority_to_check, updated_event},
};

/// The endpoint that deletes the logo that was uploaded. A logo that was set as a URL stays.
#[derive(Debug)]
pub struct DeleteLogo;

impl Endpoint for DeleteLogo {
    const ROUTE: Route = Route::delete("delete-logo", "/organizations/{organizationId}/logo");
    const SUMMARY: &'static str = "Deletes the logo that was uploaded to an organization";
    const SCOPE: Option<Scope> = Some(Scope::WriteOrganization);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::PRECONDITION_FAILED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::UPDATE_FISCAL_PROFILE, ObjectStore::DELETE];
    type Access = Admin;
    type Input = NoInput;
    type Output = Written<OrganizationWithLogo>;

    async fn handle(cx: &Context<'_>, admin: Admin, _: NoInput) -> Result<Self::Output, Error> {
        let mut organization = admin.organization().clone();
        cx.require_version(organization.version)?;
        let Some(file) = organization.logo_file.clone() else {
            return cx.unchanged(respond(cx, &organization)).await;
        };
        let fields = organization.set_logo_file(None, cx.now());
        let event = updated_event(cx, &admin, &organization, fields);
        let transaction =
            cx.store().update_fiscal_profile(&organization, authority_to_check(&admin), &event)?;
        let written = cx.commit(transaction, respond(cx, &organization)).await?;
        delete_file(cx, organization.id, &file).await;
        Ok(written)
    }
}
