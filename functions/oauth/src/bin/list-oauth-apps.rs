//! The Lambda function `list-oauth-apps`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_oauth::list_oauth_apps::ListOauthApps>()
}
