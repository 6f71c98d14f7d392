//! The Lambda function `cyrexa-create-bulk`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_customers::cyrexa::create_bulk::CyrexaCreateBulk>()
}
