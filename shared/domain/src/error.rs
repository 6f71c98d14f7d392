//! What can go wrong, in the words of the business. `padron-http` gives each class of failures its status.

use std::{fmt, time::Duration};

/// A way in which a request can fail: a stable code, and what the API answers with it.
///
/// Each failure is a constant beside the rules that it is about, such as [`Failure::SLUG_TAKEN`] in the module of slugs. A crate
/// outside this one declares its own constants with [`Failure::new`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    class: Class,
    code: &'static str,
    message: &'static str,
    hint: Option<&'static str>,
}

/// The kinds of failures that a client tells apart without knowing their codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The request is malformed or breaks a rule.
    Invalid,
    /// There are no credentials.
    Unauthenticated,
    /// The credentials are not valid, or not any more.
    InvalidCredentials,
    /// The caller is known and may not do this.
    Forbidden,
    /// There is no such thing, or the caller may not know of it.
    NotFound,
    /// The thing is known, but cannot be asked for in this way.
    MethodNotAllowed,
    /// The request contradicts what is stored.
    Conflict,
    /// The caller decided on an older version than the newest.
    PreconditionFailed,
    /// The request is larger than is accepted.
    TooLarge,
    /// The request is in a format that is not accepted.
    UnsupportedType,
    /// The request is well-formed, and cannot be carried out.
    Unprocessable,
    /// The same request may succeed a moment later.
    Unavailable,
    /// The service has a defect.
    Internal,
}

impl Failure {
    /// Declares a failure. `code` is for programs and never changes; `message` is for people, to the letter where a published API
    /// has one.
    pub const fn new(class: Class, code: &'static str, message: &'static str) -> Self {
        Self { class, code, message, hint: None }
    }

    /// Adds what the caller can do about it, where the message does not say.
    #[must_use]
    pub const fn with_hint(self, hint: &'static str) -> Self {
        Self { hint: Some(hint), ..self }
    }

    /// Returns the class.
    pub const fn class(self) -> Class {
        self.class
    }

    /// Returns the stable code.
    pub const fn code(self) -> &'static str {
        self.code
    }

    /// Returns the message.
    pub const fn message(self) -> &'static str {
        self.message
    }

    /// Returns what the caller can do about it: the hint, or else the message.
    pub const fn detail(self) -> &'static str {
        match self.hint {
            Some(hint) => hint,
            None => self.message,
        }
    }
}

/// Shows the code.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl Failure {
    /// The request is malformed; [`Error::violations`] say where.
    pub const INVALID_REQUEST: Self = Self::new(Class::Invalid, "invalid_request", "Invalid request")
        .with_hint("`errors` lists what is wrong and where.");

    /// What the caller knows of it is not its newest version.
    pub const PRECONDITION_FAILED: Self =
        Self::new(Class::PreconditionFailed, "precondition_failed", "This is not the newest version")
            .with_hint(
                "Read it again, apply the change to what it is now, and send the new ETag in If-Match.",
            );

    /// What was read has changed before the write: worth reading it again.
    pub const CONCURRENT_CHANGE: Self = Self::new(
        Class::Conflict,
        "concurrent_change",
        "Others changed the same at the same time. Nothing was written",
    )
    .with_hint("Read it again and decide anew.");

    /// The database, or the issuer's key set, cannot be reached or is overloaded: worth another try.
    pub const UNAVAILABLE: Self = Self::new(
        Class::Unavailable,
        "service_unavailable",
        "Temporarily unavailable. Try again after the time in Retry-After",
    );

    /// A defect of ours.
    pub const INTERNAL: Self =
        Self::new(Class::Internal, "internal_error", "An unexpected error occurred on the server");
}

/// One thing that is wrong with the input, and where. It never quotes what the caller sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer (RFC 6901) into the body, or `/query/<name>`, `/path/<name>`, `/headers/<name>`.
    pub pointer: String,
    /// Stable code: `unknown_field`, `invalid_format`, …
    pub code: &'static str,
    /// What to do about it.
    pub detail: String,
}

/// A failed request: the failure, and the details that belong to this request.
// Boxed, so that a `Result` stays small on the path that succeeds.
#[derive(Debug)]
pub struct Error(Box<Details>);

#[derive(Debug)]
struct Details {
    failure: Failure,
    violations: Vec<Violation>,
    retry_after: Option<Duration>,
    cause: Option<String>,
    is_final: bool,
}

impl Error {
    /// Creates the error of a request that is invalid for one reason.
    pub fn invalid(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self::from(Failure::INVALID_REQUEST).with_violation(pointer, code, detail)
    }

    /// Creates the error of a request that is invalid for several reasons.
    pub fn from_violations(violations: Vec<Violation>) -> Self {
        let mut error = Self::from(Failure::INVALID_REQUEST);
        error.0.violations = violations;
        error
    }

    /// Adds where in the request the failure is.
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

    /// Creates the error of a defect. `cause` is logged and never answered; it must hold no personal data.
    pub fn internal(cause: impl Into<String>) -> Self {
        Self::from(Failure::INTERNAL).with_cause(cause)
    }

    /// Creates the error of a dependency that cannot be used right now, to be retried after a second. `cause` is as in
    /// [`Error::internal`].
    pub fn unavailable(cause: impl Into<String>) -> Self {
        let mut error = Self::from(Failure::UNAVAILABLE).with_cause(cause);
        error.0.retry_after = Some(Duration::from_secs(1));
        error
    }

    /// Adds a cause, which is logged and never answered.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<String>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Marks the error as final: the request would fail in the same way again, though others with this failure are retried.
    #[must_use]
    pub fn without_retry(mut self) -> Self {
        self.0.is_final = true;
        self
    }

    /// Returns whether the request is to be retried: what it was decided from has changed before the write.
    pub fn is_retryable(&self) -> bool {
        self.0.failure == Failure::CONCURRENT_CHANGE && !self.0.is_final
    }

    /// Returns the failure.
    pub fn failure(&self) -> Failure {
        self.0.failure
    }

    /// Returns what is wrong with the input.
    pub fn violations(&self) -> &[Violation] {
        &self.0.violations
    }

    /// Returns how long the client should wait before it retries.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns the cause, for the log alone.
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
            is_final: false,
        }))
    }
}

/// Shows the code only: the cause is for the log.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.failure.code)
    }
}
impl std::error::Error for Error {}
