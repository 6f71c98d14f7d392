//! The Lambda function `create-customer`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_customers::timbrix::create_customer::CreateCustomer>()
}
