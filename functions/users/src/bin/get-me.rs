//! The Lambda function `get-me`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_users::get_me::GetMe>()
}
