//! The Lambda function `validate-api-key`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_api_keys::validate_api_key::ValidateApiKey>()
}
