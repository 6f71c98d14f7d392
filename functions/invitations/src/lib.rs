//! Endpoints for invitations to join an organization.

use padron_http::Registration;

pub mod accept_invitation;
pub mod decline_invitation;
pub mod invite_member;
pub mod invite_members;
mod invitee;
mod issuance;
pub mod list_invitations;
pub mod list_my_invitations;
pub mod resend_invitation;
pub mod revoke_invitation;

/// The endpoints of this package.
pub const ENDPOINTS: &[Registration] = &[
    Registration::of::<invite_member::InviteMember>(),
    Registration::of::<invite_members::InviteMembers>(),
    Registration::of::<list_invitations::ListInvitations>(),
    Registration::of::<resend_invitation::ResendInvitation>(),
    Registration::of::<revoke_invitation::RevokeInvitation>(),
    Registration::of::<list_my_invitations::ListMyInvitations>(),
    Registration::of::<accept_invitation::AcceptInvitation>(),
    Registration::of::<decline_invitation::DeclineInvitation>(),
];
