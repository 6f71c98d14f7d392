//! The Lambda function `cyrexa-get-by-type`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_customers::cyrexa::get_by_type::CyrexaGetByType>()
}
