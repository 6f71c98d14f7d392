//! The Lambda function `list-deliveries`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_webhooks::list_deliveries::ListDeliveries>()
}
