//! The endpoint `PUT /customer/update/{customerId}`, which changes a customer in Cyrexa's dialect.
//!
//! Fields that are left out keep their values.

use padron_domain::{Error, Failure, Scope};
use padron_dto::customer::cyrexa::{CustomerEnvelope, CustomerFields, CustomerResponse, POINTERS};
use padron_http::{Context, Endpoint, Route, SizeLimited, Written};
use padron_store::{Action, Store};

use super::access::MemberByTenant;
use crate::{named_customer::NamedCustomer, warned::CustomerWithWarnings, write::update_as};

/// The endpoint that changes a customer in Cyrexa's dialect.
#[derive(Debug)]
pub struct CyrexaUpdate;

impl Endpoint for CyrexaUpdate {
    const ROUTE: Route = Route::put("cyrexa-update", "/customer/update/{customerId}");
    const SUMMARY: &'static str =
        "Changes a customer in the format of Cyrexa; fields that are left out keep their values";
    const SCOPE: Option<Scope> = Some(Scope::WriteCustomers);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::PRECONDITION_FAILED]];
    // This dialect changes neither parents nor external ids.
    const ACTIONS: &'static [&'static [Action]] =
        &[Store::CUSTOMER, Store::UPDATE_IN_PLACE, Store::CUSTOMER_ANCESTORS];
    type Access = MemberByTenant<NamedCustomer>;
    type Input = SizeLimited<CustomerFields>;
    type Output = Written<CustomerWithWarnings<CustomerEnvelope>>;

    async fn handle(
        cx: &Context<'_>,
        member: MemberByTenant<NamedCustomer>,
        body: SizeLimited<CustomerFields>,
    ) -> Result<Self::Output, Error> {
        update_as::<_, _, _, CustomerResponse, _>(cx, member, body, POINTERS).await
    }
}
