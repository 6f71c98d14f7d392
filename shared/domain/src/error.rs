//! Failures and errors of requests. `padron-http` maps each class of failures to an HTTP status.

use std::{fmt, time::Duration};

use crate::Scopes;

/// A way in which a request can fail, with a stable code and the message that the API responds with.
///
/// Each failure is a constant next to the rules that it is about, such as [`Failure::SLUG_TAKEN`] in the module of slugs. Other
/// crates declare their own constants with [`Failure::new`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    class: FailureClass,
    code: &'static str,
    message: &'static str,
    hint: Option<&'static str>,
}

/// A class of failures, which clients can distinguish without knowing the codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureClass {
    /// The request is malformed or breaks a rule.
    Invalid,
    /// The request has no credentials.
    Unauthenticated,
    /// The credentials are not valid, or no longer valid.
    InvalidCredentials,
    /// The caller is authenticated, but not allowed to do this.
    Forbidden,
    /// The resource does not exist, or the caller may not know that it exists.
    NotFound,
    /// The resource exists, but does not support the method.
    MethodNotAllowed,
    /// The request conflicts with the stored data.
    Conflict,
    /// The caller's version of the resource is not the newest.
    PreconditionFailed,
    /// The request is larger than allowed.
    TooLarge,
    /// The format of the request is not supported.
    UnsupportedType,
    /// The request is well-formed, but cannot be carried out.
    Unprocessable,
    /// The caller has sent too many requests.
    RateLimited,
    /// The same request may succeed a moment later.
    Unavailable,
    /// The service has a defect.
    Internal,
}

impl Failure {
    /// Creates a failure.
    ///
    /// `code` is for programs and never changes. `message` is for people. If a published API has a message for this failure, it
    /// is the same to the letter.
    pub const fn new(class: FailureClass, code: &'static str, message: &'static str) -> Self {
        Self { class, code, message, hint: None }
    }

    /// Adds a hint about what the caller can do, for failures whose message does not say it.
    #[must_use]
    pub const fn with_hint(self, hint: &'static str) -> Self {
        Self { hint: Some(hint), ..self }
    }

    /// Returns the class of the failure.
    pub const fn class(self) -> FailureClass {
        self.class
    }

    /// Returns the stable code of the failure.
    pub const fn code(self) -> &'static str {
        self.code
    }

    /// Returns the message of the failure.
    pub const fn message(self) -> &'static str {
        self.message
    }

    /// Returns what the caller can do about the failure: the hint, or the message if there is none.
    pub const fn detail(self) -> &'static str {
        match self.hint {
            Some(hint) => hint,
            None => self.message,
        }
    }
}

/// Prints the code.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl Failure {
    /// The request is malformed. [`Error::violations`] lists where.
    pub const INVALID_REQUEST: Self = Self::new(FailureClass::Invalid, "invalid_request", "Invalid request")
        .with_hint("`errors` lists what is wrong and where.");

    /// The caller's version of the resource is not the newest.
    pub const PRECONDITION_FAILED: Self =
        Self::new(FailureClass::PreconditionFailed, "precondition_failed", "This is not the newest version")
            .with_hint(
                "Read it again, apply the change to what it is now, and send the new ETag in If-Match.",
            );

    /// The data has changed between the read and the write. The request can be retried.
    pub const CONCURRENT_CHANGE: Self = Self::new(
        FailureClass::Conflict,
        "concurrent_change",
        "Others changed the same at the same time. Nothing was written",
    )
    .with_hint("Read it again and decide anew.");

    /// The database or the issuer's key set is unreachable or overloaded. The request can be retried.
    pub const UNAVAILABLE: Self = Self::new(
        FailureClass::Unavailable,
        "service_unavailable",
        "Temporarily unavailable. Try again after the time in Retry-After",
    );

    /// The service has a defect.
    pub const INTERNAL: Self =
        Self::new(FailureClass::Internal, "internal_error", "An unexpected error occurred on the server");
}

/// A violation of a rule by the input, and its location. It never quotes what the caller sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The location: a JSON pointer (RFC 6901) into the body, or `/query/<name>`, `/path/<name>` or `/headers/<name>`.
    pub pointer: String,
    /// A stable code, such as `unknown_field` or `invalid_format`.
    pub code: &'static str,
    /// A message that says what to do about the violation.
    pub detail: String,
}

