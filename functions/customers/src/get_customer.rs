//! `GET /organizations/{organizationId}/customers/{customerId}`: a customer in Timbrix's dialect, for members.

use padron_domain::Error;
use padron_dto::customer::timbrix::CustomerResponse;
use padron_http::{Context, Endpoint, Member, NoInput, Route, Versioned};
use padron_store::{Action, Store};

use crate::named::{NamedCustomer, without_lost_parent};

/// Reads a customer.
#[derive(Debug)]
pub struct GetCustomer;

impl Endpoint for GetCustomer {
    const ROUTE: Route = Route::get("get-customer", "/organizations/{organizationId}/customers/{customerId}");
    const SUMMARY: &'static str = "A customer, by its id or number";
    const ACTIONS: &'static [&'static [Action]] = &[Store::CUSTOMER, Store::CUSTOMER_RELATIVES];
    type Access = Member<NamedCustomer>;
    type Input = NoInput;
    type Output = Versioned<CustomerResponse>;

    async fn handle(
        cx: &Context<'_>,
        member: Member<NamedCustomer>,
        _: NoInput,
    ) -> Result<Self::Output, Error> {
        let (member, named) = member.with_target()?;
        let customer = named.resolve(cx, member.organization().id).await?;
        let customer = without_lost_parent(cx, customer).await?;
        Ok(Versioned { version: customer.version, body: customer.into() })
    }
}
