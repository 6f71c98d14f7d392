//! The endpoint `POST /v2/customers`, which creates a customer in Spirii's dialect.

use padron_domain::{Error, Failure, Role, Scope};
use padron_dto::{
    New,
    customer::spirii::{CustomerFields, CustomerResponse, POINTERS, mask_account_numbers},
};
use padron_http::{Context, Created, Endpoint, MemberByCredential, Redact, Route, SizeLimited, Written};
use padron_store::Action;
use serde_json::Value;

use super::show::{sees_account_numbers, show};
use crate::{
    warned::{CustomerWithWarnings, with_warnings},
    write::{self, PreparedWrite, create},
};

fn redact(body: &mut Value, role: Role) -> bool {
    !sees_account_numbers(role) && mask_account_numbers(body)
}

/// The endpoint that creates a customer in Spirii's dialect.
#[derive(Debug)]
pub struct SpiriiCreateCustomer;

impl Endpoint for SpiriiCreateCustomer {
    const ROUTE: Route = Route::post("spirii-create-customer", "/v2/customers");
    const SUMMARY: &'static str = "Creates a customer in the format of Spirii. Required: `name`, `country`, `contactDetails`, `ownerId` and `type`";
    const SCOPE: Option<Scope> = Some(Scope::WriteCustomers);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = write::CREATE_FAILURES;
    const ACTIONS: &'static [&'static [Action]] = write::CREATE_ACTIONS;
    // An admin may see account numbers in the response. A caller who is no longer an admin must not see them in the recorded response.
    const REDACT: Option<Redact> = Some(redact);
    type Access = MemberByCredential;
    type Input = SizeLimited<New<CustomerFields>>;
    type Output = Written<Created<CustomerWithWarnings<CustomerResponse>>>;

    async fn handle(
        cx: &Context<'_>,
        member: MemberByCredential,
        body: SizeLimited<New<CustomerFields>>,
    ) -> Result<Self::Output, Error> {
        let PreparedWrite { customer, transaction, warnings } = create(cx, &member, body).await?;
        let response = Created {
            location: format!("/v2/customers/{}", customer.number),
            versioned: with_warnings(
                customer.version,
                show(cx, &member, customer).await?,
                warnings,
                POINTERS,
            ),
        };
        cx.commit(transaction, response).await
    }
}