/// The error of a request: a [`Failure`] with the details of this request.
#[derive(Debug)]
pub struct Error(Box<Details>);

#[derive(Debug)]
struct Details {
    failure: Failure,
    violations: Vec<Violation>,
    retry_after: Option<Duration>,
    cause: Option<String>,
    missing_scopes: Scopes,
    is_final: bool,
}

impl Error {
    /// Creates an error for a request that is invalid for one reason.
    pub fn invalid(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self::from(Failure::INVALID_REQUEST).with_violation(pointer, code, detail)
    }

    /// Creates an error for a request that is invalid for several reasons.
    pub fn from_violations(violations: Vec<Violation>) -> Self {
        Self::from(Failure::INVALID_REQUEST).with_violations(violations)
    }

    /// Adds violations, which say where in the request the failure is.
    #[must_use]
    pub fn with_violations(mut self, violations: Vec<Violation>) -> Self {
        self.0.violations.extend(violations);
        self
    }

    /// Adds a violation, which says where in the request the failure is.
    #[must_use]
    pub fn with_violation(
        mut self,
        pointer: impl Into<String>,
        code: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        self.0.violations.push(Violation { pointer: pointer.into(), code, detail: detail.into() });
        self
    }

    /// Creates an error for a defect of the service.
    ///
    /// `cause` is logged and never sent to the client. It must not contain personal data.
    pub fn internal(cause: impl Into<String>) -> Self {
        Self::from(Failure::INTERNAL).with_cause(cause)
    }

    /// Creates an error for a dependency that is unavailable, with a retry after one second.
    ///
    /// The rules for `cause` are those of [`Error::internal`].
    pub fn unavailable(cause: impl Into<String>) -> Self {
        let mut error = Self::from(Failure::UNAVAILABLE).with_cause(cause);
        error.0.retry_after = Some(Duration::from_secs(1));
        error
    }

    /// Adds a cause, which is logged and never sent to the client.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<String>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Creates an error for a credential that lacks these scopes.
    pub fn insufficient_scope(missing: Scopes) -> Self {
        let mut error = Self::from(Failure::INSUFFICIENT_SCOPE);
        error.0.missing_scopes = missing;
        error
    }

    /// Creates an error for a credential that lacks these scopes, which another one is to get.
    pub fn scope_exceeded(missing: Scopes) -> Self {
        let mut error = Self::from(Failure::SCOPE_EXCEEDED);
        error.0.missing_scopes = missing;
        error
    }

    /// Creates an error for a caller who has used up a limit of requests, until `retry_after` has passed.
    pub fn rate_limited(retry_after: Duration) -> Self {
        let mut error = Self::from(Failure::RATE_LIMITED);
        error.0.retry_after = Some(retry_after);
        error
    }

    /// Marks the error as final, because the request would fail in the same way again.
    ///
    /// The request is then not retried, although other requests with this failure are.
    #[must_use]
    pub fn without_retry(mut self) -> Self {
        self.0.is_final = true;
        self
    }

    /// Returns whether the request can be retried, because the data that it depends on changed before the write.
    pub fn is_retryable(&self) -> bool {
        self.0.failure == Failure::CONCURRENT_CHANGE && !self.0.is_final
    }

    /// Returns the failure.
    pub fn failure(&self) -> Failure {
        self.0.failure
    }

    /// Returns the violations of the input.
    pub fn violations(&self) -> &[Violation] {
        &self.0.violations
    }

    /// Returns what to do about the error, in a sentence: that of the first violation, otherwise that of the failure.
    pub fn advice(&self) -> &str {
        self.violations().first().map_or(self.failure().detail(), |violation| &violation.detail)
    }

    /// Returns how long the client should wait before it retries; `None` if the error does not say.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns the scopes that the credential lacks; none if that is not the failure.
    pub fn missing_scopes(&self) -> Scopes {
        self.0.missing_scopes
    }

    /// Returns the cause, which is only for the log.
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self(Box::new(Details {
            failure,
            violations: Vec::new(),
            retry_after: None,
            cause: None,
            missing_scopes: Scopes::NONE,
            is_final: false,
        }))
    }
}

/// Prints the code only, because the cause is for the log.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.failure.code)
    }
}
impl std::error::Error for Error {}
