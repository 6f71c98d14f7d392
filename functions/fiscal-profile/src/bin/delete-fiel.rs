//! The Lambda function `delete-fiel`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_fiscal_profile::delete_fiel::DeleteFiel>()
}
