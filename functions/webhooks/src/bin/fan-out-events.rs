//! The Lambda function `fan-out-events`.
fn main() -> padron_http::Exit {
    padron_http::serve_consumer::<padron_webhooks::fan_out_events::FanOutEvents>()
}
