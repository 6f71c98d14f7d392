//! The Lambda function `update-receipts`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_fiscal_profile::update_receipts::UpdateReceipts>()
}
