//! The Lambda function `list-invitations`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_invitations::list_invitations::ListInvitations>()
}
