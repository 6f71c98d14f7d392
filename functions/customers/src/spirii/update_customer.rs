//! The endpoint `PUT /v2/customers/{number}`, which changes a customer in Spirii's dialect.
//!
//! Fields that are left out keep their values.

use padron_domain::{Customer, CustomerReference, Error, Failure};
use padron_dto::customer::spirii::{CustomerFields, CustomerResponse, POINTERS};
use padron_http::{Context, Endpoint, MemberByCredential, PathParameter, Route, SizeLimited, Written};
use padron_store::Action;
use serde_json::{Value, json};

use super::show::show;
use crate::{
    named_customer::NamedCustomer,
    warned::WithWarningsResponse,
    write::{self, PreparedWrite, answered, update},
};

/// The number or id of a customer in the path parameter `{number}`.
#[derive(Debug)]
pub struct NumberParameter(CustomerReference);

impl PathParameter for NumberParameter {
    const NAME: &'static str = "number";
    const DESCRIPTION: &'static str = "The number of the customer, or its id";
    const EXPECTED: &'static str = "A customer's id is 24 hex digits, or its number.";

    fn schema() -> Value {
        json!({ "type": "string", "pattern": CustomerReference::PATTERN })
    }

    fn parse(text: &str) -> Option<Self> {
        CustomerReference::parse(text).map(Self)
    }
}

impl From<NumberParameter> for CustomerReference {
    fn from(NumberParameter(reference): NumberParameter) -> Self {
        reference
    }
}

/// The endpoint that changes a customer in Spirii's dialect.
#[derive(Debug)]
pub struct SpiriiUpdateCustomer;

impl Endpoint for SpiriiUpdateCustomer {
    const ROUTE: Route = Route::put("spirii-update-customer", "/v2/customers/{number}");
    const SUMMARY: &'static str =
        "Changes a customer in the format of Spirii; fields that are left out keep their values";
    const FAILURES: &'static [&'static [Failure]] = write::UPDATE_FAILURES;
    const ACTIONS: &'static [&'static [Action]] = write::UPDATE_ACTIONS;
    type Access = MemberByCredential<NamedCustomer<NumberParameter>>;
    type Input = SizeLimited<CustomerFields>;
    type Output = Written<WithWarningsResponse<CustomerResponse>>;

    async fn handle(
        cx: &Context<'_>,
        member: MemberByCredential<NamedCustomer<NumberParameter>>,
        body: SizeLimited<CustomerFields>,
    ) -> Result<Self::Output, Error> {
        let (member, named) = member.with_resource()?;
        let stored = named.resolve(cx, member.organization().id).await?;
        let as_shown = async |customer: &Customer| answered(&show(cx, &member, customer.clone()).await?);
        let PreparedWrite { customer, change, warnings } =
            update(cx, &member, stored, body, as_shown).await?;
        let answer = WithWarningsResponse::new(
            customer.version,
            show(cx, &member, customer).await?,
            warnings,
            POINTERS,
        );
        cx.commit_any(change, answer).await
    }
}
