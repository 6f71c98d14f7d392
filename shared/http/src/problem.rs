//! The body of an error response: RFC 9457 and Timbrix's `{statusCode, message}` in one object.

use padron_auth::{AUTHENTICATION_REQUIRED, TOKEN_EXPIRED, TOKEN_REVOKED};
use padron_domain::{Error, Failure, FailureClass, Scope, Violation};
use schemars::JsonSchema;
use serde::Serialize;

use crate::event::Request;

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
    /// The error of OAuth (RFC 6749 §5.2), in responses of the OAuth routes.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
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
            error: None,
            status_code: status,
            message: failure.message(),
        }
    }
}

impl Problem {
    /// Returns the problem document of a failure, as an example.
    pub(crate) fn example(failure: Failure) -> Self {
        const REQUEST_ID: &str = "JKJaXmPLvHcESHA=";
        let error = match failure {
            Failure::INVALID_REQUEST => Error::invalid("/name", "required", "Give a name."),
            Failure::INSUFFICIENT_SCOPE => {
                Error::insufficient_scope([Scope::ReadCustomers].into_iter().collect())
            }
            _ => failure.into(),
        };
        Self::new(&error, REQUEST_ID)
    }

    /// Adds the error of OAuth.
    pub(crate) fn with_oauth_error(self, error: &Error) -> Self {
        Self { error: Some(oauth_error(error.failure())), ..self }
    }
}

/// The format of the responses of an endpoint's failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorFormat {
    /// A [`Problem`].
    Problem,
    /// An [`OauthProblem`].
    Oauth,
    /// An [`OauthProblem`] for a request that has a form as its body, and a [`Problem`] with its `error` for another.
    OauthForForms,
}

impl ErrorFormat {
    /// Returns whether the failure of a request is an [`OauthProblem`].
    pub(crate) fn is_oauth(self, request: Option<&Request<'_>>) -> bool {
        match self {
            Self::Problem => false,
            Self::Oauth => true,
            Self::OauthForForms => request.is_some_and(|request| !request.has_json()),
        }
    }
}

/// A failure as the OAuth endpoints answer it (RFC 6749 §5.2).
#[derive(Debug, Serialize, JsonSchema)]
pub struct OauthProblem {
    /// Stable code, for programs.
    error: &'static str,
    /// What to do about it.
    error_description: String,
}

impl OauthProblem {
    /// Returns the response of a failure, as an example.
    pub(crate) fn example(failure: Failure) -> Self {
        Self::new(&failure.into())
    }

    /// Creates the response of an error.
    pub(crate) fn new(error: &Error) -> Self {
        let failure = error.failure();
        // Neither quotes nor backslashes nor other letters than those of ASCII (RFC 6749 §5.2).
        let is_allowed = |letter: &char| matches!(letter, ' '..='~') && !matches!(letter, '"' | '\\');
        let error_description = error.advice().chars().filter(is_allowed).collect();
        Self { error: oauth_error(failure), error_description }
    }
}

/// Returns the error of OAuth for a failure: its code, if OAuth knows it.
pub fn oauth_error(failure: Failure) -> &'static str {
    match failure {
        Failure::INVALID_CLIENT
        | Failure::INVALID_GRANT
        | Failure::UNAUTHORIZED_CLIENT
        | Failure::UNSUPPORTED_GRANT_TYPE
        | Failure::INVALID_SCOPE
        | Failure::INVALID_TARGET
        | Failure::INVALID_REDIRECT_URI
        | Failure::INVALID_CLIENT_METADATA => failure.code(),
        _ => match failure.class() {
            FailureClass::RateLimited | FailureClass::Unavailable | FailureClass::Conflict => {
                "temporarily_unavailable"
            }
            FailureClass::Internal => "server_error",
            _ => "invalid_request",
        },
    }
}

/// Returns the names and the meanings of the headers that responses of a status have.
pub(crate) const fn headers(status: u16) -> &'static [(&'static str, &'static str)] {
    match status {
        401 => &[(
            "WWW-Authenticate",
            "The scheme, what is wrong with the credential, and where authorization servers are named (RFC 6750 §3, RFC 9728)",
        )],
        405 => &[("Allow", "The methods that the resource has (RFC 9110 §10.2.1)")],
        429 | 503 => &[("Retry-After", "How many seconds to wait before trying again (RFC 9110 §10.2.3)")],
        _ => &[],
    }
}

fn title(status: u16) -> &'static str {
    http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error")
}

/// Returns the `WWW-Authenticate` header of an error (RFC 6750 §3), with the address of the document that says which authorization server the
/// API has (RFC 9728 §5.1). A caller who sent no token is told only which scheme to use.
pub(crate) fn challenge(error: &Error, issuer: &str) -> Option<String> {
    let failure = error.failure();
    let invalid = |why: &str| format!(r#" error="invalid_token", error_description="{why}","#);
    let parameters = match failure {
        Failure::INVALID_CLIENT => return Some(r#"Basic realm="oauth""#.into()),
        AUTHENTICATION_REQUIRED => String::new(),
        TOKEN_EXPIRED => invalid("The token has expired"),
        TOKEN_REVOKED => invalid("The token was revoked"),
        Failure::INVALID_API_KEY => invalid("The API key is not valid"),
        Failure::INSUFFICIENT_SCOPE => {
            format!(r#" error="insufficient_scope", scope="{}","#, error.missing_scopes())
        }
        _ if matches!(failure.class(), FailureClass::InvalidCredentials) => invalid("The token is not valid"),
        _ if matches!(failure.class(), FailureClass::Unauthenticated) => String::new(),
        _ => return None,
    };
    let metadata = format!("{issuer}/.well-known/oauth-protected-resource");
    Some(format!(r#"Bearer{parameters} resource_metadata="{metadata}""#))
}
