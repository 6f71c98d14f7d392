//! The Lambda function `resend-invitation`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_invitations::resend_invitation::ResendInvitation>()
}
