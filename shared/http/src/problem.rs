//! How failures look on the wire: RFC 9457 and the seeds' `{statusCode, message}` in one body.

use padron_domain::{Error, Failure, Violation};
use schemars::JsonSchema;
use serde::Serialize;

use crate::reply::Reply;

/// What a failure looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// HTTP status.
    pub status: u16,
    /// Stable, for programs.
    pub code: &'static str,
    /// For people; to the letter where a published page has one.
    pub message: &'static str,
    /// What to do about it, where the message does not say.
    pub detail: Option<&'static str>,
}

/// The one place where failures meet HTTP.
pub const fn shape(failure: Failure) -> Shape {
    const AUTHENTICATE: &str = "Authentication required. Provide a valid bearer token.";
    let (status, code, message, detail) = match failure {
        Failure::AuthenticationRequired => (401, "authentication_required", AUTHENTICATE, None),
        Failure::InvalidToken => (
            401,
            "invalid_token",
            AUTHENTICATE,
            Some("The bearer token is not a valid access token for this API."),
        ),
        Failure::TokenExpired => {
            (401, "token_expired", AUTHENTICATE, Some("The access token has expired. Get a new one."))
        }
        Failure::OrganizationNotFound => (404, "organization_not_found", "Organization not found", None),
        Failure::NotAMember => {
            (403, "not_a_member", "Access denied. User is not a member of this organization", None)
        }
        Failure::InsufficientRole => (
            403,
            "insufficient_role",
            "Access denied. Your role in this organization does not allow this",
            None,
        ),
        Failure::OrganizationMismatch => (
            403,
            "organization_mismatch",
            "Access denied. The access token is for another organization",
            None,
        ),
        Failure::NoOrganization => {
            (403, "no_organization", "Access denied. User is not a member of any organization", None)
        }
        Failure::SeveralOrganizations => (
            400,
            "several_organizations",
            "User is a member of several organizations",
            Some("Name one of them in the header X-Organization-Id."),
        ),
        Failure::OrganizationUncertain => (
            409,
            "organization_uncertain",
            "User has joined another organization a moment ago",
            Some(
                "Name the one you mean in the header X-Organization-Id, or send the request again in a minute.",
            ),
        ),
        Failure::MemberNotFound => (404, "member_not_found", "Member not found", None),
        Failure::CustomerNotFound => (404, "customer_not_found", "Customer not found", None),
        Failure::ExternalIdTaken => (
            409,
            "external_id_taken",
            "Another customer of this organization has this external id",
            Some(
                "Choose another one, or update the customer that has it: GET …/customers/external/{externalId}.",
            ),
        ),
        Failure::HierarchyCycle => (
            409,
            "hierarchy_cycle",
            "A customer cannot be below itself",
            Some("The parent is the customer itself, or somewhere below it. Choose another parent."),
        ),
        Failure::HierarchyTooDeep => (
            409,
            "hierarchy_too_deep",
            "A hierarchy of customers has at most eight levels",
            Some("Choose a parent that is higher up."),
        ),
        Failure::ParentNotCpo => (
            409,
            "parent_not_cpo",
            "A CPOSubsidiary belongs to a CPO or to another CPOSubsidiary",
            Some("Choose another parent, or another type."),
        ),
        Failure::CustomerNotAccessible => (
            403,
            "customer_not_accessible",
            "Access denied. The organization has no customer that this filter names",
            Some("`parentId`, `ownerId` and `cpoId` name customers of this organization."),
        ),
        Failure::QueryTooBroad => (
            422,
            "query_too_broad",
            "The organization has too many customers for this list",
            Some(
                "Sort by `id`, `createdAt`, `name` or `updatedAt` without other filters than a range of that time, and follow \
                 the cursor; or name customers in `customerIds`, by external id, or as children in the hierarchy.",
            ),
        ),
        Failure::SlugTaken => (
            409,
            "slug_taken",
            "Another organization has this slug",
            Some("Choose another slug. The slug of a deleted organization is free once that is purged."),
        ),
        Failure::SlugImmutable => (
            400,
            "slug_immutable",
            "The slug of an organization cannot be changed",
            Some("Leave `slug` out, or send the one it has."),
        ),
        Failure::NotDeleted => (409, "organization_not_deleted", "The organization is not deleted", None),
        Failure::OwnerCannotLeave => (
            409,
            "owner_cannot_leave",
            "The owner cannot leave the organization or be removed",
            Some("Transfer the organization to another member first."),
        ),
        Failure::OwnerRoleImmutable => (
            409,
            "owner_role_immutable",
            "The role of the owner cannot be changed",
            Some("Transfer the organization to another member instead."),
        ),
        Failure::AlreadyOwner => {
            (409, "already_owner", "The user is the owner of this organization already", None)
        }
        Failure::SeatLimitReached => (
            409,
            "seat_limit_reached",
            "The organization has as many members as its plan allows",
            Some("Remove a member, or change to a larger plan."),
        ),
        Failure::AlreadyMember => {
            (409, "already_member", "The user is a member of this organization already", None)
        }
        Failure::InvitationNotFound => (
            404,
            "invitation_not_found",
            "Invitation not found",
            Some("It is unknown, or the token was replaced by a newer one. Ask for a new invitation."),
        ),
        Failure::InvitationEmailMismatch => (
            403,
            "invitation_email_mismatch",
            "Access denied. The invitation is for another e-mail address",
            Some("Sign in with the address that was invited."),
        ),
        Failure::EmailNotVerified => (
            403,
            "email_not_verified",
            "Access denied. The access token has no verified e-mail address",
            Some("Verify your e-mail address with your identity provider, then get a new token."),
        ),
        Failure::InvitationExpired => {
            (409, "invitation_expired", "The invitation has expired", Some("Ask for it to be sent again."))
        }
        Failure::InvitationRevoked => (409, "invitation_revoked", "The invitation was revoked", None),
        Failure::InvitationDeclined => (409, "invitation_declined", "The invitation was declined", None),
        Failure::InvitationAccepted => {
            (409, "invitation_accepted", "The invitation was accepted already", None)
        }
        Failure::UserNotFound => (404, "user_not_found", "User not found", None),
        Failure::NotYourself => {
            (403, "not_yourself", "Access denied. Only the user themselves may see this", None)
        }
        Failure::PreconditionFailed => (
            412,
            "precondition_failed",
            "This is not the newest version",
            Some("Read it again, apply the change to what it is now, and send the new ETag in If-Match."),
        ),
        Failure::ConcurrentChange => (
            409,
            "concurrent_change",
            "Others changed the same at the same time. Nothing was written",
            Some("Read it again and decide anew."),
        ),
        Failure::IdempotencyKeyReused => (
            422,
            "idempotency_key_reused",
            "The idempotency key was used for a request with another body",
            Some("Use a new key for a new request, and the same body for the same request."),
        ),
        Failure::TenantMismatch => (
            403,
            "tenant_mismatch",
            "Access denied. The tenant is not that of this organization",
            Some("The header tenantId is the id of the organization or of its owner."),
        ),
        Failure::RouteNotFound => (404, "route_not_found", "Not found. No route has this path", None),
        Failure::MethodNotAllowed => (
            405,
            "method_not_allowed",
            "Method not allowed",
            Some("The Allow header lists the methods of this path."),
        ),
        Failure::InvalidRequest => {
            (400, "invalid_request", "Invalid request", Some("`errors` lists what is wrong and where."))
        }
        Failure::PageTooLarge => (
            422,
            "page_too_large",
            "The page is larger than one answer can be",
            Some("Ask for fewer at a time."),
        ),
        Failure::PayloadTooLarge => {
            (413, "payload_too_large", "The body is larger than this route takes", None)
        }
        Failure::UnsupportedMediaType => (
            415,
            "unsupported_media_type",
            "Send the body as application/json, and say so in Content-Type",
            None,
        ),
        Failure::Unavailable => (
            503,
            "service_unavailable",
            "Temporarily unavailable. Try again after the time in Retry-After",
            None,
        ),
        Failure::Internal => (500, "internal_error", "An unexpected error occurred on the server", None),
    };
    Shape { status, code, message, detail }
}

