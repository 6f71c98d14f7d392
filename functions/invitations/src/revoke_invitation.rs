//! The endpoint `DELETE /organizations/{organizationId}/invitations/{invitationId}`, which revokes an invitation.

use padron_domain::{Error, EventData, Failure, Invitation, InvitationState, Scope};
use padron_http::{Admin, Context, Endpoint, NoContent, NoInput, Route, Written};
use padron_store::{Action, Store};

/// The endpoint that revokes an invitation.
#[derive(Debug)]
pub struct RevokeInvitation;

/// The failures of changing an invitation that was already accepted, declined or revoked.
pub(crate) const ENDED: &[Failure] =
    &[Failure::INVITATION_ACCEPTED, Failure::INVITATION_DECLINED, Failure::INVITATION_REVOKED];

impl Endpoint for RevokeInvitation {
    const ROUTE: Route =
        Route::delete("revoke-invitation", "/organizations/{organizationId}/invitations/{invitationId}");
    const SUMMARY: &'static str = "Revokes a pending or expired invitation";
    const SCOPE: Option<Scope> = Some(Scope::WriteMembers);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = &[ENDED];
    const ACTIONS: &'static [&'static [Action]] = &[Store::UPDATE_INVITATION];
    type Access = Admin<Invitation>;
    type Input = NoInput;
    type Output = Written<NoContent>;

    async fn handle(cx: &Context<'_>, admin: Admin<Invitation>, _: NoInput) -> Result<Self::Output, Error> {
        let (admin, before) = admin.with_resource()?;
        before.require_open(cx.now())?;
        let cancelled = EventData::InviteCancelled { invitation_id: before.id };
        let at = before.next_change(cx.now());
        let event = cx.event(admin.principal(), before.organization, cancelled).at_or_after(at);
        let after = before.ended(InvitationState::Revoked, at);
        let transaction = cx.store().update_invitation(&before, &after, admin.authority(), &event)?;
        cx.commit(transaction, NoContent).await
    }
}
