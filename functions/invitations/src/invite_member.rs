//! `POST /organizations/{organizationId}/members/invite`: someone is asked to join.

use padron_domain::{Email, Error, Failure, Invitation, InvitationId, OrganizationId};
use padron_dto::IssuedInvitation;
use padron_http::{Admin, Context, Endpoint, Input, Issued, Json, Request, Route, Target, Written};
use padron_store::{Action, Found, Key, Store};

use crate::issue::{Issue, NewInvitation};

/// Invites someone.
#[derive(Debug)]
pub struct InviteMember;

/// The invitation that the e-mail in the body has already, whatever became of it.
#[derive(Debug)]
pub struct Earlier(Option<Invitation>);

impl Target for Earlier {
    const FAILURES: &'static [Failure] = &[];

    type Name = Email;

    fn name(request: &Request<'_>) -> Result<Email, Error> {
        let Json(new) = Json::<NewInvitation>::decode(request)?;
        Ok(new.invitee()?.0)
    }

    fn key(email: &Email, organization: OrganizationId) -> Option<Key> {
        Some(Key::invitation(organization, InvitationId::of(organization, email)))
    }

    fn find(email: Email, organization: OrganizationId, found: &mut Found) -> Result<Self, Error> {
        found.invitation(organization, InvitationId::of(organization, &email)).map(Self)
    }
}

impl Endpoint for InviteMember {
    const ROUTE: Route = Route::post("invite-member", "/organizations/{organizationId}/members/invite");
    const SUMMARY: &'static str =
        "Invite someone by e-mail; again: with a new token. You deliver the token, which is shown here alone";
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::AlreadyMember]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::INVITE];
    type Access = Admin<Earlier>;
    type Input = Json<NewInvitation>;
    type Output = Written<Issued<IssuedInvitation>>;

    async fn handle(
        cx: &Context<'_>,
        admin: Admin<Earlier>,
        Json(new): Json<NewInvitation>,
    ) -> Result<Self::Output, Error> {
        let (admin, Earlier(before)) = admin.into_member().with_target()?;
        let issue =
            Issue::new(cx, admin.principal(), admin.organization().id, before.as_ref(), new.invitee()?)?;
        let change =
            cx.store().invite(before.as_ref(), &issue.invitation, admin.membership(), &issue.event)?;
        cx.commit(change, Issued(issue.answer(cx))).await
    }
}
