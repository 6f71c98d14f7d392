//! The endpoint `GET /organizations/{organizationId}`, which returns an organization to its members.

use padron_domain::{Error, Scope};
use padron_dto::OrganizationResponse;
use padron_http::{Context, Endpoint, Member, NoInput, Route, Versioned};

/// The endpoint that returns an organization.
#[derive(Debug)]
pub struct GetOrganization;

impl Endpoint for GetOrganization {
    const ROUTE: Route = Route::get("get-organization", "/organizations/{organizationId}");
    const SUMMARY: &'static str = "Returns an organization";
    const SCOPE: Option<Scope> = Some(Scope::ReadOrganization);
    const ACCEPTS_KEYS: bool = true;
    type Access = Member;
    type Input = NoInput;
    type Output = Versioned<OrganizationResponse>;

    async fn handle(cx: &Context<'_>, member: Member, _: NoInput) -> Result<Self::Output, Error> {
        let organization = member.into_organization();
        Ok(Versioned {
            version: organization.version,
            body: OrganizationResponse::new(organization, cx.issuer(), cx.now()),
        })
    }
}
