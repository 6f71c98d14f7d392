//! The Lambda function `rotate-signing-keys`.
fn main() -> padron_http::Exit {
    padron_http::serve_job::<padron_oauth::rotate_signing_keys::RotateSigningKeys>()
}
