//! The endpoint `POST /organizations/{organizationId}/customers`, which creates a customer in Timbrix's dialect.

use padron_domain::{Customer, Error, Failure, Scope};
use padron_dto::{
    New,
    customer::timbrix::{CustomerFields, CustomerResponse, POINTERS},
};
use padron_http::{Context, Created, Endpoint, Member, Route, SizeLimited, Written};
use padron_store::Action;

use crate::{
    warned::CustomerWithWarnings,
    write::{self, create_as},
};

/// The endpoint that creates a customer in Timbrix's dialect.
#[derive(Debug)]
pub struct CreateCustomer;

impl Endpoint for CreateCustomer {
    const ROUTE: Route = Route::post("create-customer", "/organizations/{organizationId}/customers");
    const SUMMARY: &'static str =
        "Creates a customer. Required: `legalName`; in Mexico also `taxId`, `taxSystem` and the zip code";
    const SCOPE: Option<Scope> = Some(Scope::WriteCustomers);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = write::CREATE_FAILURES;
    const ACTIONS: &'static [&'static [Action]] = write::CREATE_ACTIONS;
    type Access = Member;
    type Input = SizeLimited<New<CustomerFields>>;
    type Output = Written<Created<CustomerWithWarnings<CustomerResponse>>>;

    async fn handle(
        cx: &Context<'_>,
        member: Member,
        body: SizeLimited<New<CustomerFields>>,
    ) -> Result<Self::Output, Error> {
        let location = |customer: &Customer| {
            format!("/organizations/{}/customers/{}", customer.organization, customer.id)
        };
        create_as(cx, &member, body, POINTERS, location).await
    }
}
