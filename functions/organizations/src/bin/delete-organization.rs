//! The Lambda function `delete-organization`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_organizations::delete_organization::DeleteOrganization>()
}
