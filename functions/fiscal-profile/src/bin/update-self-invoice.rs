//! The Lambda function `update-self-invoice`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_fiscal_profile::update_self_invoice::UpdateSelfInvoice>()
}
