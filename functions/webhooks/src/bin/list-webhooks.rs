//! The Lambda function `list-webhooks`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_webhooks::list_webhooks::ListWebhooks>()
}
