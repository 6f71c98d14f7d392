//! The endpoint `POST /customer/create`, which creates a customer in Cyrexa's dialect.

use padron_domain::{Customer, Error, Scope};
use padron_dto::{
    New,
    customer::cyrexa::{CustomerEnvelope, CustomerFields, POINTERS},
};
use padron_http::{Context, Created, Endpoint, Route, SizeLimited, Written};
use padron_store::{Action, Store};

use super::access::MemberByTenant;
use crate::{warned::CustomerWithWarnings, write::create_as};

/// The endpoint that creates a customer in Cyrexa's dialect.
#[derive(Debug)]
pub struct CyrexaCreate;

impl Endpoint for CyrexaCreate {
    const ROUTE: Route = Route::post("cyrexa-create", "/customer/create");
    const SUMMARY: &'static str = "Creates a customer in the format of Cyrexa. Required: `customerType`, and `customerName` or the name of a person";
    const SCOPE: Option<Scope> = Some(Scope::WriteCustomers);
    const ACCEPTS_KEYS: bool = true;
    const ACTIONS: &'static [&'static [Action]] = &[Store::CUSTOMER, Store::NEW_CUSTOMER];
    type Access = MemberByTenant;
    type Input = SizeLimited<New<CustomerFields>>;
    type Output = Written<Created<CustomerWithWarnings<CustomerEnvelope>>>;

    async fn handle(
        cx: &Context<'_>,
        member: MemberByTenant,
        body: SizeLimited<New<CustomerFields>>,
    ) -> Result<Self::Output, Error> {
        let location = |customer: &Customer| format!("/customer/getDetailsById/{}", customer.id);
        create_as(cx, &member, body, POINTERS, location).await
    }
}
