//! `GET /organizations/{organizationId}`: an organization, for its members.

use padron_domain::Error;
use padron_dto::OrganizationResponse;
use padron_http::{Context, Endpoint, Member, NoInput, Route, Versioned};

/// Reads an organization.
#[derive(Debug)]
pub struct GetOrganization;

impl Endpoint for GetOrganization {
    const ROUTE: Route = Route::get("get-organization", "/organizations/{organizationId}");
    const SUMMARY: &'static str = "Organization details";
    type Access = Member;
    type Input = NoInput;
    type Output = Versioned<OrganizationResponse>;

    async fn handle(cx: &Context<'_>, member: Member, _: NoInput) -> Result<Self::Output, Error> {
        let organization = member.into_organization();
        Ok(Versioned {
            version: organization.version,
            body: OrganizationResponse::new(organization, cx.now()),
        })
    }
}
