//! `PUT /customer/update/{customerId}`: changes of a customer, in Cyrexa's dialect. What is left out stays.

use padron_domain::{Customer, Error, Failure};
use padron_dto::customer::{
    WithWarnings,
    cyrexa::{CustomerEnvelope, CustomerFields, CustomerResponse, PLACES},
};
use padron_http::{Bounded, Context, Endpoint, MemberOfTenant, Route, Versioned, Written};
use padron_store::Action;

use crate::{
    named::NamedCustomer,
    write::{self, Draft, answered, commit, update},
};

/// Updates a customer.
#[derive(Debug)]
pub struct CyrexaUpdate;

impl Endpoint for CyrexaUpdate {
    const ROUTE: Route = Route::put("cyrexa-update", "/customer/update/{customerId}");
    const SUMMARY: &'static str = "Change a customer, as Cyrexa has it; what is left out stays";
    const FAILURES: &'static [&'static [Failure]] = write::UPDATE_FAILURES;
    const ACTIONS: &'static [&'static [Action]] = write::UPDATE_ACTIONS;
    type Access = MemberOfTenant<NamedCustomer>;
    type Input = Bounded<CustomerFields>;
    type Output = Written<Versioned<WithWarnings<CustomerEnvelope>>>;

    async fn handle(
        cx: &Context<'_>,
        member: MemberOfTenant<NamedCustomer>,
        body: Bounded<CustomerFields>,
    ) -> Result<Self::Output, Error> {
        let (member, named) = member.into_member().with_target()?;
        let stored = named.resolve(cx, member.organization().id).await?;
        let shown = async |customer: &Customer| answered(&CustomerResponse::from(customer.clone()));
        let Draft { customer, change, warnings } = update(cx, &member, stored, body, shown).await?;
        let answer = Versioned {
            version: customer.version,
            body: WithWarnings::new(CustomerEnvelope::from(customer), warnings, PLACES),
        };
        commit(cx, change, answer).await
    }
}
