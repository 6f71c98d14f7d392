//! The Lambda function `replay-events`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_webhooks::replay_events::ReplayEvents>()
}
