//! The endpoint `GET /organizations/{organizationId}/customers/{customerId}`, which returns a customer in Timbrix's dialect to members.

use padron_domain::{Error, Scope};
use padron_dto::customer::timbrix::CustomerResponse;
use padron_http::{Context, Endpoint, Member, NoInput, Route, Versioned};
use padron_store::{Action, Store};

use crate::{
    ancestors::read_live_parent,
    named_customer::{NamedCustomer, resolve},
};

/// The endpoint that returns a customer in Timbrix's dialect.
#[derive(Debug)]
pub struct GetCustomer;

impl Endpoint for GetCustomer {
    const ROUTE: Route = Route::get("get-customer", "/organizations/{organizationId}/customers/{customerId}");
    const SUMMARY: &'static str = "Returns a customer by its id or number";
    const SCOPE: Option<Scope> = Some(Scope::ReadCustomers);
    const ACCEPTS_KEYS: bool = true;
    const ACTIONS: &'static [&'static [Action]] = &[Store::CUSTOMER, Store::CUSTOMER_ANCESTORS];
    type Access = Member<NamedCustomer>;
    type Input = NoInput;
    type Output = Versioned<CustomerResponse>;

    async fn handle(
        cx: &Context<'_>,
        member: Member<NamedCustomer>,
        _: NoInput,
    ) -> Result<Self::Output, Error> {
        let (_, customer) = resolve(cx, member).await?;
        let customer = read_live_parent(cx.store(), customer).await?;
        Ok(Versioned { version: customer.version, body: customer.into() })
    }
}
