//! The Lambda function `upload-certificate`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_fiscal_profile::upload_certificate::UploadCertificate>()
}
