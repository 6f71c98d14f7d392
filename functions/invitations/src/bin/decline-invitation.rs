//! The Lambda function `decline-invitation`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_invitations::decline_invitation::DeclineInvitation>()
}
