//! `GET /organizations/{organizationId}/customers/external/{externalId}`: a customer by its id in the caller's own system.

use padron_domain::{Customer, Error, Failure, OrganizationId, trim};
use padron_dto::customer::timbrix::CustomerResponse;
use padron_http::{Context, Endpoint, Member, NoInput, Request, Route, Target, Versioned};
use padron_store::{Action, Found, Key, Store};

use crate::named::without_lost_parent;

/// Reads a customer by its external id.
#[derive(Debug)]
pub struct GetCustomerByExternalId;

/// Where the external id leads.
#[derive(Debug)]
pub struct ExternalId(padron_domain::CustomerNumber);

fn external_id<'r>(request: &'r Request<'_>) -> Result<&'r str, Error> {
    let id = trim(request.path_parameter("externalId").unwrap_or_default());
    if (1..=Customer::LONGEST_EXTERNAL_ID).contains(&id.chars().count()) {
        return Ok(id);
    }
    Err(Error::invalid("/path/externalId", "invalid_length", "An external id has 1 to 40 characters."))
}

impl Target for ExternalId {
    const FAILURES: &'static [Failure] = &[Failure::CustomerNotFound];

    type Name = String;

    fn name(request: &Request<'_>) -> Result<String, Error> {
        external_id(request).map(ToOwned::to_owned)
    }

    fn key(external_id: &String, organization: OrganizationId) -> Option<Key> {
        Some(Key::external_id(organization, external_id))
    }

    fn find(external_id: String, organization: OrganizationId, found: &mut Found) -> Result<Self, Error> {
        found
            .external_id(organization, &external_id)?
            .map(Self)
            .ok_or_else(|| Failure::CustomerNotFound.into())
    }
}

impl Endpoint for GetCustomerByExternalId {
    const ROUTE: Route = Route::get(
        "get-customer-by-external-id",
        "/organizations/{organizationId}/customers/external/{externalId}",
    );
    const SUMMARY: &'static str = "A customer, by its external id";
    const ACTIONS: &'static [&'static [Action]] = &[Store::CUSTOMER, Store::CUSTOMER_RELATIVES];
    type Access = Member<ExternalId>;
    type Input = NoInput;
    type Output = Versioned<CustomerResponse>;

    async fn handle(cx: &Context<'_>, member: Member<ExternalId>, _: NoInput) -> Result<Self::Output, Error> {
        let external_id = external_id(cx.request)?;
        let (member, ExternalId(number)) = member.with_target()?;
        let customer = cx.store().customer(member.organization().id, number).await?;
        let customer = customer.filter(|customer| customer.external_id.as_deref() == Some(external_id));
        let customer = customer.ok_or(Failure::CustomerNotFound)?;
        let customer = without_lost_parent(cx, customer).await?;
        Ok(Versioned { version: customer.version, body: customer.into() })
    }
}
