//! The Lambda function `get-member`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_members::get_member::GetMember>()
}
