//! The Lambda function `update-legal`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_fiscal_profile::update_legal::UpdateLegal>()
}
