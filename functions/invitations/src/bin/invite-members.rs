//! The Lambda function `invite-members`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_invitations::invite_members::InviteMembers>()
}
