//! The Lambda function `oauth-authorize`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_oauth::oauth_authorize::OauthAuthorize>()
}
