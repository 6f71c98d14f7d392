//! The Lambda function `update-webhook`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_webhooks::update_webhook::UpdateWebhook>()
}
