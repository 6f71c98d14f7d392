//! The Lambda function `update-customization`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_fiscal_profile::update_customization::UpdateCustomization>()
}
