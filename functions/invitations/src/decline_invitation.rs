//! The endpoint `POST /invitations/decline`, which declines an invitation for the invited person.

use padron_domain::{Error, EventData, Failure, InvitationState, Scope};
use padron_http::{Context, Endpoint, Json, NoContent, Route, SignedIn, Written};
use padron_store::{Action, Store};

use crate::invitee::{FAILURES, InvitationReply, PendingInvitation};

/// The endpoint that declines an invitation.
#[derive(Debug)]
pub struct DeclineInvitation;

impl Endpoint for DeclineInvitation {
    const ROUTE: Route = Route::post("decline-invitation", "/invitations/decline");
    const SUMMARY: &'static str = "Declines an invitation";
    const SCOPE: Option<Scope> = Some(Scope::WriteUser);
    const ACCEPTS_KEYS: bool = false;
    const FAILURES: &'static [&'static [Failure]] = &[FAILURES];
    const ACTIONS: &'static [&'static [Action]] = &[Store::INVITATION_ACCESS, Store::DECLINE_INVITATION];
    type Access = SignedIn;
    type Input = Json<InvitationReply>;
    type Output = Written<NoContent>;

    async fn handle(
        cx: &Context<'_>,
        caller: SignedIn,
        Json(answered): Json<InvitationReply>,
    ) -> Result<Self::Output, Error> {
        let PendingInvitation { invitation, .. } = answered.find(cx, &caller).await?;
        let declined = EventData::InviteDeclined { invitation_id: invitation.id };
        let at = invitation.next_change(cx.now());
        let event = cx.event(caller.principal(), invitation.organization, declined).at_or_after(at);
        let after = invitation.ended(InvitationState::Declined, at);
        let transaction = cx.store().decline_invitation(&invitation, &after, &event)?;
        cx.commit(transaction, NoContent).await
    }
}
