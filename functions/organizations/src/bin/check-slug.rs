//! The Lambda function `check-slug`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_organizations::check_slug::CheckSlug>()
}
