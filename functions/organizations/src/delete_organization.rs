//! The endpoint `DELETE /organizations/{organizationId}`, which deletes an organization.
//!
//! The organization is unavailable to everyone at once. Its owner can restore it for thirty days.

use padron_domain::{Error, EventData, Failure, Scope};
use padron_http::{Context, Endpoint, NoContent, NoInput, Owner, Route, Written};
use padron_store::{Action, Store};

/// The endpoint that deletes an organization.
#[derive(Debug)]
pub struct DeleteOrganization;

impl Endpoint for DeleteOrganization {
    const ROUTE: Route = Route::delete("delete-organization", "/organizations/{organizationId}");
    const SUMMARY: &'static str = "Deletes an organization; its owner can restore it for thirty days";
    const SCOPE: Option<Scope> = Some(Scope::AdminOrganization);
    const ACCEPTS_KEYS: bool = false;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::PRECONDITION_FAILED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::CHANGE_ORGANIZATION];
    type Access = Owner;
    type Input = NoInput;
    type Output = Written<NoContent>;

    async fn handle(cx: &Context<'_>, owner: Owner, _: NoInput) -> Result<Self::Output, Error> {
        cx.require_version(owner.organization().version)?;
        let mut organization = owner.organization().clone();
        organization.mark_updated(cx.now());
        organization.deleted_at = Some(organization.updated_at);
        let deleted = EventData::OrganizationDeleted {
            restorable_until: organization.restorable_until().unwrap_or(cx.now()),
        };
        let event =
            cx.event(owner.principal(), organization.id, deleted).at_or_after(organization.updated_at);
        let transaction = cx.store().delete_organization(&organization, &event)?;
        cx.commit(transaction, NoContent).await
    }
}
