//! Issuing invitations and their tokens, for all endpoints that invite.

use padron_auth::Principal;
use padron_domain::{
    Email, Error, Event, EventData, Invitation, InvitationId, InvitationState, OrganizationId, Role,
};
use padron_dto::{AssignableRole, InvitationResponse, IssuedInvitation};
use padron_http::Context;
use padron_store::InvitationToken;
use schemars::JsonSchema;
use serde::Deserialize;

/// A new invitation.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// The e-mail address of the person to invite.
    #[schemars(extend("format" = "email", "maxLength" = Email::MAX_LENGTH))]
    email: String,
    /// The role that the person will have in the organization: `admin` or `member`.
    role: AssignableRole,
}

impl NewInvitation {
    /// Returns the e-mail address and role of the invited person. Fails if the e-mail address is invalid.
    pub(crate) fn invitee(&self) -> Result<Invitee, Error> {
        let email = Email::parse(&self.email).ok_or_else(|| {
            let detail =
                "An e-mail address such as name@example.com, without letters that only look like others.";
            Error::invalid("/email", "invalid_format", detail)
        })?;
        Ok(Invitee { email, role: self.role.into() })
    }
}

/// The invited person: their e-mail address, and the role that they will have.
#[derive(Clone, Debug)]
pub(crate) struct Invitee {
    /// The e-mail address, in the form in which addresses are compared.
    pub(crate) email: Email,
    /// The role that the person will have in the organization.
    pub(crate) role: Role,
}

/// An invitation to be written, with the event and the token that belong to it.
pub(crate) struct IssuedToken {
    pub(crate) invitation: Invitation,
    pub(crate) event: Event,
    token: InvitationToken,
}

impl IssuedToken {
    /// Creates an invitation. If `before` is an earlier invitation of the same address, it is renewed with a new token, and its old token
    /// becomes invalid.
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
        let event = cx.event(by, organization, created).at_or_after(at);
        Ok(Self { invitation, event, token })
    }

    /// Renews an invitation with a new token. Its old token becomes invalid.
    pub(crate) fn again(cx: &Context<'_>, by: &Principal, before: &Invitation) -> Result<Self, Error> {
        let token = InvitationToken::new(before.organization, before.id)?;
        let at = before.next_change(cx.now());
        let invitation = before.renewed(token.hash(), before.invited_by, at);
        let resent = EventData::InviteResent { invitation_id: before.id };
        let event = cx.event(by, before.organization, resent).at_or_after(at);
        Ok(Self { invitation, event, token })
    }

    /// Returns the issued invitation for the response. No other response contains the token.
    pub(crate) fn response(&self, cx: &Context<'_>) -> IssuedInvitation {
        IssuedInvitation {
            invitation: InvitationResponse::new(self.invitation.clone(), cx.now()),
            token: self.token.text().to_owned(),
            accept_url: cx.options().accept_url(self.token.text()),
        }
    }
}
