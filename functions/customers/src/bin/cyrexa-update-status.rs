//! The Lambda function `cyrexa-update-status`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_customers::cyrexa::update_status::CyrexaUpdateStatus>()
}
