//! Invitations in responses.

use padron_domain::{Actor, Invitation, InvitationId, Role, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

/// An invitation to join an organization, without its token.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Invitation")]
#[serde(rename_all = "camelCase")]
pub struct InvitationResponse {
    /// UUID of the invitation. An organization has one invitation per e-mail address.
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: InvitationId,
    /// E-mail address of the invited person.
    email: String,
    /// Role that the invited person gets by accepting: `member` or `admin`.
    #[schemars(extend("enum" = ["member", "admin"]), with = "String")]
    role: Role,
    /// Status: `pending`, `expired`, `accepted`, `declined` or `revoked`.
    #[schemars(extend("enum" = ["pending", "expired", "accepted", "declined", "revoked"]), with = "String")]
    status: &'static str,
    /// UUID of the user who last sent the invitation, or `key:` and the UUID of an API key.
    #[schemars(with = "String")]
    invited_by: Actor,
    /// When the invitation was last sent.
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
    /// When the invitation expires.
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Timestamp,
}

impl InvitationResponse {
    /// Creates the response for an invitation at `now`. The status depends on it, because an invitation expires without a write.
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

/// An invitation with its token. Only the response that issues the invitation contains the token.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "IssuedInvitation")]
#[serde(rename_all = "camelCase")]
pub struct IssuedInvitation {
    /// The invitation.
    #[serde(flatten)]
    pub invitation: InvitationResponse,
    /// Token that accepts the invitation. No later request returns it; pass it on to the invited person.
    pub token: String,
    /// URL of your page that accepts the invitation, with the token. Absent if the installation has no such page configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept_url: Option<String>,
}

/// Omits the token.
impl std::fmt::Debug for IssuedInvitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedInvitation").field("invitation", &self.invitation).finish_non_exhaustive()
    }
}
