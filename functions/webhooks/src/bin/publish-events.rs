//! The Lambda function `publish-events`.
fn main() -> padron_http::Exit {
    padron_http::serve_consumer::<padron_webhooks::publish_events::PublishEvents>()
}
