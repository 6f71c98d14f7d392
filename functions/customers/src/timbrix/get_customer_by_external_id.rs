//! The endpoint `GET /organizations/{organizationId}/customers/external/{externalId}`, which returns a customer by its id in the caller's
//! own system.

use padron_domain::{Customer, CustomerNumber, Error, Failure, OrganizationId, Scope, trim};
use padron_dto::customer::timbrix::CustomerResponse;
use padron_http::{
    Context, Endpoint, Member, NamedResource, NoInput, PathParameter, PathParameterDescription, Request,
    Route, Versioned,
};
use padron_store::{Action, Items, Key, Read, Store};
use serde_json::{Value, json};

use crate::ancestors::read_live_parent;

/// The endpoint that returns a customer by its external id.
#[derive(Debug)]
pub struct GetCustomerByExternalId;

/// The external id of a customer in the path parameter `{externalId}`.
#[derive(Debug)]
pub struct ExternalIdParameter(String);

impl PathParameter for ExternalIdParameter {
    const NAME: &'static str = "externalId";
    const DESCRIPTION: &'static str = "The id of the customer in the caller's own system. An id that contains `/` or `?` is found only by the parameter `externalId` of the list";
    const EXPECTED: &'static str = "An external id has 1 to 40 characters.";
    const VIOLATION: &'static str = "invalid_length";

    fn schema() -> Value {
        json!({ "type": "string", "minLength": 1, "maxLength": Customer::MAX_EXTERNAL_ID_LENGTH })
    }

    fn parse(text: &str) -> Option<Self> {
        let id = trim(text);
        let is_id = (1..=Customer::MAX_EXTERNAL_ID_LENGTH).contains(&id.chars().count());
        is_id.then(|| Self(id.to_owned()))
    }
}

/// The customer with the external id in the path.
#[derive(Debug)]
pub struct CustomerByExternalId {
    external_id: String,
    number: CustomerNumber,
}

impl<I> NamedResource<I> for CustomerByExternalId {
    const PATH: &'static [PathParameterDescription] =
        &[PathParameterDescription::of::<ExternalIdParameter>()];
    const FAILURES: &'static [Failure] = &[Failure::CUSTOMER_NOT_FOUND];

    type Name = ExternalIdParameter;

    fn name(request: &Request<'_>, _: &I) -> Result<ExternalIdParameter, Error> {
        request.parameter()
    }

    fn read(
        ExternalIdParameter(external_id): &ExternalIdParameter,
        organization: OrganizationId,
    ) -> Option<Read> {
        Some(Key::external_id(organization, external_id).into())
    }

    fn from_items(
        ExternalIdParameter(external_id): ExternalIdParameter,
        organization: OrganizationId,
        items: &mut Items,
    ) -> Result<Self, Error> {
        let number = items.external_id(organization, &external_id)?.ok_or(Failure::CUSTOMER_NOT_FOUND)?;
        Ok(Self { external_id, number })
    }
}

impl Endpoint for GetCustomerByExternalId {
    const ROUTE: Route = Route::get(
        "get-customer-by-external-id",
        "/organizations/{organizationId}/customers/external/{externalId}",
    );
    const SUMMARY: &'static str = "Returns a customer by its external id";
    const SCOPE: Option<Scope> = Some(Scope::ReadCustomers);
    const ACCEPTS_KEYS: bool = true;
    const ACTIONS: &'static [&'static [Action]] = &[Store::CUSTOMER, Store::CUSTOMER_ANCESTORS];
    type Access = Member<CustomerByExternalId>;
    type Input = NoInput;
    type Output = Versioned<CustomerResponse>;

    async fn handle(
        cx: &Context<'_>,
        member: Member<CustomerByExternalId>,
        _: NoInput,
    ) -> Result<Self::Output, Error> {
        let (member, CustomerByExternalId { external_id, number }) = member.with_resource()?;
        let customer = cx.store().customer(member.organization().id, number).await?;
        let customer = customer.filter(|customer| customer.external_id.as_ref() == Some(&external_id));
        let customer = customer.ok_or(Failure::CUSTOMER_NOT_FOUND)?;
        let customer = read_live_parent(cx.store(), customer).await?;
        Ok(Versioned { version: customer.version, body: customer.into() })
    }
}
