//! `POST /organizations/{organizationId}/members/invite-bulk`: many are asked to join, each for themselves.

use std::collections::HashMap;

use padron_domain::{Error, Failure, Invitation, InvitationId};
use padron_dto::IssuedInvitation;
use padron_http::{Admin, Context, Endpoint, Json, MultiStatus, Object, Route, status};
use padron_store::{Action, Key, Store};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::issuance::{Invitee, Issuance, NewInvitation};

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

const MAX_INVITATIONS: usize = 50;

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
                let failure = error.failure();
                let detail = match error.violations() {
                    [violation, ..] => violation.detail.clone(),
                    [] => failure.detail().to_owned(),
                };
                Self {
                    index,
                    status: status(failure),
                    invitation: None,
                    code: Some(failure.code()),
                    detail: Some(detail),
                }
            }
        }
    }
}

impl Endpoint for InviteMembers {
    const ROUTE: Route = Route::post("invite-members", "/organizations/{organizationId}/members/invite-bulk");
    const SUMMARY: &'static str = "Invite up to fifty by e-mail, each as if alone";
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::CONCURRENT_CHANGE]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::INVITE, Store::INVITATIONS_BY_ID];
    type Access = Admin;
    type Input = Json<NewInvitations>;
    type Output = MultiStatus<InvitationResults>;

    async fn handle(
        cx: &Context<'_>,
        mut admin: Admin,
        Json(NewInvitations { invitations }): Json<NewInvitations>,
    ) -> Result<Self::Output, Error> {
        if invitations.is_empty() || invitations.len() > MAX_INVITATIONS {
            return Err(Error::invalid("/invitations", "invalid_length", "1 to 50 invitations."));
        }
        let organization = admin.organization().id;
        let invitees: Vec<Result<Invitee, Error>> =
            invitations.iter().map(|Object(new)| new.invitee()).collect();
        let ids = invitees.iter().flatten().map(|invitee| InvitationId::of(organization, &invitee.email));
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
                Ok(Invitee { email, .. }) if invited.contains(&email) => {
                    let detail = "The same address stands further up in this request.";
                    Err(Error::invalid("/email", "duplicate", detail))
                }
                Ok(invitee) => {
                    invited.push(invitee.email.clone());
                    let id = InvitationId::of(organization, &invitee.email);
                    let before = earlier.remove(&id.uuid());
                    invite(cx, &mut admin, before, invitee).await
                }
            };
            let outcome = match outcome {
                // Where nothing was written yet, what is in the way of all is the answer to the request. Later, the tokens of those
                // who were invited must be answered, so it is the answer to the rest.
                Err(error) if results.iter().all(InvitationResult::is_failed) && is_request_wide(&error) => {
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
fn is_request_wide(error: &Error) -> bool {
    matches!(
        error.failure(),
        Failure::CONCURRENT_CHANGE | Failure::INSUFFICIENT_ROLE | Failure::UNAVAILABLE | Failure::INTERNAL
    )
}

async fn invite(
    cx: &Context<'_>,
    admin: &mut Admin,
    mut before: Option<Invitation>,
    invitee: Invitee,
) -> Result<IssuedInvitation, Error> {
    let organization = admin.organization().id;
    let mut retries = cx.retries();
    loop {
        let issuance = Issuance::new(cx, admin.principal(), organization, before.as_ref(), invitee.clone())?;
        let change =
            cx.store().invite(before.as_ref(), &issuance.invitation, admin.authority(), &issuance.event)?;
        match change.commit().await.map_err(Error::from) {
            Ok(()) => return Ok(issuance.answer(cx)),
            Err(error) if error.is_retryable() && retries.wait().await => {
                let id = issuance.invitation.id;
                let mut items = admin.read_again(cx, Key::invitation(organization, id).into()).await?;
                before = items.invitation(organization, id)?;
            }
            Err(error) => return Err(error.without_retry()),
        }
    }
}
