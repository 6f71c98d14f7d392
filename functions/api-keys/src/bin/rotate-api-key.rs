//! The Lambda function `rotate-api-key`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_api_keys::rotate_api_key::RotateApiKey>()
}
