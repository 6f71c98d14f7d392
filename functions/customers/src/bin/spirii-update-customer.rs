//! The Lambda function `spirii-update-customer`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_customers::spirii::update_customer::SpiriiUpdateCustomer>()
}
