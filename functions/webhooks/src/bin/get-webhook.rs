//! The Lambda function `get-webhook`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_webhooks::get_webhook::GetWebhook>()
}
