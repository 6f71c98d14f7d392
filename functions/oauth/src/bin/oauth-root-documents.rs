//! The Lambda function `oauth-root-documents`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_oauth::oauth_root_documents::OauthRootDocuments>()
}
