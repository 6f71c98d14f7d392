//! The Lambda function `accept-invitation`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_invitations::accept_invitation::AcceptInvitation>()
}
