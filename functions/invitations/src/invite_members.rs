//! `POST /organizations/{organizationId}/members/invite-bulk`: many are asked to join, each for themselves.

use std::collections::HashMap;

use padron_auth::Principal;
use padron_domain::{Email, Error, Failure, Invitation, InvitationId, Membership, Role};
use padron_dto::IssuedInvitation;
use padron_http::{Admin, Context, Endpoint, Json, MultiStatus, Object, Route, shape};
use padron_store::{Action, Key, Store};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::issue::{Issue, NewInvitation};

/// Invites many.
#[derive(Debug)]
pub struct InviteMembers;

/// Whom to invite.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvitations {
    /// 1 to 50.
    #[schemars(length(min = 1, max = 50))]
    invitations: Vec<Object<NewInvitation>>,
}

const MOST: usize = 50;

/// What came of it, in the order of the request.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InvitationResults {
    /// One for each.
    results: Vec<InvitationResult>,
}

/// What came of one of them.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InvitationResult {
    /// Its place in the request, from 0 on.
    index: usize,
    /// The status that it would have been answered alone: 201, or what went wrong.
    status: u16,
    /// The invitation.
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<IssuedInvitation>,
    /// Stable code of what went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl InvitationResult {
    fn is_failed(&self) -> bool {
        self.invitation.is_none()
    }

    fn new(index: usize, outcome: Result<IssuedInvitation, Error>) -> Self {
        match outcome {
            Ok(invitation) => {
                Self { index, status: 201, invitation: Some(invitation), code: None, detail: None }
            }
            Err(error) => {
                let shape = shape(error.failure());
                let detail = match error.violations() {
                    [violation, ..] => violation.detail.clone(),
                    [] => shape.detail.unwrap_or(shape.message).to_owned(),
                };
                Self {
                    index,
                    status: shape.status,
                    invitation: None,
                    code: Some(shape.code),
                    detail: Some(detail),
                }
            }
        }
    }
}

impl Endpoint for InviteMembers {
    const ROUTE: Route = Route::post("invite-members", "/organizations/{organizationId}/members/invite-bulk");
    const SUMMARY: &'static str = "Invite up to fifty by e-mail, each as if alone";
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::ConcurrentChange]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::INVITE, Store::INVITATIONS_BY_ID];
    type Access = Admin;
    type Input = Json<NewInvitations>;
    type Output = MultiStatus<InvitationResults>;

    async fn handle(
        cx: &Context<'_>,
        admin: Admin,
        Json(NewInvitations { invitations }): Json<NewInvitations>,
    ) -> Result<Self::Output, Error> {
        if invitations.is_empty() || invitations.len() > MOST {
            return Err(Error::invalid("/invitations", "invalid_length", "1 to 50 invitations."));
        }
        let organization = admin.organization().id;
        let mut inviter =
            Inviter { principal: admin.principal().clone(), membership: admin.membership().clone() };
        let invitees: Vec<Result<(Email, Role), Error>> =
            invitations.iter().map(|Object(new)| new.invitee()).collect();
        let ids = invitees.iter().flatten().map(|(email, _)| InvitationId::of(organization, email));
        let mut ids: Vec<InvitationId> = ids.collect();
        ids.sort_unstable_by_key(|id| id.uuid());
        ids.dedup();
        let mut earlier = HashMap::new();
        if !ids.is_empty() {
            let found = cx.store().invitations_by_id(organization, &ids).await?;
            earlier.extend(found.into_iter().map(|invitation| (invitation.id.uuid(), invitation)));
        }
        let mut results = Vec::with_capacity(invitees.len());
        let mut invited = Vec::with_capacity(invitees.len());
        // One after the other: each depends on the admin's own membership, where they would only wait for each other.
        for (index, invitee) in invitees.into_iter().enumerate() {
            let outcome = match invitee {
                Err(error) => Err(error),
                Ok((email, _)) if invited.contains(&email) => {
                    let detail = "The same address stands further up in this request.";
                    Err(Error::invalid("/email", "duplicate", detail))
                }
                Ok((email, role)) => {
                    invited.push(email.clone());
                    let before = earlier.remove(&InvitationId::of(organization, &email).uuid());
                    invite(cx, &mut inviter, before, email, role).await
                }
            };
            let outcome = match outcome {
                // Where nothing was written yet, what is in the way of all is the answer to the request. Later, the tokens of those
                // who were invited must be answered, so it is the answer to the rest.
                Err(error) if results.iter().all(InvitationResult::is_failed) && is_of_all(&error) => {
                    return Err(error);
                }
                outcome => outcome,
            };
            results.push(InvitationResult::new(index, outcome));
        }
        Ok(MultiStatus(InvitationResults { results }))
    }
}

/// Whether it is no matter of one invitation.
fn is_of_all(error: &Error) -> bool {
    matches!(
        error.failure(),
        Failure::ConcurrentChange | Failure::InsufficientRole | Failure::Unavailable | Failure::Internal
    )
}

/// Who invites, as they were read last.
struct Inviter {
    principal: Principal,
    membership: Membership,
}

impl Inviter {
    /// Reads what an invitation depends on once more: the inviter's membership, and the invitation itself.
    async fn read_again(&mut self, cx: &Context<'_>, id: InvitationId) -> Result<Option<Invitation>, Error> {
        let (organization, user) = (self.membership.organization, self.membership.user);
        let key = Key::invitation(organization, id);
        let mut access = cx.store().organization_access(organization, user, [key]).await?;
        let is_active = access.organization.is_some_and(|organization| organization.deleted_at.is_none());
        let membership = access.membership.filter(|membership| is_active && membership.role >= Role::Admin);
        self.membership = membership.ok_or(Failure::InsufficientRole)?;
        access.others.invitation(organization, id)
    }
}

async fn invite(
    cx: &Context<'_>,
    inviter: &mut Inviter,
    mut before: Option<Invitation>,
    email: Email,
    role: Role,
) -> Result<IssuedInvitation, Error> {
    let organization = inviter.membership.organization;
    let mut retries = cx.retries();
    loop {
        let invitee = (email.clone(), role);
        let issue = Issue::new(cx, &inviter.principal, organization, before.as_ref(), invitee)?;
        let change =
            cx.store().invite(before.as_ref(), &issue.invitation, &inviter.membership, &issue.event)?;
        match change.commit().await.map_err(Error::from) {
            Ok(()) => return Ok(issue.answer(cx)),
            Err(error) if error.is_retryable() && retries.wait().await => {
                before = inviter.read_again(cx, issue.invitation.id).await?;
            }
            Err(error) => return Err(error.without_retry()),
        }
    }
}
