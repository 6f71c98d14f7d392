//! The Lambda function `get-logo`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_fiscal_profile::get_logo::GetLogo>()
}
