//! The Lambda function `export-organization`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_organizations::export_organization::ExportOrganization>()
}
