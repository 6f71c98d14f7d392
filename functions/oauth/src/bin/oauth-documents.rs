//! The Lambda function `oauth-documents`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_oauth::oauth_documents::OauthDocuments>()
}
