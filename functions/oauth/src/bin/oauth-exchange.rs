//! The Lambda function `oauth-exchange`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_oauth::oauth_exchange::OauthExchange>()
}
