//! The Lambda function `revoke-oauth-token`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_oauth::revoke_oauth_token::RevokeOauthToken>()
}
