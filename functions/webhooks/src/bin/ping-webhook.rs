//! The Lambda function `ping-webhook`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_webhooks::ping_webhook::PingWebhook>()
}
