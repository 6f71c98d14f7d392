//! The Lambda function `oauth-revoke`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_oauth::oauth_revoke::OauthRevoke>()
}
