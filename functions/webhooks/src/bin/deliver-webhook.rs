//! The Lambda function `deliver-webhook`.
fn main() -> padron_http::Exit {
    padron_http::serve_consumer::<padron_webhooks::deliver_webhook::DeliverWebhook>()
}
