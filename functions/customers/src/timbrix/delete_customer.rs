//! The endpoint `DELETE /organizations/{organizationId}/customers/{customerId}`, which permanently deletes a customer.
//!
//! The children of the customer become roots without a write, because a parent that does not exist is read as no parent.

use padron_domain::{Error, EventData, Failure, Scope};
use padron_http::{Context, Endpoint, Member, NoContent, NoInput, Route, Written};
use padron_store::{Action, Store};

use crate::named_customer::{NamedCustomer, resolve};

/// The endpoint that permanently deletes a customer.
#[derive(Debug)]
pub struct DeleteCustomer;

impl Endpoint for DeleteCustomer {
    const ROUTE: Route =
        Route::delete("delete-customer", "/organizations/{organizationId}/customers/{customerId}");
    const SUMMARY: &'static str = "Permanently deletes a customer; its children become roots";
    const SCOPE: Option<Scope> = Some(Scope::WriteCustomers);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::PRECONDITION_FAILED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::CUSTOMER, Store::DELETE_CUSTOMER];
    type Access = Member<NamedCustomer>;
    type Input = NoInput;
    type Output = Written<NoContent>;

    async fn handle(
        cx: &Context<'_>,
        member: Member<NamedCustomer>,
        _: NoInput,
    ) -> Result<Self::Output, Error> {
        let (member, customer) = resolve(cx, member).await?;
        cx.require_version(customer.version)?;
        let deleted =
            EventData::CustomerDeleted { customer_id: customer.id.clone(), number: customer.number };
        let event = cx.event(member.principal(), customer.organization, deleted);
        let event = event.at_or_after(customer.updated_at.next());
        let transaction = cx.store().delete_customer(&customer, &event)?;
        cx.commit(transaction, NoContent).await
    }
}
