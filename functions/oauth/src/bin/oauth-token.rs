//! The Lambda function `oauth-token`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_oauth::oauth_token::OauthTokenEndpoint>()
}
