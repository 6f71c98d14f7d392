//! Bearer tokens in the `Authorization` header (RFC 6750 §2.1), and the form of a JWT.

use padron_domain::Error;

use crate::failure::{AUTHENTICATION_REQUIRED, INVALID_TOKEN};

/// The maximum length of a token, in bytes.
///
/// API Gateway accepts 10,240 bytes of headers in total. The tokens of issuers have one to three thousand bytes.
const MAX_TOKEN_LENGTH: usize = 8192;

/// Returns the token in an `Authorization` header. Two headers that are joined by a comma are not a token.
pub fn bearer_token(header: Option<&str>) -> Result<&str, Error> {
    let header = header.ok_or(AUTHENTICATION_REQUIRED)?;
    let (scheme, token) = header.trim().split_once(' ').ok_or(AUTHENTICATION_REQUIRED)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(AUTHENTICATION_REQUIRED.into());
    }
    require_jwt_form(token.trim_start())
}

/// Returns the text if it has the form of a JWT, and an error otherwise.
pub fn require_jwt_form(token: &str) -> Result<&str, Error> {
    // A JWT has a smaller alphabet than the tokens of RFC 6750, which include opaque ones.
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
