//! The Lambda function `oauth-jwks`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_oauth::oauth_jwks::OauthJwks>()
}
