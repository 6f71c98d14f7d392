//! Tests of the response for each failure.

use std::collections::BTreeMap;

use padron_auth::INVALID_TOKEN;
use padron_domain::{Error, Failure};
use padron_http::{Registration, Response, status};
use padron_testkit::TestApp;
use serde_json::json;

use crate::support::{app, owner};

/// Returns every failure that an endpoint can have, by code.
fn failures() -> BTreeMap<&'static str, Failure> {
    let mut failures = BTreeMap::new();
    for failure in padron_api::endpoints().flat_map(Registration::failures) {
        let known = failures.insert(failure.code(), failure);
        assert!(known.is_none_or(|known| known == failure), "two failures have the code {}", failure.code());
    }
    failures
}

#[test]
fn every_failure_has_its_status_and_a_code_of_its_own() {
    let map: Vec<String> =
        failures().into_values().map(|failure| format!("{} {failure:?}", status(failure))).collect();
    insta::assert_snapshot!(map.join("\n"), @r"
    409 already_member
    409 already_owner
    409 api_key_creator_not_admin
    409 api_key_limit_reached
    409 api_key_not_active
    404 api_key_not_found
    409 api_key_superseded
    409 app_limit_reached
    403 apps_not_accepted
    401 authentication_required
    400 certificate_expired
    400 certificate_fiel_rfc_mismatch
    400 certificate_file_required
    400 certificate_files_invalid
    400 certificate_not_yet_valid
    400 certificate_previous_rfc_mismatch
    409 concurrent_change
    400 csd_required
    403 customer_not_accessible
    404 customer_not_found
    404 delivery_not_found
    403 email_not_verified
    400 expiry_not_extendable
    409 external_id_taken
    400 fiel_required
    400 fiel_rfc_mismatch
    409 hierarchy_cycle
    409 hierarchy_too_deep
    422 idempotency_key_reused
    403 insufficient_role
    403 insufficient_scope
    500 internal_error
    401 invalid_api_key
    401 invalid_client
    400 invalid_client_metadata
    400 invalid_grant
    400 invalid_image
    400 invalid_redirect_uri
    400 invalid_request
    400 invalid_scope
    401 invalid_signature
    400 invalid_target
    401 invalid_token
    409 invitation_accepted
    409 invitation_declined
    403 invitation_email_mismatch
    409 invitation_expired
    404 invitation_not_found
    409 invitation_revoked
    403 ip_not_allowed
    403 keys_not_accepted
    404 logo_not_found
    404 member_not_found
    405 method_not_allowed
    403 no_organization
    403 not_a_member
    403 not_yourself
    404 oauth_app_not_found
    403 organization_mismatch
    409 organization_not_deleted
    404 organization_not_found
    409 organization_uncertain
    409 owner_cannot_leave
    409 owner_role_immutable
    422 page_too_large
    409 parent_not_cpo
    413 payload_too_large
    412 precondition_failed
    400 private_key_certificate_mismatch
    400 private_key_file_required
    400 private_key_password_incorrect
    409 public_client
    422 query_too_broad
    429 rate_limited
    404 route_not_found
    403 scope_exceeded
    400 scope_not_grantable
    409 seat_limit_reached
    503 service_unavailable
    400 several_organizations
    400 slug_immutable
    409 slug_taken
    403 tenant_mismatch
    401 token_expired
    404 token_not_found
    401 token_revoked
    400 unauthorized_client
    400 unsupported_grant_type
    415 unsupported_media_type
    404 user_not_found
    403 user_required
    409 webhook_inactive
    409 webhook_limit_reached
    404 webhook_not_found
    ");
}

#[tokio::test]
async fn a_problem_is_rfc_9457_and_the_published_shape_in_one() {
    let app = app().await;
    let response = app.get("/organizations/1?x=1").user(owner()).send().await;
    let mut body = response.json();
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
        Error::from(INVALID_TOKEN).with_cause("table padron-prod-Table-1A2B"),
    ] {
        let reply = format!("{:?}", Response::problem(&error, "id", TestApp::URL));
        assert!(!reply.contains("padron-prod"), "{reply}");
        assert!(!error.to_string().contains("padron-prod"), "nor by printing it");
        assert_eq!(error.cause(), Some("table padron-prod-Table-1A2B"));
    }
}
