//! The Lambda function `delete-customer`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_customers::timbrix::delete_customer::DeleteCustomer>()
}
