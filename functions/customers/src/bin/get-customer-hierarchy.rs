//! The Lambda function `get-customer-hierarchy`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_customers::timbrix::get_customer_hierarchy::GetCustomerHierarchy>()
}
