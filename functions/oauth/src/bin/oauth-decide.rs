//! The Lambda function `oauth-decide`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_oauth::oauth_decide::OauthDecide>()
}
