//! The Lambda function `list-members`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_members::list_members::ListMembers>()
}
