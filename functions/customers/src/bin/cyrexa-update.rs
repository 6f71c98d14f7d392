//! The Lambda function `cyrexa-update`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_customers::cyrexa::update::CyrexaUpdate>()
}
