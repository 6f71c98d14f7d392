//! The Lambda function `health`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_api::health::Health>()
}
