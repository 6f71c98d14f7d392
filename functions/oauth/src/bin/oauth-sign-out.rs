//! The Lambda function `oauth-sign-out`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_oauth::oauth_sign_out::OauthSignOut>()
}
