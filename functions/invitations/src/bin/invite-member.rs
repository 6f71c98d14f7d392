//! The Lambda function `invite-member`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_invitations::invite_member::InviteMember>()
}
