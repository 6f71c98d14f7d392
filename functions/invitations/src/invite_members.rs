//! The endpoint `POST /organizations/{organizationId}/members/invite-bulk`, which invites several people independently of each other.

use std::collections::HashMap;

use padron_auth::TOKEN_REVOKED;
use padron_domain::{Error, Failure, Invitation, InvitationId, Scope};
use padron_dto::IssuedInvitation;
use padron_http::{Admin, Context, Endpoint, Json, MultiStatus, Object, Route, status};
use padron_store::{Action, Key, Store};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::issuance::{Invitee, IssuedToken, NewInvitation};

/// The endpoint that invites several people.
#[derive(Debug)]
pub struct InviteMembers;

/// The invitations of a bulk request.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvitations {
    /// The invitations, 1 to 50.
    #[schemars(length(min = 1, max = 50))]
    invitations: Vec<Object<NewInvitation>>,
}

const MAX_INVITATIONS: usize = 50;

/// The results of a bulk request.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InvitationResults {
    /// One result for each invitation, in the order of the request.
    results: Vec<InvitationResult>,
}

/// The result of one invitation of a bulk request.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InvitationResult {
    /// The position of the invitation in the request, starting at 0.
    index: usize,
    /// The HTTP status that the invitation would have had in a request of its own: 201, or the status of the failure.
    status: u16,
    /// The issued invitation. Absent if it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<IssuedInvitation>,
    /// The stable code of the failure. Absent if the person was invited.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// What to do about the failure. Absent if the person was invited.
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
                Self {
                    index,
                    status: status(failure),
                    invitation: None,
                    code: Some(failure.code()),
                    detail: Some(error.advice().to_owned()),
                }
            }
        }
    }
}

impl Endpoint for InviteMembers {
    const ROUTE: Route = Route::post("invite-members", "/organizations/{organizationId}/members/invite-bulk");
    const SUMMARY: &'static str = "Invites up to fifty people by e-mail, independently of each other";
    const SCOPE: Option<Scope> = Some(Scope::WriteMembers);
    const ACCEPTS_KEYS: bool = true;
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
        // The invitations are written one after the other. Each transaction has a condition on the admin's own membership, so parallel
        // ones would only wait for each other.
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
                // As long as nothing was written, a failure that concerns all invitations is the response to the request. Later, the
                // response must contain the tokens of those who were invited, so the failure becomes the result of each remaining
                // invitation.
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

/// Returns whether a failure concerns the whole request and not only one invitation.
fn is_request_wide(error: &Error) -> bool {
    matches!(
        error.failure(),
        Failure::CONCURRENT_CHANGE
            | Failure::INSUFFICIENT_ROLE
            | Failure::INSUFFICIENT_SCOPE
            | TOKEN_REVOKED
            | Failure::UNAVAILABLE
            | Failure::INTERNAL
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
        let issuance =
            IssuedToken::new(cx, admin.principal(), organization, before.as_ref(), invitee.clone())?;
        let transaction =
            cx.store().invite(before.as_ref(), &issuance.invitation, admin.authority(), &issuance.event)?;
        match transaction.commit().await.map_err(Error::from) {
            Ok(()) => return Ok(issuance.response(cx)),
            Err(error) if error.is_retryable() && retries.wait().await => {
                let id = issuance.invitation.id;
                let mut items = admin.read_again(cx, Key::invitation(organization, id).into()).await?;
                before = items.invitation(organization, id)?;
            }
            Err(error) => return Err(error.without_retry()),
        }
    }
}
