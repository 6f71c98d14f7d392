//! The Lambda function `revoke-invitation`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_invitations::revoke_invitation::RevokeInvitation>()
}
