//! The Lambda function `delete-webhook`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_webhooks::delete_webhook::DeleteWebhook>()
}
