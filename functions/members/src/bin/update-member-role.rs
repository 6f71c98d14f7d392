//! The Lambda function `update-member-role`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_members::update_member_role::UpdateMemberRole>()
}
