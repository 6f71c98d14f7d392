//! The Lambda function `spirii-create-customer`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_customers::spirii::create_customer::SpiriiCreateCustomer>()
}
