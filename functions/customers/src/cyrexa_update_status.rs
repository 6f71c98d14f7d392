//! `POST /customer/update/{customerId}/status/{status}`: where a customer stands in being verified.

use padron_domain::{CustomerStatus, Error, Failure, Happening};
use padron_dto::customer::cyrexa::CustomerEnvelope;
use padron_http::{Context, Endpoint, MemberOfTenant, NoInput, Request, Route, Versioned, Written};
use padron_store::{Action, Store};

use crate::{named::NamedCustomer, write::commit};

/// Updates a customer's status.
#[derive(Debug)]
pub struct CyrexaUpdateStatus;

impl Endpoint for CyrexaUpdateStatus {
    const ROUTE: Route = Route::post("cyrexa-update-status", "/customer/update/{customerId}/status/{status}");
    const SUMMARY: &'static str = "Change the status of a customer";
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::PreconditionFailed]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::CUSTOMER, Store::UPDATE_IN_PLACE];
    type Access = MemberOfTenant<NamedCustomer>;
    type Input = NoInput;
    type Output = Written<Versioned<CustomerEnvelope>>;

    async fn handle(
        cx: &Context<'_>,
        member: MemberOfTenant<NamedCustomer>,
        _: NoInput,
    ) -> Result<Self::Output, Error> {
        let status = status(cx.request)?;
        let (member, named) = member.into_member().with_target()?;
        let before = named.resolve(cx, member.organization().id).await?;
        cx.require_version(before.version)?;
        let mut customer = before.clone();
        customer.status = status;
        if customer == before {
            let version = customer.version;
            return cx.nothing_to_write(Versioned { version, body: customer.into() }).await;
        }
        customer.touch(cx.now());
        let updated = Happening::CustomerUpdated {
            customer_id: customer.id.clone(),
            number: customer.number,
            fields: vec!["status".into()],
        };
        let event =
            cx.event(member.principal(), customer.organization, updated).not_before(customer.updated_at);
        let change = cx.store().update_customer(&before, &customer, &[], &event)?;
        commit(cx, Some(change), Versioned { version: customer.version, body: customer.into() }).await
    }
}

/// The status that the path names, in the spelling as published or a correct one.
fn status(request: &Request<'_>) -> Result<CustomerStatus, Error> {
    CustomerStatus::parse(request.path_parameter("status").unwrap_or_default()).ok_or_else(|| {
        let detail = "One of new, verified, under_verificaiton, blacklisted, under_investigation, dispute, on_hold, \
                      bancrupted, or a correct spelling of them.";
        Error::invalid("/path/status", "unknown_value", detail)
    })
}
