//! The Lambda function `cyrexa-get-customers`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_customers::cyrexa::get_customers::CyrexaGetCustomers>()
}
