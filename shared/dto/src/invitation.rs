//! Invitations as the API answers them.

use padron_domain::{Actor, Invitation, InvitationId, Role, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

/// An invitation. Never its token.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Invitation")]
#[serde(rename_all = "camelCase")]
pub struct InvitationResponse {
    /// Id of the invitation: one for each e-mail of an organization.
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: InvitationId,
    /// Who is asked.
    email: String,
    /// As what they would join: `member` or `admin`.
    #[schemars(extend("enum" = ["member", "admin"]), with = "String")]
    role: Role,
    /// `pending`, `expired`, `accepted`, `declined` or `revoked`.
    #[schemars(extend("enum" = ["pending", "expired", "accepted", "declined", "revoked"]), with = "String")]
    status: &'static str,
    /// UUID of the user who invited them last.
    #[schemars(with = "String", extend("format" = "uuid"))]
    invited_by: Actor,
    /// When they were invited last.
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
    /// Until when it can be accepted.
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Timestamp,
}

impl InvitationResponse {
    /// The invitation as it stands at that instant: it expires without a write.
    pub fn new(invitation: Invitation, now: Timestamp) -> Self {
        let status = invitation.status(now).name();
        let Invitation {
            id,
            organization: _,
            version: _,
            email,
            role,
            state: _,
            token_hash: _,
            invited_by,
            created_at,
            expires_at,
            ended_at: _,
        } = invitation;
        Self { id, email: email.as_str().to_owned(), role, status, invited_by, created_at, expires_at }
    }
}

/// An invitation with its token, in the one answer that shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "IssuedInvitation")]
#[serde(rename_all = "camelCase")]
pub struct IssuedInvitation {
    /// The invitation.
    #[serde(flatten)]
    pub invitation: InvitationResponse,
    /// What accepts it. Shown here and nowhere else: hand it to whom you invite.
    pub token: String,
    /// Your page with the token, if this installation is configured with one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept_url: Option<String>,
}
