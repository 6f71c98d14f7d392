//! The Lambda function `update-api-key`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_api_keys::update_api_key::UpdateApiKey>()
}
