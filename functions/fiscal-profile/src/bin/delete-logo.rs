//! The Lambda function `delete-logo`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_fiscal_profile::delete_logo::DeleteLogo>()
}
