//! The endpoint `GET /customer/getDetailsById/{customerId}`, which returns a customer in Cyrexa's dialect.

use padron_domain::{Error, Scope};
use padron_dto::customer::cyrexa::CustomerEnvelope;
use padron_http::{Context, Endpoint, NoInput, Route, Versioned};
use padron_store::{Action, Store};

use super::access::MemberByTenant;
use crate::named_customer::{NamedCustomer, resolve};

/// The endpoint that returns a customer in Cyrexa's dialect.
#[derive(Debug)]
pub struct CyrexaGetDetails;

impl Endpoint for CyrexaGetDetails {
    const ROUTE: Route = Route::get("cyrexa-get-details", "/customer/getDetailsById/{customerId}");
    const SUMMARY: &'static str = "Returns a customer in the format of Cyrexa";
    const SCOPE: Option<Scope> = Some(Scope::ReadCustomers);
    const ACCEPTS_KEYS: bool = true;
    const ACTIONS: &'static [&'static [Action]] = &[Store::CUSTOMER];
    type Access = MemberByTenant<NamedCustomer>;
    type Input = NoInput;
    type Output = Versioned<CustomerEnvelope>;

    async fn handle(
        cx: &Context<'_>,
        member: MemberByTenant<NamedCustomer>,
        _: NoInput,
    ) -> Result<Self::Output, Error> {
        let (_, customer) = resolve(cx, member).await?;
        Ok(Versioned { version: customer.version, body: customer.into() })
    }
}
