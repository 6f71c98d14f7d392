//! The endpoint `POST /organizations/{organizationId}/restore`, which restores a deleted organization as it was.

use padron_domain::{Error, EventData, Failure, Scope};
use padron_dto::OrganizationResponse;
use padron_http::{Context, Endpoint, NoInput, OwnerIncludingDeleted, Route, Versioned, Written};
use padron_store::{Action, Store};

/// The endpoint that restores a deleted organization.
#[derive(Debug)]
pub struct RestoreOrganization;

impl Endpoint for RestoreOrganization {
    const ROUTE: Route = Route::post("restore-organization", "/organizations/{organizationId}/restore");
    const SUMMARY: &'static str = "Restores an organization that was deleted less than thirty days ago";
    const SCOPE: Option<Scope> = Some(Scope::AdminOrganization);
    const ACCEPTS_KEYS: bool = false;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::NOT_DELETED, Failure::PRECONDITION_FAILED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::CHANGE_ORGANIZATION];
    type Access = OwnerIncludingDeleted;
    type Input = NoInput;
    type Output = Written<Versioned<OrganizationResponse>>;

    async fn handle(
        cx: &Context<'_>,
        owner: OwnerIncludingDeleted,
        _: NoInput,
    ) -> Result<Self::Output, Error> {
        let mut organization = owner.organization().clone();
        cx.require_version(organization.version)?;
        if organization.deleted_at.take().is_none() {
            return Err(Failure::NOT_DELETED.into());
        }
        organization.mark_updated(cx.now());
        let event = cx.event(owner.principal(), organization.id, EventData::OrganizationRestored {});
        let event = event.at_or_after(organization.updated_at);
        let transaction = cx.store().restore_organization(&organization, &event)?;
        let response = Versioned {
            version: organization.version,
            body: OrganizationResponse::new(organization, cx.issuer(), cx.now()),
        };
        cx.commit(transaction, response).await
    }
}
