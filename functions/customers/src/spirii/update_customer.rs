//! The endpoint `PUT /v2/customers/{number}`, which changes a customer in Spirii's dialect.
//!
//! Fields that are left out keep their values.

use padron_domain::{Customer, Error, Failure, Scope};
use padron_dto::customer::spirii::{CustomerFields, CustomerResponse, POINTERS};
use padron_http::{Context, Endpoint, MemberByCredential, Route, SizeLimited, Written, to_sent_back_json};
use padron_store::Action;

use super::show::show;
use crate::{
    named_customer::{CustomerParameter, NamedCustomer, resolve},
    warned::{CustomerWithWarnings, with_warnings},
    write::{self, PreparedWrite, update},
};

/// The path parameter `{number}`.
#[derive(Debug)]
pub struct NumberParameter;

impl CustomerParameter for NumberParameter {
    const NAME: &'static str = "number";
    const DESCRIPTION: &'static str = "The number of the customer, or its id";
}

/// The endpoint that changes a customer in Spirii's dialect.
#[derive(Debug)]
pub struct SpiriiUpdateCustomer;

impl Endpoint for SpiriiUpdateCustomer {
    const ROUTE: Route = Route::put("spirii-update-customer", "/v2/customers/{number}");
    const SUMMARY: &'static str =
        "Changes a customer in the format of Spirii; fields that are left out keep their values";
    const SCOPE: Option<Scope> = Some(Scope::WriteCustomers);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = write::UPDATE_FAILURES;
    const ACTIONS: &'static [&'static [Action]] = write::UPDATE_ACTIONS;
    type Access = MemberByCredential<NamedCustomer<NumberParameter>>;
    type Input = SizeLimited<CustomerFields>;
    type Output = Written<CustomerWithWarnings<CustomerResponse>>;

    async fn handle(
        cx: &Context<'_>,
        member: MemberByCredential<NamedCustomer<NumberParameter>>,
        body: SizeLimited<CustomerFields>,
    ) -> Result<Self::Output, Error> {
        let (member, stored) = resolve(cx, member).await?;
        let as_shown =
            async |customer: &Customer| to_sent_back_json(&show(cx, &member, customer.clone()).await?);
        let PreparedWrite { customer, transaction, warnings } =
            update(cx, &member, stored, body, as_shown).await?;
        let response =
            with_warnings(customer.version, show(cx, &member, customer).await?, warnings, POINTERS);
        cx.commit_any(transaction, response).await
    }
}
