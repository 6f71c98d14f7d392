//! The Lambda function `list-user-organizations`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_users::list_user_organizations::ListUserOrganizations>()
}
