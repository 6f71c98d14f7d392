//! `POST /organizations/{organizationId}/members/invite-bulk`: many are asked to join, each for themselves.

use std::collections::HashMap;

use padron_domain::{Email, Error, Failure, Invitation, InvitationId, Role};
use padron_dto::IssuedInvitation;
use padron_http::{Admin, Context, Endpoint, Json, Member, MultiStatus, Object, Route, shape};
use padron_store::{Action, Store};
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
/// How often an invitation is decided anew when it changes meanwhile.
const MOST_RELOADS: usize = 3;

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
        let admin = admin.into_member();
        let organization = admin.organization().id;
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
                    invite(cx, &admin, before, email, role).await
                }
            };
            let outcome = match outcome {
                // What goes wrong for all of them is no matter of one: sent again, the request invites the same people. So is a
                // change of the admin's own role, which is found when the request is decided anew.
                Err(error) if is_of_all(&error) => return Err(error),
                outcome => outcome,
            };
            results.push(InvitationResult::new(index, outcome));
        }
        Ok(MultiStatus(InvitationResults { results }))
    }
}

fn is_of_all(error: &Error) -> bool {
    matches!(error.failure(), Failure::ConcurrentChange | Failure::Unavailable | Failure::Internal)
}

async fn invite(
    cx: &Context<'_>,
    admin: &Member,
    mut before: Option<Invitation>,
    email: Email,
    role: Role,
) -> Result<IssuedInvitation, Error> {
    let organization = admin.organization().id;
    let mut reloads = 0;
    loop {
        let invitee = (email.clone(), role);
        let issue = Issue::new(cx, admin.principal(), organization, before.as_ref(), invitee)?;
        let change =
            cx.store().invite(before.as_ref(), &issue.invitation, admin.membership(), &issue.event)?;
        match change.commit().await.map_err(Error::from) {
            Ok(()) => return Ok(issue.answer(cx)),
            Err(error) if error.failure() == Failure::ConcurrentChange && reloads < MOST_RELOADS => {
                reloads += 1;
                before = cx.store().invitations_by_id(organization, &[issue.invitation.id]).await?.pop();
            }
            Err(error) => return Err(error),
        }
    }
}
