//! `PUT /customer/update/{customerId}`: changes of a customer, in Cyrexa's dialect. What is left out stays.

use padron_domain::{Customer, Error, Failure};
use padron_dto::customer::{
    WithWarnings,
    cyrexa::{CustomerEnvelope, CustomerFields, CustomerResponse, PLACES},
};
use padron_http::{Bounded, Context, Endpoint, MemberOfTenant, Route, Warned, Written};
use padron_store::{Action, Store};

use crate::{
    named::NamedCustomer,
    write::{Draft, answered, commit, update},
};

/// Updates a customer.
#[derive(Debug)]
pub struct CyrexaUpdate;

impl Endpoint for CyrexaUpdate {
    const ROUTE: Route = Route::put("cyrexa-update", "/customer/update/{customerId}");
    const SUMMARY: &'static str = "Change a customer, as Cyrexa has it; what is left out stays";
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::PreconditionFailed]];
    // This dialect changes neither parents nor external ids.
    const ACTIONS: &'static [&'static [Action]] =
        &[Store::CUSTOMER, Store::UPDATE_IN_PLACE, Store::CUSTOMER_RELATIVES];
    type Access = MemberOfTenant<NamedCustomer>;
    type Input = Bounded<CustomerFields>;
    type Output = Written<Warned<CustomerEnvelope>>;

    async fn handle(
        cx: &Context<'_>,
        member: MemberOfTenant<NamedCustomer>,
        body: Bounded<CustomerFields>,
    ) -> Result<Self::Output, Error> {
        let (member, named) = member.into_member().with_target()?;
        let stored = named.resolve(cx, member.organization().id).await?;
        let shown = async |customer: &Customer| answered(&CustomerResponse::from(customer.clone()));
        let Draft { customer, change, warnings } = update(cx, &member, stored, body, shown).await?;
        let answer = Warned {
            version: customer.version,
            body: WithWarnings::new(CustomerEnvelope::from(customer), warnings, PLACES),
        };
        commit(cx, change, answer).await
    }
}
