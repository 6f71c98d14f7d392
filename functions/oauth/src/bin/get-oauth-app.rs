//! The Lambda function `get-oauth-app`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_oauth::get_oauth_app::GetOauthApp>()
}
