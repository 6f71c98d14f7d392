//! The Lambda function `rotate-webhook-secret`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_webhooks::rotate_webhook_secret::RotateWebhookSecret>()
}
