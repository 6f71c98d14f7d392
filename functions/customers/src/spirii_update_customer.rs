//! `PUT /v2/customers/{number}`: changes of a customer, in Spirii's dialect. What is left out stays.

use padron_domain::{Customer, Error, Failure};
use padron_dto::customer::{
    WithWarnings,
    spirii::{CustomerFields, CustomerResponse, PLACES},
};
use padron_http::{Bounded, Context, CredentialMember, Endpoint, Route, Warned, Written};
use padron_store::Action;

use crate::{
    named::NamedCustomer,
    spirii::shown,
    write::{self, Draft, answered, commit, update},
};

/// Updates a customer.
#[derive(Debug)]
pub struct SpiriiUpdateCustomer;

impl Endpoint for SpiriiUpdateCustomer {
    const ROUTE: Route = Route::put("spirii-update-customer", "/v2/customers/{number}");
    const SUMMARY: &'static str = "Change a customer, as Spirii has it; what is left out stays";
    const FAILURES: &'static [&'static [Failure]] = write::UPDATE_FAILURES;
    const ACTIONS: &'static [&'static [Action]] = write::UPDATE_ACTIONS;
    type Access = CredentialMember<NamedCustomer>;
    type Input = Bounded<CustomerFields>;
    type Output = Written<Warned<CustomerResponse>>;

    async fn handle(
        cx: &Context<'_>,
        member: CredentialMember<NamedCustomer>,
        body: Bounded<CustomerFields>,
    ) -> Result<Self::Output, Error> {
        let (member, named) = member.into_member().with_target()?;
        let stored = named.resolve(cx, member.organization().id).await?;
        let as_shown = async |customer: &Customer| answered(&shown(cx, &member, customer.clone()).await?);
        let Draft { customer, change, warnings } = update(cx, &member, stored, body, as_shown).await?;
        let answer = Warned {
            version: customer.version,
            body: WithWarnings::new(shown(cx, &member, customer).await?, warnings, PLACES),
        };
        commit(cx, change, answer).await
    }
}
