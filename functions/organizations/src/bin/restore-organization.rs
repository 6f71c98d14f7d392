//! The Lambda function `restore-organization`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_organizations::restore_organization::RestoreOrganization>()
}
