//! The Lambda function `list-customers`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_customers::list_customers::ListCustomers>()
}
