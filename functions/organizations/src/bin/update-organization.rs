//! The Lambda function `update-organization`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_organizations::update_organization::UpdateOrganization>()
}
