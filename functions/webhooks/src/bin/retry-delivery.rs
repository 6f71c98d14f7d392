//! The Lambda function `retry-delivery`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_webhooks::retry_delivery::RetryDelivery>()
}
