//! The endpoint `GET /organizations/{organizationId}/members/{memberId}`, which returns a member to every member of the organization.

use padron_domain::{Error, Membership, Scope};
use padron_dto::MemberResponse;
use padron_http::{Context, Endpoint, Member, NoInput, Route, Versioned};

/// The endpoint that returns a member.
#[derive(Debug)]
pub struct GetMember;

impl Endpoint for GetMember {
    const ROUTE: Route = Route::get("get-member", "/organizations/{organizationId}/members/{memberId}");
    const SUMMARY: &'static str = "Returns a member of an organization";
    const SCOPE: Option<Scope> = Some(Scope::ReadMembers);
    const ACCEPTS_KEYS: bool = true;
    type Access = Member<Membership>;
    type Input = NoInput;
    type Output = Versioned<MemberResponse>;

    async fn handle(_: &Context<'_>, caller: Member<Membership>, _: NoInput) -> Result<Self::Output, Error> {
        let (_, member) = caller.with_resource()?;
        Ok(Versioned { version: member.version, body: member.into() })
    }
}
