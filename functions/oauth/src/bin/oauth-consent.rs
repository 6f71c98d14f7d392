//! The Lambda function `oauth-consent`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_oauth::oauth_consent::OauthConsent>()
}
