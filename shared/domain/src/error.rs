//! What can go wrong, in the words of the business. `padron-http` gives each failure its status and public text.

use std::{fmt, time::Duration};

/// Every way a request can fail; each has one stable code on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// There is no access token, or not where it belongs.
    AuthenticationRequired,
    /// The access token is malformed, forged, or made for someone else.
    InvalidToken,
    /// The access token was good once.
    TokenExpired,
    /// The organization is unknown or deleted.
    OrganizationNotFound,
    /// The organization is known, the caller does not belong to it.
    NotAMember,
    /// The caller belongs to the organization, but their role may not do this.
    InsufficientRole,
    /// The organization that the token is for is not the one that is asked for.
    OrganizationMismatch,
    /// The caller belongs to no organization, and names none.
    NoOrganization,
    /// The caller belongs to several organizations, and names none.
    SeveralOrganizations,
    /// The caller joined another organization a moment ago, and does not say which one they mean.
    OrganizationUncertain,
    /// No member of the organization has this id.
    MemberNotFound,
    /// The organization has no such customer.
    CustomerNotFound,
    /// Another customer of the organization has this external id.
    ExternalIdTaken,
    /// A customer cannot be below itself.
    HierarchyCycle,
    /// A hierarchy has so many levels at most.
    HierarchyTooDeep,
    /// Only a CPO or another CPOSubsidiary can have a CPOSubsidiary below it.
    ParentNotCpo,
    /// A filter names a customer that the organization does not have.
    CustomerNotAccessible,
    /// A list that cannot be streamed is of an organization with too many customers.
    QueryTooBroad,
    /// Another organization has this slug.
    SlugTaken,
    /// A slug is given once and stays.
    SlugImmutable,
    /// The organization is not deleted, so it cannot be restored.
    NotDeleted,
    /// The owner must hand the organization over first.
    OwnerCannotLeave,
    /// The owner's role changes with a transfer only.
    OwnerRoleImmutable,
    /// The organization is theirs already.
    AlreadyOwner,
    /// The organization has as many members as its plan allows.
    SeatLimitReached,
    /// The user is a member already.
    AlreadyMember,
    /// The invitation is unknown, or the token is not its newest.
    InvitationNotFound,
    /// The invitation is for another e-mail than the caller's.
    InvitationEmailMismatch,
    /// The caller's token has no verified e-mail.
    EmailNotVerified,
    /// The time to accept the invitation is over.
    InvitationExpired,
    /// The invitation was revoked.
    InvitationRevoked,
    /// The invitation was declined.
    InvitationDeclined,
    /// The invitation was accepted.
    InvitationAccepted,
    /// No user of that id shares an organization with the caller.
    UserNotFound,
    /// Only the user themselves may.
    NotYourself,
    /// What the caller knows of it is not its newest version.
    PreconditionFailed,
    /// What was read has changed before the write: worth reading it again.
    ConcurrentChange,
    /// The idempotency key belongs to another request.
    IdempotencyKeyReused,
    /// The tenant is neither the organization nor its owner.
    TenantMismatch,
    /// No route has this path.
    RouteNotFound,
    /// The path has routes, none with this method.
    MethodNotAllowed,
    /// The request is malformed; [`Error::violations`] say where.
    InvalidRequest,
    /// A page holds more than one answer can.
    PageTooLarge,
    /// The body is longer than the route takes.
    PayloadTooLarge,
    /// The body is of a type the route does not take.
    UnsupportedMediaType,
    /// The database, or the issuer's key set, cannot be reached or is overloaded: worth another try.
    Unavailable,
    /// A defect of ours.
    Internal,
}

