//! The Lambda function `rotate-oauth-app-secret`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_oauth::rotate_oauth_app_secret::RotateOauthAppSecret>()
}
