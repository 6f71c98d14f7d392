//! The Lambda function `oauth-callback`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_oauth::oauth_callback::OauthCallback>()
}
