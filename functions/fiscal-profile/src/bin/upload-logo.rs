//! The Lambda function `upload-logo`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_fiscal_profile::upload_logo::UploadLogo>()
}
