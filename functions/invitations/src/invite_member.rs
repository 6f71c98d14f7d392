//! The endpoint `POST /organizations/{organizationId}/members/invite`, which invites a person to join.

use padron_domain::{Email, Error, Failure, Invitation, InvitationId, OrganizationId, Scope};
use padron_dto::IssuedInvitation;
use padron_http::{
    Admin, Context, CreatedWithoutLocation, Endpoint, Json, NamedResource, Request, Route, Written,
};
use padron_store::{Action, Items, Key, Read, Store};

use crate::issuance::{IssuedToken, NewInvitation};

/// The endpoint that invites a person.
#[derive(Debug)]
pub struct InviteMember;

/// The earlier invitation of the e-mail address in the body, in any state; `None` if there is none.
#[derive(Debug)]
pub struct ExistingInvitation(Option<Invitation>);

impl NamedResource<Json<NewInvitation>> for ExistingInvitation {
    type Name = Email;

    fn name(_: &Request<'_>, Json(new): &Json<NewInvitation>) -> Result<Email, Error> {
        Ok(new.invitee()?.email)
    }

    fn read(email: &Email, organization: OrganizationId) -> Option<Read> {
        Some(Key::invitation(organization, InvitationId::of(organization, email)).into())
    }

    fn from_items(email: Email, organization: OrganizationId, items: &mut Items) -> Result<Self, Error> {
        items.invitation(organization, InvitationId::of(organization, &email)).map(Self)
    }
}

impl Endpoint for InviteMember {
    const ROUTE: Route = Route::post("invite-member", "/organizations/{organizationId}/members/invite");
    const SUMMARY: &'static str = "Invites a person by e-mail, or renews their invitation. Only this response contains the token, which the client delivers";
    const SCOPE: Option<Scope> = Some(Scope::WriteMembers);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::ALREADY_MEMBER]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::INVITE];
    type Access = Admin<ExistingInvitation>;
    type Input = Json<NewInvitation>;
    type Output = Written<CreatedWithoutLocation<IssuedInvitation>>;

    async fn handle(
        cx: &Context<'_>,
        admin: Admin<ExistingInvitation>,
        Json(new): Json<NewInvitation>,
    ) -> Result<Self::Output, Error> {
        let (admin, ExistingInvitation(before)) = admin.with_resource()?;
        let issuance = IssuedToken::new(
            cx,
            admin.principal(),
            admin.organization().id,
            before.as_ref(),
            new.invitee()?,
        )?;
        let transaction =
            cx.store().invite(before.as_ref(), &issuance.invitation, admin.authority(), &issuance.event)?;
        cx.commit(transaction, CreatedWithoutLocation(issuance.response(cx))).await
    }
}
