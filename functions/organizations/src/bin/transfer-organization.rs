//! The Lambda function `transfer-organization`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_organizations::transfer_organization::TransferOrganization>()
}
