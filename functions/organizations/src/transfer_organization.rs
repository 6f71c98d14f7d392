//! `POST /organizations/{organizationId}/transfer`: another member becomes the owner, the owner an admin.

use padron_domain::{Error, Failure, Happening, Membership, OrganizationId, UserId};
use padron_dto::OrganizationResponse;
use padron_http::{Context, Endpoint, Input, Json, Owner, Request, Route, Target, Versioned, Written};
use padron_store::{Action, Found, Key, Store};
use schemars::JsonSchema;
use serde::Deserialize;

/// Transfers an organization.
#[derive(Debug)]
pub struct TransferOrganization;

/// To whom.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Transfer {
    /// UUID of a member.
    #[schemars(with = "String", extend("format" = "uuid"))]
    user_id: UserId,
}

/// The member whom the body names.
#[derive(Debug)]
pub struct NewOwner(Membership);

impl Target for NewOwner {
    const FAILURES: &'static [Failure] = <Membership as Target>::FAILURES;

    type Name = UserId;

    fn name(request: &Request<'_>) -> Result<UserId, Error> {
        let Json(Transfer { user_id }) = Json::decode(request)?;
        Ok(user_id)
    }

    fn key(user: &UserId, organization: OrganizationId) -> Option<Key> {
        Membership::key(user, organization)
    }

    fn find(user: UserId, organization: OrganizationId, found: &mut Found) -> Result<Self, Error> {
        Membership::find(user, organization, found).map(Self)
    }
}

impl Endpoint for TransferOrganization {
    const ROUTE: Route = Route::post("transfer-organization", "/organizations/{organizationId}/transfer");
    const SUMMARY: &'static str = "Make another member the owner; the owner becomes an admin";
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::AlreadyOwner, Failure::PreconditionFailed]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::CLOSE_ORGANIZATION];
    type Access = Owner<NewOwner>;
    type Input = Json<Transfer>;
    type Output = Written<Versioned<OrganizationResponse>>;

    async fn handle(
        cx: &Context<'_>,
        owner: Owner<NewOwner>,
        _: Json<Transfer>,
    ) -> Result<Self::Output, Error> {
        let (owner, NewOwner(successor)) = owner.into_member().with_target()?;
        let mut organization = owner.organization().clone();
        cx.require_version(organization.version)?;
        let (from, to) = (owner.membership().user, successor.user);
        if from == to {
            return Err(Failure::AlreadyOwner.into());
        }
        organization.owner = to;
        let now = cx.now();
        organization.touch(owner.membership().next_change(now).max(successor.next_change(now)));
        let event =
            cx.event(owner.principal(), organization.id, Happening::OrganizationTransferred { from, to });
        let event = event.not_before(organization.updated_at);
        let change =
            cx.store().transfer_organization(&organization, owner.membership(), &successor, &event)?;
        let answer = Versioned {
            version: organization.version,
            body: OrganizationResponse::new(organization, cx.now()),
        };
        cx.commit(change, answer).await
    }
}
