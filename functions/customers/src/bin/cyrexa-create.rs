//! The Lambda function `cyrexa-create`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_customers::cyrexa::create::CyrexaCreate>()
}
