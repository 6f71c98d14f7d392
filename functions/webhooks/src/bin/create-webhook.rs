//! The Lambda function `create-webhook`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_webhooks::create_webhook::CreateWebhook>()
}
