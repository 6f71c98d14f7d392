//! The endpoint `POST /invitations/accept`, which makes the invited person a member.
//!
//! An invitation can be accepted once, and only if the organization has a free seat.

use padron_domain::{Error, EventData, Failure, InvitationState, Membership, Scope};
use padron_dto::OrganizationEntry;
use padron_http::{Body, Context, Endpoint, Json, Route, SignedIn, Written};
use padron_store::{Action, Store};

use crate::invitee::{FAILURES, InvitationReply, PendingInvitation};

/// The endpoint that accepts an invitation.
#[derive(Debug)]
pub struct AcceptInvitation;

impl Endpoint for AcceptInvitation {
    const ROUTE: Route = Route::post("accept-invitation", "/invitations/accept");
    const SUMMARY: &'static str = "Accepts an invitation to the verified e-mail address of the caller";
    const SCOPE: Option<Scope> = Some(Scope::WriteUser);
    const ACCEPTS_KEYS: bool = false;
    const FAILURES: &'static [&'static [Failure]] =
        &[FAILURES, &[Failure::ALREADY_MEMBER, Failure::SEAT_LIMIT_REACHED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::INVITATION_ACCESS, Store::ACCEPT_INVITATION];
    type Access = SignedIn;
    type Input = Json<InvitationReply>;
    type Output = Written<Body<OrganizationEntry>>;

    async fn handle(
        cx: &Context<'_>,
        caller: SignedIn,
        Json(answered): Json<InvitationReply>,
    ) -> Result<Self::Output, Error> {
        let PendingInvitation { invitation, organization, membership } = answered.find(cx, &caller).await?;
        if membership.is_some() {
            // The items of a batch are not read at the same instant. The membership may be the result of this very invitation, which was
            // accepted between the reads, so the request is retried once.
            let is_retry = cx.is_retry();
            return Err(if is_retry { Failure::ALREADY_MEMBER } else { Failure::CONCURRENT_CHANGE }.into());
        }
        let user = caller.user();
        let at = invitation.next_change(cx.now());
        let member = Membership {
            organization: organization.id,
            user: user.id,
            version: Membership::first_version(),
            role: invitation.role,
            email: user.email.clone(),
            name: user.name.clone(),
            joined_at: at,
            changed_at: None,
        };
        let added = EventData::MemberAdded {
            member_id: member.user,
            role: member.role,
            invitation_id: Some(invitation.id),
        };
        let how = EventData::InviteAccepted { invitation_id: invitation.id, member_id: member.user };
        let accepting = cx.event(caller.principal(), organization.id, how).at_or_after(at);
        let joining = accepting.next_in_change(added);
        let accepted = invitation.ended(InvitationState::Accepted, at);
        let events = [&accepting, &joining];
        let transaction =
            cx.store().accept_invitation(&invitation, &accepted, &member, user.issued_at, events)?;
        let response = OrganizationEntry::new(organization, member.role, member.joined_at);
        cx.commit(transaction, Body(response)).await
    }
}
