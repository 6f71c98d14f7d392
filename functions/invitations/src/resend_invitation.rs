//! `POST /organizations/{organizationId}/invitations/{invitationId}/resend`: a new token and a new week, the old token dead.

use padron_domain::{Error, Failure, Invitation};
use padron_dto::IssuedInvitation;
use padron_http::{Admin, Body, Context, Endpoint, NoInput, Route, Written};
use padron_store::{Action, Store};

use crate::{issuance::Issuance, revoke_invitation::ENDED};

/// Renews an invitation.
#[derive(Debug)]
pub struct ResendInvitation;

impl Endpoint for ResendInvitation {
    const ROUTE: Route =
        Route::post("resend-invitation", "/organizations/{organizationId}/invitations/{invitationId}/resend");
    const SUMMARY: &'static str = "Give an open or expired invitation a new token, which is shown here alone";
    const FAILURES: &'static [&'static [Failure]] = &[ENDED];
    const ACTIONS: &'static [&'static [Action]] = &[Store::UPDATE_INVITATION];
    type Access = Admin<Invitation>;
    type Input = NoInput;
    type Output = Written<Body<IssuedInvitation>>;

    async fn handle(cx: &Context<'_>, admin: Admin<Invitation>, _: NoInput) -> Result<Self::Output, Error> {
        let (admin, before) = admin.with_resource()?;
        before.require_open(cx.now())?;
        let issuance = Issuance::again(cx, admin.principal(), &before)?;
        let change = cx.store().update_invitation(
            &before,
            &issuance.invitation,
            admin.authority(),
            &issuance.event,
        )?;
        cx.commit(change, Body(issuance.answer(cx))).await
    }
}
