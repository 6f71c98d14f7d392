//! Invitations: how people come into an organization.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Actor, Class, Email, Failure, Id, OrganizationId, Role, Timestamp};

/// Names an invitation: a UUIDv5 of organization and e-mail, so there is one for each.
pub type InvitationId = Id<Invitation>;

impl InvitationId {
    /// The id of the invitation of an e-mail into an organization.
    pub fn of(organization: OrganizationId, email: &Email) -> Self {
        Self::new(Uuid::new_v5(&organization.uuid(), email.as_str().as_bytes()))
    }
}

/// That someone is asked to join an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// The organization.
    pub organization: OrganizationId,
    /// Grows by one with every write.
    pub version: u64,
    /// Who is asked.
    pub email: Email,
    /// As what they would join: never as the owner.
    pub role: Role,
    /// What became of it.
    pub state: InvitationState,
    /// SHA-256 of its token: the token itself is shown once and kept nowhere.
    pub token_hash: String,
    /// Who invited them last.
    pub invited_by: Actor,
    /// When they were invited last.
    pub created_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
    /// When it came to its end; `None` while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

/// What became of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvitationState {
    /// Nothing yet.
    Pending,
    /// They joined.
    Accepted,
    /// They do not want to.
    Declined,
    /// They are not asked any more.
    Revoked,
}

/// What an invitation is worth at some instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationStatus {
    /// It can be accepted.
    Pending,
    /// Its time is over.
    Expired,
    /// They joined.
    Accepted,
    /// They do not want to.
    Declined,
    /// They are not asked any more.
    Revoked,
}

impl InvitationStatus {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Expired, Self::Accepted, Self::Declined, Self::Revoked];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Expired => "expired",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Revoked => "revoked",
        }
    }

    /// The status of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

impl Invitation {
    /// How long it can be accepted.
    pub const VALID: Duration = Duration::from_secs(7 * 24 * 60 * 60);

    /// What it is worth at that instant: it expires without a write.
    pub fn status(&self, now: Timestamp) -> InvitationStatus {
        match self.state {
            InvitationState::Pending if self.expires_at <= now => InvitationStatus::Expired,
            InvitationState::Pending => InvitationStatus::Pending,
            InvitationState::Accepted => InvitationStatus::Accepted,
            InvitationState::Declined => InvitationStatus::Declined,
            InvitationState::Revoked => InvitationStatus::Revoked,
        }
    }

    /// Fails unless it can be accepted at that instant.
    pub fn require_pending(&self, now: Timestamp) -> Result<(), Failure> {
        match self.status(now) {
            InvitationStatus::Pending => Ok(()),
            InvitationStatus::Expired => Err(Failure::INVITATION_EXPIRED),
            InvitationStatus::Accepted => Err(Failure::INVITATION_ACCEPTED),
            InvitationStatus::Declined => Err(Failure::INVITATION_DECLINED),
            InvitationStatus::Revoked => Err(Failure::INVITATION_REVOKED),
        }
    }

    /// Fails if it has come to its end, other than by time.
    pub fn require_open(&self, now: Timestamp) -> Result<(), Failure> {
        match self.require_pending(now) {
            Err(Failure::INVITATION_EXPIRED) => Ok(()),
            outcome => outcome,
        }
    }

    /// The instant of a change that is made now: later than the last one, whatever the clocks of those who wrote it said.
    pub fn next_change(&self, now: Timestamp) -> Timestamp {
        self.ended_at.unwrap_or(self.created_at).next().max(now)
    }

    /// The same at its end, a version later.
    #[must_use]
    pub fn ended(&self, state: InvitationState, at: Timestamp) -> Self {
        Self { state, version: self.version + 1, ended_at: Some(at), ..self.clone() }
    }

    /// The same with another token, a version later: valid from that instant on anew.
    #[must_use]
    pub fn renewed(&self, token_hash: String, by: Actor, at: Timestamp) -> Self {
        Self {
            token_hash,
            version: self.version + 1,
            state: InvitationState::Pending,
            invited_by: by,
            created_at: at,
            expires_at: at.plus(Self::VALID),
            ended_at: None,
            ..self.clone()
        }
    }
}

impl Failure {
    /// The invitation is unknown, or the token is not its newest.
    pub const INVITATION_NOT_FOUND: Self =
        Self::new(Class::NotFound, "invitation_not_found", "Invitation not found")
            .with_hint("It is unknown, or the token was replaced by a newer one. Ask for a new invitation.");

    /// The invitation is for another e-mail than the caller's.
    pub const INVITATION_EMAIL_MISMATCH: Self = Self::new(
        Class::Forbidden,
        "invitation_email_mismatch",
        "Access denied. The invitation is for another e-mail address",
    )
    .with_hint("Sign in with the address that was invited.");

    /// The caller's token has no verified e-mail.
    pub const EMAIL_NOT_VERIFIED: Self = Self::new(
        Class::Forbidden,
        "email_not_verified",
        "Access denied. The access token has no verified e-mail address",
    )
    .with_hint("Verify your e-mail address with your identity provider, then get a new token.");

    /// The time to accept the invitation is over.
    pub const INVITATION_EXPIRED: Self =
        Self::new(Class::Conflict, "invitation_expired", "The invitation has expired")
            .with_hint("Ask for it to be sent again.");

    /// The invitation was revoked.
    pub const INVITATION_REVOKED: Self =
        Self::new(Class::Conflict, "invitation_revoked", "The invitation was revoked");

    /// The invitation was declined.
    pub const INVITATION_DECLINED: Self =
        Self::new(Class::Conflict, "invitation_declined", "The invitation was declined");

    /// The invitation was accepted.
    pub const INVITATION_ACCEPTED: Self =
        Self::new(Class::Conflict, "invitation_accepted", "The invitation was accepted already");
}
