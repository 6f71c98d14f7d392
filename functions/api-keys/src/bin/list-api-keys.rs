//! The Lambda function `list-api-keys`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_api_keys::list_api_keys::ListApiKeys>()
}
