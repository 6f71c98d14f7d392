//! The invitation that a request to accept or decline names, and the check that it is addressed to the caller.

use padron_domain::{
    Email, Error, Failure, Invitation, InvitationId, Membership, Organization, OrganizationId,
};
use padron_http::{Context, SignedIn};
use padron_store::InvitationToken;
use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde_json::json;

/// The invitation to accept or decline, named by its token or by its ids.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(transform = require_token_or_ids)]
pub struct InvitationReply {
    /// The token that was delivered with the invitation.
    #[serde(default)]
    #[schemars(extend("pattern" = InvitationToken::PATTERN))]
    token: Option<String>,
    /// The id of the organization, a UUID. It is sent together with `invitationId`.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "uuid"))]
    organization_id: Option<OrganizationId>,
    /// The id of the invitation, a UUID, from the list of the caller's invitations. It is sent together with `organizationId`.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "uuid"))]
    invitation_id: Option<InvitationId>,
}

/// Adds to the schema that an invitation is named in exactly one of two ways. The fields of the other way are left out or `null`.
fn require_token_or_ids(schema: &mut Schema) {
    let (nothing, text) = (json!({ "type": "null" }), json!({ "type": "string" }));
    let by_token = json!({
        "properties": { "token": text, "organizationId": nothing, "invitationId": nothing }, "required": ["token"],
    });
    let by_ids = json!({
        "properties": { "token": nothing, "organizationId": text, "invitationId": text },
        "required": ["organizationId", "invitationId"],
    });
    schema.insert("oneOf".into(), json!([by_token, by_ids]));
}

/// The failures of [`InvitationReply::find`].
pub(crate) const FAILURES: &[Failure] = &[
    Failure::EMAIL_NOT_VERIFIED,
    Failure::INVITATION_NOT_FOUND,
    Failure::INVITATION_EMAIL_MISMATCH,
    Failure::ORGANIZATION_MISMATCH,
    Failure::ORGANIZATION_NOT_FOUND,
    Failure::INVITATION_EXPIRED,
    Failure::INVITATION_ACCEPTED,
    Failure::INVITATION_DECLINED,
    Failure::INVITATION_REVOKED,
];

/// A pending invitation of the caller.
pub(crate) struct PendingInvitation {
    pub(crate) invitation: Invitation,
    pub(crate) organization: Organization,
    /// The caller's membership in the organization; `None` if they are not a member yet.
    pub(crate) membership: Option<Membership>,
}

impl InvitationReply {
    /// Reads the invitation. Fails if it is not addressed to the caller's verified e-mail address, or can no longer be accepted or
    /// declined.
    pub(crate) async fn find(self, cx: &Context<'_>, caller: &SignedIn) -> Result<PendingInvitation, Error> {
        let (organization, invitation, token) = self.named()?;
        let user = caller.user();
        let email = user.email.as_deref().ok_or(Failure::EMAIL_NOT_VERIFIED)?;
        let found = cx.store().invitation_access(organization, invitation, user.id).await?;
        // A token that was replaced or forged gets the same response as an invitation that does not exist.
        let is_named = |invitation: &Invitation| token.as_ref().is_none_or(|token| token.is_of(invitation));
        let invitation = found.invitation.filter(is_named).ok_or(Failure::INVITATION_NOT_FOUND)?;
        if Email::parse(email).as_ref() != Some(&invitation.email) {
            // The id of an invitation can be computed from an organization and an e-mail address. For a caller without the token, an
            // invitation of someone else is therefore like one that does not exist.
            let failure = match token {
                Some(_) => Failure::INVITATION_EMAIL_MISMATCH,
                None => Failure::INVITATION_NOT_FOUND,
            };
            return Err(failure.into());
        }
        let organization = found.organization.ok_or(Failure::ORGANIZATION_NOT_FOUND)?;
        if user.organization.is_some_and(|bound| bound != organization.id) {
            return Err(Failure::ORGANIZATION_MISMATCH.into());
        }
        invitation.require_pending(cx.now())?;
        Ok(PendingInvitation { invitation, organization, membership: found.membership })
    }

    fn named(self) -> Result<(OrganizationId, InvitationId, Option<InvitationToken>), Error> {
        match (self.token, self.organization_id, self.invitation_id) {
            (Some(token), None, None) => {
                let token = InvitationToken::parse(&token).ok_or_else(|| {
                    Error::invalid("/token", "invalid_format", "Send the token as it came, whole.")
                })?;
                Ok((token.organization(), token.invitation(), Some(token)))
            }
            (None, Some(organization), Some(invitation)) => Ok((organization, invitation, None)),
            _ => Err(Error::invalid(
                "",
                "invalid_combination",
                "Send either `token`, or `organizationId` and `invitationId`.",
            )),
        }
    }
}
