//! The `Authorization` header (RFC 6750 §2.1), the only place a token is taken from.

use padron_domain::Error;

use crate::failure::{AUTHENTICATION_REQUIRED, INVALID_TOKEN};

/// API Gateway takes 10,240 bytes of headers together; issuers' tokens have one to three thousand.
const MAX_TOKEN_LENGTH: usize = 8192;

/// The token in an `Authorization` header. Two headers, joined by a comma, are no token.
pub fn bearer_token(header: Option<&str>) -> Result<&str, Error> {
    let header = header.ok_or(AUTHENTICATION_REQUIRED)?;
    let (scheme, token) = header.trim().split_once(' ').ok_or(AUTHENTICATION_REQUIRED)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(AUTHENTICATION_REQUIRED.into());
    }
    is_jwt(token.trim_start())
}

/// The text, if it can be a JWT at all.
pub fn is_jwt(token: &str) -> Result<&str, Error> {
    // The alphabet of a JWT: narrower than RFC 6750's, which also serves opaque tokens.
    let of_jwt = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if token.is_empty() || token.len() > MAX_TOKEN_LENGTH || !token.bytes().all(of_jwt) {
        return Err(Error::from(INVALID_TOKEN).with_cause("not of a JWT's form"));
    }
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bearer_header_with_one_jwt_is_a_token() {
        assert_eq!(bearer_token(Some("Bearer a.b.c")).unwrap(), "a.b.c");
        assert_eq!(bearer_token(Some("bearer  a.b.c ")).unwrap(), "a.b.c");
        let failure = |header| bearer_token(header).unwrap_err().failure();
        for header in
            [None, Some(""), Some("Bearer"), Some("Basic dXNlcjpwYXNz"), Some("a.b.c"), Some("BearerX a.b.c")]
        {
            assert_eq!(failure(header), AUTHENTICATION_REQUIRED, "{header:?}");
        }
        let oversized = format!("Bearer {}", "a".repeat(MAX_TOKEN_LENGTH + 1));
        for header in ["Bearer a.b.c,Bearer d.e.f", "Bearer a b", "Bearer a.b.ñ", "Bearer a.b.c=", &oversized]
        {
            assert_eq!(failure(Some(header)), INVALID_TOKEN, "{}", &header[..header.len().min(40)]);
        }
    }
}
