//! The Lambda function `list-event-types`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_webhooks::list_event_types::ListEventTypes>()
}
