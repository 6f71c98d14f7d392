//! The Lambda function `list-events`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_organizations::list_events::ListEvents>()
}
