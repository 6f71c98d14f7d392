//! The Lambda function `remove-member`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_members::remove_member::RemoveMember>()
}
