//! The Lambda function `revoke-my-grant`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_oauth::revoke_my_grant::RevokeMyGrant>()
}
