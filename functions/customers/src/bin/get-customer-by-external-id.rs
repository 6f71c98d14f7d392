//! The Lambda function `get-customer-by-external-id`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_customers::timbrix::get_customer_by_external_id::GetCustomerByExternalId>()
}