impl Failure {
    /// All of them, for tables and tests.
    pub const ALL: [Self; 47] = [
        Self::AuthenticationRequired,
        Self::InvalidToken,
        Self::TokenExpired,
        Self::OrganizationNotFound,
        Self::NotAMember,
        Self::InsufficientRole,
        Self::OrganizationMismatch,
        Self::NoOrganization,
        Self::SeveralOrganizations,
        Self::OrganizationUncertain,
        Self::MemberNotFound,
        Self::CustomerNotFound,
        Self::ExternalIdTaken,
        Self::HierarchyCycle,
        Self::HierarchyTooDeep,
        Self::ParentNotCpo,
        Self::CustomerNotAccessible,
        Self::QueryTooBroad,
        Self::SlugTaken,
        Self::SlugImmutable,
        Self::NotDeleted,
        Self::OwnerCannotLeave,
        Self::OwnerRoleImmutable,
        Self::AlreadyOwner,
        Self::SeatLimitReached,
        Self::AlreadyMember,
        Self::InvitationNotFound,
        Self::InvitationEmailMismatch,
        Self::EmailNotVerified,
        Self::InvitationExpired,
        Self::InvitationRevoked,
        Self::InvitationDeclined,
        Self::InvitationAccepted,
        Self::UserNotFound,
        Self::NotYourself,
        Self::PreconditionFailed,
        Self::ConcurrentChange,
        Self::IdempotencyKeyReused,
        Self::TenantMismatch,
        Self::RouteNotFound,
        Self::MethodNotAllowed,
        Self::InvalidRequest,
        Self::PageTooLarge,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::Unavailable,
        Self::Internal,
    ];
}

/// One thing wrong with the input, and where. Never holds what the caller sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer (RFC 6901) into the body, or `/query/<name>`, `/path/<name>`, `/headers/<name>`.
    pub pointer: String,
    /// Stable code: `unknown_field`, `invalid_format`, …
    pub code: &'static str,
    /// What to do about it.
    pub detail: String,
}

/// A failed request: which failure, and what else there is to say about it.
#[derive(Debug)]
pub struct Error {
    failure: Failure,
    // Boxed, so that a `Result` stays two words wide on the path that succeeds.
    details: Option<Box<Details>>,
}

#[derive(Debug, Default)]
struct Details {
    violations: Vec<Violation>,
    retry_after: Option<Duration>,
    cause: Option<String>,
    is_final: bool,
}

impl Error {
    /// A request refused for one reason.
    pub fn invalid(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self::violations_of(vec![Violation { pointer: pointer.into(), code, detail: detail.into() }])
    }

    /// A request refused for several reasons at once.
    pub fn violations_of(violations: Vec<Violation>) -> Self {
        let mut error = Self::from(Failure::InvalidRequest);
        error.details_mut().violations = violations;
        error
    }

    /// Says where in the request the failure is.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        let violation = Violation { pointer: pointer.into(), code, detail: detail.into() };
        self.details_mut().violations.push(violation);
        self
    }

    /// A defect of ours. `cause` goes to the log, never to the caller, and must hold no personal data.
    pub fn internal(cause: impl Into<String>) -> Self {
        Self::from(Failure::Internal).because(cause)
    }

    /// Something we depend on is out of reach. `cause` as in [`Error::internal`].
    pub fn unavailable(cause: impl Into<String>) -> Self {
        let mut error = Self::from(Failure::Unavailable).because(cause);
        error.details_mut().retry_after = Some(Duration::from_secs(1));
        error
    }

    /// Adds what only the log may say.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.details_mut().cause = Some(cause.into());
        self
    }

    /// Says that the same request would fail in the same way again, though others of this failure are worth another try.
    #[must_use]
    pub fn without_retry(mut self) -> Self {
        self.details_mut().is_final = true;
        self
    }

    /// Whether the request is to be decided once more, from what is there now: what it was decided from has changed before it
    /// could be written.
    pub fn is_retryable(&self) -> bool {
        self.failure == Failure::ConcurrentChange
            && !self.details.as_ref().is_some_and(|details| details.is_final)
    }

    /// Which failure this is.
    pub fn failure(&self) -> Failure {
        self.failure
    }

    /// What is wrong with the input, if that is the failure.
    pub fn violations(&self) -> &[Violation] {
        self.details.as_ref().map_or(&[], |details| &details.violations)
    }

    /// When another try makes sense.
    pub fn retry_after(&self) -> Option<Duration> {
        self.details.as_ref()?.retry_after
    }

    /// For the log alone.
    pub fn cause(&self) -> Option<&str> {
        self.details.as_ref()?.cause.as_deref()
    }

    fn details_mut(&mut self) -> &mut Details {
        self.details.get_or_insert_default()
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self { failure, details: None }
    }
}

/// Only the failure's name: the cause is for the log, and is asked for by name.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.failure, f)
    }
}
impl std::error::Error for Error {}
