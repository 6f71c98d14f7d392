//! Invitations to join an organization.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Actor, Email, Failure, FailureClass, Id, OrganizationId, Role, Timestamp};

/// The id of an invitation: a UUIDv5 of organization and e-mail address, so that there is one invitation for each pair.
pub type InvitationId = Id<Invitation>;

impl InvitationId {
    /// Returns the id of the invitation of an e-mail address to an organization.
    pub fn of(organization: OrganizationId, email: &Email) -> Self {
        Self::new(Uuid::new_v5(&organization.uuid(), email.as_str().as_bytes()))
    }
}

/// An invitation to join an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// The id of the invitation.
    pub id: InvitationId,
    /// The organization that the invitation is for.
    pub organization: OrganizationId,
    /// The version of the invitation. Every write increases it by one.
    pub version: u64,
    /// The e-mail address that is invited.
    pub email: Email,
    /// The role that the invited user gets. It is never the owner's.
    pub role: Role,
    /// The stored state of the invitation.
    pub state: InvitationState,
    /// The SHA-256 hash of the token. The token itself is shown once and never stored.
    pub token_hash: String,
    /// The actor who last sent the invitation.
    pub invited_by: Actor,
    /// When the invitation was last sent.
    pub created_at: Timestamp,
    /// When the invitation expires.
    pub expires_at: Timestamp,
    /// When the invitation was accepted, declined or revoked; `None` while it is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

/// The stored state of an invitation. It does not show whether the invitation has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvitationState {
    /// The invitation has not been answered or revoked.
    Pending,
    /// The user accepted the invitation and joined.
    Accepted,
    /// The user declined the invitation.
    Declined,
    /// The invitation was revoked.
    Revoked,
}

/// The status of an invitation at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationStatus {
    /// The invitation can be accepted.
    Pending,
    /// The invitation has expired.
    Expired,
    /// The user accepted the invitation and joined.
    Accepted,
    /// The user declined the invitation.
    Declined,
    /// The invitation was revoked.
    Revoked,
}

impl InvitationStatus {
    /// All statuses.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Expired, Self::Accepted, Self::Declined, Self::Revoked];

    /// Returns the name of the status.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Expired => "expired",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Revoked => "revoked",
        }
    }

    /// Returns the status with this name; `None` if there is none.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

impl Invitation {
    /// The time during which an invitation can be accepted: seven days.
    pub const VALIDITY_PERIOD: Duration = Duration::from_secs(7 * 24 * 60 * 60);

    /// Returns the status at an instant. An invitation expires without a write.
    pub fn status(&self, now: Timestamp) -> InvitationStatus {
        match self.state {
            InvitationState::Pending if self.expires_at <= now => InvitationStatus::Expired,
            InvitationState::Pending => InvitationStatus::Pending,
            InvitationState::Accepted => InvitationStatus::Accepted,
            InvitationState::Declined => InvitationStatus::Declined,
            InvitationState::Revoked => InvitationStatus::Revoked,
        }
    }

    /// Returns an error unless the invitation can be accepted at `now`.
    pub fn require_pending(&self, now: Timestamp) -> Result<(), Failure> {
        match self.status(now) {
            InvitationStatus::Pending => Ok(()),
            InvitationStatus::Expired => Err(Failure::INVITATION_EXPIRED),
            InvitationStatus::Accepted => Err(Failure::INVITATION_ACCEPTED),
            InvitationStatus::Declined => Err(Failure::INVITATION_DECLINED),
            InvitationStatus::Revoked => Err(Failure::INVITATION_REVOKED),
        }
    }

    /// Returns an error if the invitation was accepted, declined or revoked. An expired invitation is not an error.
    pub fn require_open(&self, now: Timestamp) -> Result<(), Failure> {
        match self.require_pending(now) {
            Err(Failure::INVITATION_EXPIRED) => Ok(()),
            outcome => outcome,
        }
    }

    /// Returns the time of a change that is made now.
    ///
    /// It is later than the time of the last change, even if the clocks of the writers differ.
    pub fn next_change(&self, now: Timestamp) -> Timestamp {
        self.ended_at.unwrap_or(self.created_at).next().max(now)
    }

    /// Returns the invitation in its final state, one version later.
    #[must_use]
    pub fn ended(&self, state: InvitationState, at: Timestamp) -> Self {
        Self { state, version: self.version + 1, ended_at: Some(at), ..self.clone() }
    }

    /// Returns the invitation with a new token, one version later. It is valid for [`Invitation::VALIDITY_PERIOD`] from `at`.
    #[must_use]
    pub fn renewed(&self, token_hash: String, by: Actor, at: Timestamp) -> Self {
        Self {
            token_hash,
            version: self.version + 1,
            state: InvitationState::Pending,
            invited_by: by,
            created_at: at,
            expires_at: at.plus(Self::VALIDITY_PERIOD),
            ended_at: None,
            ..self.clone()
        }
    }
}

impl Failure {
    /// The invitation is unknown, or its token was replaced by a newer one.
    pub const INVITATION_NOT_FOUND: Self =
        Self::new(FailureClass::NotFound, "invitation_not_found", "Invitation not found")
            .with_hint("It is unknown, or the token was replaced by a newer one. Ask for a new invitation.");

    /// The invitation is for another e-mail address than the caller's.
    pub const INVITATION_EMAIL_MISMATCH: Self = Self::new(
        FailureClass::Forbidden,
        "invitation_email_mismatch",
        "Access denied. The invitation is for another e-mail address",
    )
    .with_hint("Sign in with the address that was invited.");

    /// The caller's access token has no verified e-mail address.
    pub const EMAIL_NOT_VERIFIED: Self = Self::new(
        FailureClass::Forbidden,
        "email_not_verified",
        "Access denied. The access token has no verified e-mail address",
    )
    .with_hint("Verify your e-mail address with your identity provider, then get a new token.");

    /// The invitation has expired.
    pub const INVITATION_EXPIRED: Self =
        Self::new(FailureClass::Conflict, "invitation_expired", "The invitation has expired")
            .with_hint("Ask for it to be sent again.");

    /// The invitation was revoked.
    pub const INVITATION_REVOKED: Self =
        Self::new(FailureClass::Conflict, "invitation_revoked", "The invitation was revoked");

    /// The invitation was declined.
    pub const INVITATION_DECLINED: Self =
        Self::new(FailureClass::Conflict, "invitation_declined", "The invitation was declined");

    /// The invitation was already accepted.
    pub const INVITATION_ACCEPTED: Self =
        Self::new(FailureClass::Conflict, "invitation_accepted", "The invitation was accepted already");
}
