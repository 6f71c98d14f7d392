//! The Lambda function `list-my-grants`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_oauth::list_my_grants::ListMyGrants>()
}
