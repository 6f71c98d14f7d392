//! The Lambda function `get-docs`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_docs::get_docs::GetDocs>()
}
