//! The Lambda function `spirii-list-customers`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_customers::spirii::list_customers::SpiriiListCustomers>()
}
