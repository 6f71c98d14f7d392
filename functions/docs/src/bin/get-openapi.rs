//! The Lambda function `get-openapi`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_docs::get_openapi::GetOpenapi>()
}
