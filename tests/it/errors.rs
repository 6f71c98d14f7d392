//! What each failure looks like on the wire.

use std::collections::HashSet;

use padron_domain::{Error, Failure};
use padron_http::{Reply, shape};
use serde_json::json;

use crate::support::{app, owner};

#[test]
fn the_map_from_failure_to_status_and_code() {
    let map: Vec<String> = Failure::ALL
        .into_iter()
        .map(|failure| format!("{failure:?}: {} {}", shape(failure).status, shape(failure).code))
        .collect();
    insta::assert_snapshot!(map.join("\n"), @r"
    AuthenticationRequired: 401 authentication_required
    InvalidToken: 401 invalid_token
    TokenExpired: 401 token_expired
    OrganizationNotFound: 404 organization_not_found
    NotAMember: 403 not_a_member
    InsufficientRole: 403 insufficient_role
    OrganizationMismatch: 403 organization_mismatch
    NoOrganization: 403 no_organization
    SeveralOrganizations: 400 several_organizations
    OrganizationUncertain: 409 organization_uncertain
    MemberNotFound: 404 member_not_found
    CustomerNotFound: 404 customer_not_found
    ExternalIdTaken: 409 external_id_taken
    HierarchyCycle: 409 hierarchy_cycle
    HierarchyTooDeep: 409 hierarchy_too_deep
    ParentNotCpo: 409 parent_not_cpo
    CustomerNotAccessible: 403 customer_not_accessible
    QueryTooBroad: 422 query_too_broad
    SlugTaken: 409 slug_taken
    SlugImmutable: 400 slug_immutable
    NotDeleted: 409 organization_not_deleted
    OwnerCannotLeave: 409 owner_cannot_leave
    OwnerRoleImmutable: 409 owner_role_immutable
    AlreadyOwner: 409 already_owner
    SeatLimitReached: 409 seat_limit_reached
    AlreadyMember: 409 already_member
    InvitationNotFound: 404 invitation_not_found
    InvitationEmailMismatch: 403 invitation_email_mismatch
    EmailNotVerified: 403 email_not_verified
    InvitationExpired: 409 invitation_expired
    InvitationRevoked: 409 invitation_revoked
    InvitationDeclined: 409 invitation_declined
    InvitationAccepted: 409 invitation_accepted
    UserNotFound: 404 user_not_found
    NotYourself: 403 not_yourself
    PreconditionFailed: 412 precondition_failed
    ConcurrentChange: 409 concurrent_change
    IdempotencyKeyReused: 422 idempotency_key_reused
    TenantMismatch: 403 tenant_mismatch
    RouteNotFound: 404 route_not_found
    MethodNotAllowed: 405 method_not_allowed
    InvalidRequest: 400 invalid_request
    PageTooLarge: 422 page_too_large
    PayloadTooLarge: 413 payload_too_large
    UnsupportedMediaType: 415 unsupported_media_type
    Unavailable: 503 service_unavailable
    Internal: 500 internal_error
    ");
    let codes: HashSet<_> = Failure::ALL.into_iter().map(|failure| shape(failure).code).collect();
    assert_eq!(codes.len(), Failure::ALL.len(), "one code each");
}

#[tokio::test]
async fn a_problem_is_rfc_9457_and_the_published_shape_in_one() {
    let app = app().await;
    let answer = app.get("/organizations/1?x=1").user(owner()).send().await;
    let mut body = answer.json();
    body["requestId"] = json!("…");
    insta::assert_json_snapshot!(body, @r#"
    {
      "code": "invalid_request",
      "detail": "`errors` lists what is wrong and where.",
      "errors": [
        {
          "code": "invalid_format",
          "detail": "The organization's id is a UUID.",
          "pointer": "/path/organizationId"
        }
      ],
      "message": "Invalid request",
      "requestId": "…",
      "status": 400,
      "statusCode": 400,
      "title": "Bad Request",
      "type": "https://padron.dev/problems/invalid-request"
    }
    "#);
}

#[test]
fn what_is_said_to_the_log_is_not_said_to_the_caller() {
    for error in [
        Error::internal("table padron-prod-Table-1A2B"),
        Error::unavailable("table padron-prod-Table-1A2B"),
        Error::from(Failure::InvalidToken).because("table padron-prod-Table-1A2B"),
    ] {
        let reply = format!("{:?}", Reply::problem(&error, "id"));
        assert!(!reply.contains("padron-prod"), "{reply}");
        assert!(!error.to_string().contains("padron-prod"), "nor by printing it");
        assert_eq!(error.cause(), Some("table padron-prod-Table-1A2B"));
    }
}
