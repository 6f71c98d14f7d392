//! The Lambda function `oauth-introspect`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_oauth::oauth_introspect::OauthIntrospect>()
}
