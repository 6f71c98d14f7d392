//! `GET /customer/getDetailsById/{customerId}`: a customer in Cyrexa's dialect.

use padron_domain::Error;
use padron_dto::customer::cyrexa::CustomerEnvelope;
use padron_http::{Context, Endpoint, MemberOfTenant, NoInput, Route, Versioned};
use padron_store::{Action, Store};

use crate::named::NamedCustomer;

/// Reads a customer.
#[derive(Debug)]
pub struct CyrexaGetDetails;

impl Endpoint for CyrexaGetDetails {
    const ROUTE: Route = Route::get("cyrexa-get-details", "/customer/getDetailsById/{customerId}");
    const SUMMARY: &'static str = "A customer, as Cyrexa shows it";
    const ACTIONS: &'static [&'static [Action]] = &[Store::CUSTOMER];
    type Access = MemberOfTenant<NamedCustomer>;
    type Input = NoInput;
    type Output = Versioned<CustomerEnvelope>;

    async fn handle(
        cx: &Context<'_>,
        member: MemberOfTenant<NamedCustomer>,
        _: NoInput,
    ) -> Result<Self::Output, Error> {
        let (member, named) = member.into_member().with_target()?;
        let customer = named.resolve(cx, member.organization().id).await?;
        Ok(Versioned { version: customer.version, body: customer.into() })
    }
}
