//! The endpoint `POST /organizations/{organizationId}/transfer`, which makes another member the owner and the owner an admin.

use padron_domain::{Error, EventData, Failure, Membership, OrganizationId, Scope, UserId};
use padron_dto::OrganizationResponse;
use padron_http::{Context, Endpoint, Json, NamedResource, Owner, Request, Route, Versioned, Written};
use padron_store::{Action, Items, Key, Read, Store};
use schemars::JsonSchema;
use serde::Deserialize;

/// The endpoint that transfers an organization to another member.
#[derive(Debug)]
pub struct TransferOrganization;

/// A transfer of an organization to another member.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Transfer {
    /// The user id of the member who becomes the owner, a UUID.
    #[schemars(with = "String", extend("format" = "uuid"))]
    user_id: UserId,
}

/// The membership of the new owner, who is named in the body.
#[derive(Debug)]
pub struct NewOwner(Membership);

impl NamedResource<Json<Transfer>> for NewOwner {
    const FAILURES: &'static [Failure] = &[Failure::MEMBER_NOT_FOUND];

    type Name = UserId;

    fn name(_: &Request<'_>, Json(Transfer { user_id }): &Json<Transfer>) -> Result<UserId, Error> {
        Ok(*user_id)
    }

    fn read(user: &UserId, organization: OrganizationId) -> Option<Read> {
        Some(Key::membership(organization, *user).into())
    }

    fn from_items(user: UserId, organization: OrganizationId, items: &mut Items) -> Result<Self, Error> {
        items.membership(organization, user)?.map(Self).ok_or_else(|| Failure::MEMBER_NOT_FOUND.into())
    }
}

impl Endpoint for TransferOrganization {
    const ROUTE: Route = Route::post("transfer-organization", "/organizations/{organizationId}/transfer");
    const SUMMARY: &'static str = "Transfers an organization to another member; the owner becomes an admin";
    const SCOPE: Option<Scope> = Some(Scope::AdminOrganization);
    const ACCEPTS_KEYS: bool = false;
    const FAILURES: &'static [&'static [Failure]] =
        &[&[Failure::ALREADY_OWNER, Failure::PRECONDITION_FAILED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::CHANGE_ORGANIZATION];
    type Access = Owner<NewOwner>;
    type Input = Json<Transfer>;
    type Output = Written<Versioned<OrganizationResponse>>;

    async fn handle(
        cx: &Context<'_>,
        owner: Owner<NewOwner>,
        _: Json<Transfer>,
    ) -> Result<Self::Output, Error> {
        let (owner, NewOwner(successor)) = owner.with_resource()?;
        let mut organization = owner.organization().clone();
        cx.require_version(organization.version)?;
        let previous = owner.membership()?;
        let (from, to) = (previous.user, successor.user);
        if from == to {
            return Err(Failure::ALREADY_OWNER.into());
        }
        organization.owner = to;
        let now = cx.now();
        organization.mark_updated(previous.next_change(now).max(successor.next_change(now)));
        let event =
            cx.event(owner.principal(), organization.id, EventData::OrganizationTransferred { from, to });
        let event = event.at_or_after(organization.updated_at);
        let transaction = cx.store().transfer_organization(&organization, previous, &successor, &event)?;
        let response = Versioned {
            version: organization.version,
            body: OrganizationResponse::new(organization, cx.issuer(), cx.now()),
        };
        cx.commit(transaction, response).await
    }
}
