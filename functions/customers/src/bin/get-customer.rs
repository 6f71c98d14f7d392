//! The Lambda function `get-customer`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_customers::timbrix::get_customer::GetCustomer>()
}
