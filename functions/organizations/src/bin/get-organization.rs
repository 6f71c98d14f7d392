//! The Lambda function `get-organization`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_organizations::get_organization::GetOrganization>()
}
