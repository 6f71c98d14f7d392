//! The Lambda function `list-customers`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_customers::timbrix::list_customers::ListCustomers>()
}
