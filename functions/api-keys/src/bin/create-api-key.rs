//! The Lambda function `create-api-key`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_api_keys::create_api_key::CreateApiKey>()
}
