//! `POST /customer/create`: a new customer, in Cyrexa's dialect.

use padron_domain::{Error, Failure};
use padron_dto::{
    New,
    customer::{
        WithWarnings,
        cyrexa::{CustomerEnvelope, CustomerFields, PLACES},
    },
};
use padron_http::{Bounded, Context, Created, Endpoint, MemberOfTenant, Route, Versioned, Written};
use padron_store::Action;

use crate::write::{self, Draft, create};

/// Creates a customer.
#[derive(Debug)]
pub struct CyrexaCreate;

impl Endpoint for CyrexaCreate {
    const ROUTE: Route = Route::post("cyrexa-create", "/customer/create");
    const SUMMARY: &'static str = "Create a customer, as Cyrexa has it. Required: `customerType`, and `customerName` or a person's name";
    const FAILURES: &'static [&'static [Failure]] = write::CREATE_FAILURES;
    const ACTIONS: &'static [&'static [Action]] = write::CREATE_ACTIONS;
    type Access = MemberOfTenant;
    type Input = Bounded<New<CustomerFields>>;
    type Output = Written<Created<WithWarnings<CustomerEnvelope>>>;

    async fn handle(
        cx: &Context<'_>,
        member: MemberOfTenant,
        body: Bounded<New<CustomerFields>>,
    ) -> Result<Self::Output, Error> {
        let member = member.into_member();
        let Draft { customer, change, warnings } = create(cx, &member, body).await?;
        let answer = Created {
            location: format!("/customer/getDetailsById/{}", customer.id),
            versioned: Versioned {
                version: customer.version,
                body: WithWarnings::new(CustomerEnvelope::from(customer), warnings, PLACES),
            },
        };
        cx.commit(change, answer).await
    }
}
