//! The endpoint `POST /organizations/{organizationId}/invitations/{invitationId}/resend`, which renews an invitation.
//!
//! The invitation gets a new token and is valid for another week. Its old token becomes invalid.

use padron_domain::{Error, Failure, Invitation, Scope};
use padron_dto::IssuedInvitation;
use padron_http::{Admin, Body, Context, Endpoint, NoInput, Route, Written};
use padron_store::{Action, Store};

use crate::{issuance::IssuedToken, revoke_invitation::ENDED};

/// The endpoint that renews an invitation.
#[derive(Debug)]
pub struct ResendInvitation;

impl Endpoint for ResendInvitation {
    const ROUTE: Route =
        Route::post("resend-invitation", "/organizations/{organizationId}/invitations/{invitationId}/resend");
    const SUMMARY: &'static str =
        "Renews a pending or expired invitation with a new token, which only this response contains";
    const SCOPE: Option<Scope> = Some(Scope::WriteMembers);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = &[ENDED];
    const ACTIONS: &'static [&'static [Action]] = &[Store::UPDATE_INVITATION];
    type Access = Admin<Invitation>;
    type Input = NoInput;
    type Output = Written<Body<IssuedInvitation>>;

    async fn handle(cx: &Context<'_>, admin: Admin<Invitation>, _: NoInput) -> Result<Self::Output, Error> {
        let (admin, before) = admin.with_resource()?;
        before.require_open(cx.now())?;
        let issuance = IssuedToken::again(cx, admin.principal(), &before)?;
        let transaction = cx.store().update_invitation(
            &before,
            &issuance.invitation,
            admin.authority(),
            &issuance.event,
        )?;
        cx.commit(transaction, Body(issuance.response(cx))).await
    }
}
