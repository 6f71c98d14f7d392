//! What inviting one person and inviting many have in common.

use padron_auth::Principal;
use padron_domain::{
    Email, Error, Event, EventData, Invitation, InvitationId, InvitationState, OrganizationId, Role,
};
use padron_dto::{AssignableRole, InvitationResponse, IssuedInvitation};
use padron_http::Context;
use padron_store::InvitationToken;
use schemars::JsonSchema;
use serde::Deserialize;

/// Whom to invite.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// Their e-mail address.
    #[schemars(extend("format" = "email", "maxLength" = Email::MAX_LENGTH))]
    email: String,
    /// `admin` or `member`.
    role: AssignableRole,
}

impl NewInvitation {
    /// Returns who is invited. Fails if the e-mail address is invalid.
    pub(crate) fn invitee(&self) -> Result<Invitee, Error> {
        let email = Email::parse(&self.email).ok_or_else(|| {
            let detail =
                "An e-mail address such as name@example.com, without letters that only look like others.";
            Error::invalid("/email", "invalid_format", detail)
        })?;
        Ok(Invitee { email, role: self.role.into() })
    }
}

/// Who is invited, and in which role.
#[derive(Clone, Debug)]
pub(crate) struct Invitee {
    /// The address, in the form that is compared.
    pub(crate) email: Email,
    /// The role that they will have.
    pub(crate) role: Role,
}

/// An invitation to be written, and what it takes to show it.
pub(crate) struct Issuance {
    pub(crate) invitation: Invitation,
    pub(crate) event: Event,
    token: InvitationToken,
}

impl Issuance {
    /// A first invitation, or one over that which was there before: with another token, the old one dead.
    pub(crate) fn new(
        cx: &Context<'_>,
        by: &Principal,
        organization: OrganizationId,
        before: Option<&Invitation>,
        Invitee { email, role }: Invitee,
    ) -> Result<Self, Error> {
        let id = InvitationId::of(organization, &email);
        let at = before.map_or(cx.now(), |before| before.next_change(cx.now()));
        let token = InvitationToken::new(organization, id)?;
        let first = Invitation {
            id,
            organization,
            version: 0,
            email,
            role,
            state: InvitationState::Pending,
            token_hash: String::new(),
            invited_by: by.actor(),
            created_at: at,
            expires_at: at,
            ended_at: None,
        };
        let base = before.map_or(first, |before| Invitation { role, ..before.clone() });
        let invitation = base.renewed(token.hash(), by.actor(), at);
        let created = EventData::InviteCreated { invitation_id: id, role };
        let event = cx.event(by, organization, created).not_before(at);
        Ok(Self { invitation, event, token })
    }

    /// The same invitation with another token, the old one dead.
    pub(crate) fn again(cx: &Context<'_>, by: &Principal, before: &Invitation) -> Result<Self, Error> {
        let token = InvitationToken::new(before.organization, before.id)?;
        let at = before.next_change(cx.now());
        let invitation = before.renewed(token.hash(), before.invited_by, at);
        let resent = EventData::InviteResent { invitation_id: before.id };
        let event = cx.event(by, before.organization, resent).not_before(at);
        Ok(Self { invitation, event, token })
    }

    /// The one answer that shows the token.
    pub(crate) fn answer(&self, cx: &Context<'_>) -> IssuedInvitation {
        IssuedInvitation {
            invitation: InvitationResponse::new(self.invitation.clone(), cx.now()),
            token: self.token.text().to_owned(),
            accept_url: cx.options().accept_url(self.token.text()),
        }
    }
}
