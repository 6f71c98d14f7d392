//! The Lambda function `delete-oauth-app`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_oauth::delete_oauth_app::DeleteOauthApp>()
}
