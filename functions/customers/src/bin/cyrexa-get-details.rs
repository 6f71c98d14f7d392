//! The Lambda function `cyrexa-get-details`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_customers::cyrexa::get_details::CyrexaGetDetails>()
}
