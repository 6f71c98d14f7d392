//! The Lambda function `get-delivery`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_webhooks::get_delivery::GetDelivery>()
}
