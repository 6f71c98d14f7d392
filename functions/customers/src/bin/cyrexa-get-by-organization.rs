//! The Lambda function `cyrexa-get-by-organization`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_customers::cyrexa::get_by_organization::CyrexaGetByOrganization>()
}
