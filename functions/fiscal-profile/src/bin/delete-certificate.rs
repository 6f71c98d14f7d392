//! The Lambda function `delete-certificate`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_fiscal_profile::delete_certificate::DeleteCertificate>()
}
