//! The Lambda function `upload-fiel`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_fiscal_profile::upload_fiel::UploadFiel>()
}
