//! The Lambda function `get-user`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_users::get_user::GetUser>()
}
