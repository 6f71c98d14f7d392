//! The Lambda function `oauth-register`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_oauth::oauth_register::OauthRegister>()
}
