//! The Lambda function `update-customer`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_customers::timbrix::update_customer::UpdateCustomer>()
}
