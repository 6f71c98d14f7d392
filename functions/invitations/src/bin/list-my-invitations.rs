//! The Lambda function `list-my-invitations`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_invitations::list_my_invitations::ListMyInvitations>()
}
