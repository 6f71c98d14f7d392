//! The Lambda function `oauth-refresh`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_oauth::oauth_refresh::OauthRefresh>()
}
