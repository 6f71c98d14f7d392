//! The endpoint `PUT /organizations/{organizationId}/customers/{customerId}`, which changes a customer in Timbrix's dialect.
//!
//! Fields that are left out keep their values.

use padron_domain::{Error, Failure, Scope};
use padron_dto::customer::timbrix::{CustomerFields, CustomerResponse, POINTERS};
use padron_http::{Context, Endpoint, Member, Route, SizeLimited, Written};
use padron_store::Action;

use crate::{
    named_customer::NamedCustomer,
    warned::CustomerWithWarnings,
    write::{self, update_as},
};

/// The endpoint that changes a customer in Timbrix's dialect.
#[derive(Debug)]
pub struct UpdateCustomer;

impl Endpoint for UpdateCustomer {
    const ROUTE: Route =
        Route::put("update-customer", "/organizations/{organizationId}/customers/{customerId}");
    const SUMMARY: &'static str = "Changes a customer; fields that are left out keep their values";
    const SCOPE: Option<Scope> = Some(Scope::WriteCustomers);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = write::UPDATE_FAILURES;
    const ACTIONS: &'static [&'static [Action]] = write::UPDATE_ACTIONS;
    type Access = Member<NamedCustomer>;
    type Input = SizeLimited<CustomerFields>;
    type Output = Written<CustomerWithWarnings<CustomerResponse>>;

    async fn handle(
        cx: &Context<'_>,
        member: Member<NamedCustomer>,
        body: SizeLimited<CustomerFields>,
    ) -> Result<Self::Output, Error> {
        update_as::<_, _, _, CustomerResponse, _>(cx, member, body, POINTERS).await
    }
}
