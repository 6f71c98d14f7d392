//! The Lambda function `purge-organizations`.
fn main() -> padron_http::Exit {
    padron_http::serve_job::<padron_organizations::purge_organizations::PurgeOrganizations>()
}
