//! The Lambda function `list-oauth-app-tokens`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_oauth::list_oauth_app_tokens::ListOauthAppTokens>()
}
