//! What accepting and declining have in common: the invitation that the body names, and the proof that it is the caller's.

use padron_domain::{
    Email, Error, Failure, Invitation, InvitationId, Membership, Organization, OrganizationId,
};
use padron_http::{Context, SignedIn};
use padron_store::InvitationToken;
use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde_json::json;

/// Which invitation: by its token, or by its ids.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(transform = one_way)]
pub struct InvitationReply {
    /// The token that came with it.
    #[serde(default)]
    #[schemars(extend("pattern" = InvitationToken::PATTERN))]
    token: Option<String>,
    /// UUID of the organization, with `invitationId`.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "uuid"))]
    organization_id: Option<OrganizationId>,
    /// Id of the invitation, from the caller's list.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "uuid"))]
    invitation_id: Option<InvitationId>,
}

/// An invitation is named in one of two ways: what belongs to the other is left out, or `null`.
fn one_way(schema: &mut Schema) {
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

/// How naming an invitation of one's own can fail.
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

/// An open invitation of the caller's.
pub(crate) struct PendingInvitation {
    pub(crate) invitation: Invitation,
    pub(crate) organization: Organization,
    /// If they are a member already, by another way.
    pub(crate) membership: Option<Membership>,
}

impl InvitationReply {
    /// Finds it, and makes sure that the caller is who is asked, and that it can be answered still.
    pub(crate) async fn find(self, cx: &Context<'_>, caller: &SignedIn) -> Result<PendingInvitation, Error> {
        let (organization, invitation, token) = self.named()?;
        let user = caller.user();
        let email = user.email.as_deref().ok_or(Failure::EMAIL_NOT_VERIFIED)?;
        let found = cx.store().invitation_access(organization, invitation, user.id).await?;
        // A token that is not the newest, or was tampered with, is like one of an invitation that never was.
        let is_proven = |invitation: &Invitation| token.as_ref().is_none_or(|token| token.proves(invitation));
        let invitation = found.invitation.filter(is_proven).ok_or(Failure::INVITATION_NOT_FOUND)?;
        if Email::parse(email).as_ref() != Some(&invitation.email) {
            // Ids can be computed from an organization and an address: to whoever has not got the token, an invitation of someone
            // else is like one that never was.
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
