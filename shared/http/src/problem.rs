//! The body of an error response: RFC 9457 and Timbrix's `{statusCode, message}` in one object.

use std::borrow::Cow;

use padron_auth::{AUTHENTICATION_REQUIRED, TOKEN_EXPIRED};
use padron_domain::{Error, Failure, FailureClass, Scope, Violation};
use schemars::JsonSchema;
use serde::Serialize;

/// The media type of a [`Problem`].
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// Returns the HTTP status of a failure.
pub const fn status(failure: Failure) -> u16 {
    match failure.class() {
        FailureClass::Invalid => 400,
        FailureClass::Unauthenticated | FailureClass::InvalidCredentials => 401,
        FailureClass::Forbidden => 403,
        FailureClass::NotFound => 404,
        FailureClass::MethodNotAllowed => 405,
        FailureClass::Conflict => 409,
        FailureClass::PreconditionFailed => 412,
        FailureClass::TooLarge => 413,
        FailureClass::UnsupportedType => 415,
        FailureClass::Unprocessable => 422,
        FailureClass::RateLimited => 429,
        FailureClass::Internal => 500,
        FailureClass::Unavailable => 503,
    }
}

/// A failure as it is answered, as `application/problem+json`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Problem {
    /// A URI that identifies the kind of problem (RFC 9457 §3.1.1).
    r#type: String,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What to do about it.
    detail: &'static str,
    /// Stable code, for programs.
    code: &'static str,
    /// The id of the request, to quote when asking for help.
    #[serde(rename = "requestId")]
    request_id: String,
    /// What is wrong with the input, and where.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ProblemError>,
    /// The scopes that the credential lacks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<&'static str>,
    /// The status, under the name of Timbrix's API.
    #[serde(rename = "statusCode")]
    status_code: u16,
    /// The message, as in Timbrix's API.
    message: &'static str,
}

/// One thing that is wrong with the input.
#[derive(Debug, Serialize, JsonSchema)]
struct ProblemError {
    /// JSON pointer into the body, or `/query/…`, `/path/…`, `/headers/…`.
    pointer: String,
    /// Stable code, for programs.
    code: &'static str,
    /// What to do about it.
    detail: String,
}

impl Problem {
    /// Creates the problem document of an error.
    pub(crate) fn new(error: &Error, request_id: &str) -> Self {
        let failure = error.failure();
        let (status, code) = (status(failure), failure.code());
        let one = |Violation { pointer, code, detail }: &Violation| ProblemError {
            pointer: pointer.clone(),
            code,
            detail: detail.clone(),
        };
        Self {
            r#type: format!("https://padron.dev/problems/{}", code.replace('_', "-")),
            title: title(status),
            status,
            detail: failure.detail(),
            code,
            request_id: request_id.to_owned(),
            errors: error.violations().iter().map(one).collect(),
            missing: error.missing_scopes().iter().map(Scope::name).collect(),
            status_code: status,
            message: failure.message(),
        }
    }
}

fn title(status: u16) -> &'static str {
    http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error")
}

/// Returns the `WWW-Authenticate` header of an error (RFC 6750 §3). A caller who sent no token is told only which scheme to use.
pub(crate) fn challenge(error: &Error) -> Option<Cow<'static, str>> {
    let failure = error.failure();
    let text = match failure {
        AUTHENTICATION_REQUIRED => "Bearer",
        TOKEN_EXPIRED => r#"Bearer error="invalid_token", error_description="The token has expired""#,
        Failure::INVALID_API_KEY => {
            r#"Bearer error="invalid_token", error_description="The API key is not valid""#
        }
        Failure::INSUFFICIENT_SCOPE => {
            let scopes = error.missing_scopes();
            return Some(format!(r#"Bearer error="insufficient_scope", scope="{scopes}""#).into());
        }
        _ if matches!(failure.class(), FailureClass::InvalidCredentials) => {
            r#"Bearer error="invalid_token", error_description="The token is not valid""#
        }
        _ if matches!(failure.class(), FailureClass::Unauthenticated) => "Bearer",
        _ => return None,
    };
    Some(text.into())
}
