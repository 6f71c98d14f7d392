//! The Lambda function `list-organizations`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_organizations::list_organizations::ListOrganizations>()
}
