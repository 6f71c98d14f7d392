//! The Lambda function `not-found`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_api::not_found::NotFound>()
}
