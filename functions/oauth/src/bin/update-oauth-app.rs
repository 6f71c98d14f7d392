//! The Lambda function `update-oauth-app`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_oauth::update_oauth_app::UpdateOauthApp>()
}
