//! The Lambda function `get-api-key`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_api_keys::get_api_key::GetApiKey>()
}