/// A failure as it is answered, as `application/problem+json`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Problem {
    /// Names the kind of problem (RFC 9457 §3.1.1).
    r#type: String,
    /// The status in words.
    title: &'static str,
    /// The status.
    status: u16,
    /// What to do about it.
    detail: &'static str,
    /// Stable, for programs.
    code: &'static str,
    /// To quote when asking for help.
    #[serde(rename = "requestId")]
    request_id: String,
    /// What is wrong with the input, and where.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ProblemError>,
    /// The status, as the published pages have it.
    #[serde(rename = "statusCode")]
    status_code: u16,
    /// The message, as the published pages have it.
    message: &'static str,
}

/// One thing that is wrong with the input.
#[derive(Debug, Serialize, JsonSchema)]
struct ProblemError {
    /// JSON pointer into the body, or `/query/…`, `/path/…`, `/headers/…`.
    pointer: String,
    /// Stable, for programs.
    code: &'static str,
    /// What to do about it.
    detail: String,
}

impl Problem {
    fn new(error: &Error, request_id: &str) -> Self {
        let Shape { status, code, message, detail } = shape(error.failure());
        let one = |Violation { pointer, code, detail }: &Violation| ProblemError {
            pointer: pointer.clone(),
            code,
            detail: detail.clone(),
        };
        Self {
            r#type: format!("https://padron.dev/problems/{}", code.replace('_', "-")),
            title: title(status),
            status,
            detail: detail.unwrap_or(message),
            code,
            request_id: request_id.to_owned(),
            errors: error.violations().iter().map(one).collect(),
            status_code: status,
            message,
        }
    }
}

