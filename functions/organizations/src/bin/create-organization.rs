//! The Lambda function `create-organization`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_organizations::create_organization::CreateOrganization>()
}
