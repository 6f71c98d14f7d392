//! The Lambda function `revoke-api-key`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_api_keys::revoke_api_key::RevokeApiKey>()
}