fn title(status: u16) -> &'static str {
    http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error")
}

impl Reply {
    /// A failure as an answer.
    pub fn problem(error: &Error, request_id: &str) -> Self {
        let problem = Problem::new(error, request_id);
        let mut reply = Self::of_type("application/problem+json", problem.status, &problem)
            .unwrap_or_else(|_| Self::empty(problem.status))
            .code(problem.code);
        if let Some(challenge) = challenge(error.failure()) {
            reply = reply.header("www-authenticate", challenge.into());
        }
        if let Some(after) = error.retry_after() {
            reply = reply.header("retry-after", after.as_secs().max(1).to_string());
        }
        reply
    }
}

/// RFC 6750 §3: a caller who sent no token is told only which scheme to use.
fn challenge(failure: Failure) -> Option<&'static str> {
    match failure {
        Failure::AuthenticationRequired => Some("Bearer"),
        Failure::InvalidToken => {
            Some(r#"Bearer error="invalid_token", error_description="The token is not valid""#)
        }
        Failure::TokenExpired => {
            Some(r#"Bearer error="invalid_token", error_description="The token has expired""#)
        }
        Failure::OrganizationNotFound
        | Failure::NotAMember
        | Failure::InsufficientRole
        | Failure::OrganizationMismatch
        | Failure::NoOrganization
        | Failure::SeveralOrganizations
        | Failure::OrganizationUncertain
        | Failure::MemberNotFound
        | Failure::CustomerNotFound
        | Failure::ExternalIdTaken
        | Failure::HierarchyCycle
        | Failure::HierarchyTooDeep
        | Failure::ParentNotCpo
        | Failure::CustomerNotAccessible
        | Failure::QueryTooBroad
        | Failure::SlugTaken
        | Failure::SlugImmutable
        | Failure::NotDeleted
        | Failure::OwnerCannotLeave
        | Failure::OwnerRoleImmutable
        | Failure::AlreadyOwner
        | Failure::SeatLimitReached
        | Failure::AlreadyMember
        | Failure::InvitationNotFound
        | Failure::InvitationEmailMismatch
        | Failure::EmailNotVerified
        | Failure::InvitationExpired
        | Failure::InvitationRevoked
        | Failure::InvitationDeclined
        | Failure::InvitationAccepted
        | Failure::UserNotFound
        | Failure::NotYourself
        | Failure::PreconditionFailed
        | Failure::ConcurrentChange
        | Failure::IdempotencyKeyReused
        | Failure::TenantMismatch
        | Failure::RouteNotFound
        | Failure::MethodNotAllowed
        | Failure::InvalidRequest
        | Failure::PageTooLarge
        | Failure::PayloadTooLarge
        | Failure::UnsupportedMediaType
        | Failure::Unavailable
        | Failure::Internal => None,
    }
}
