//! The Lambda function `create-oauth-app`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_oauth::create_oauth_app::CreateOauthApp>()
}
