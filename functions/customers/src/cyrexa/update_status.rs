//! The endpoint `POST /customer/update/{customerId}/status/{status}`, which changes the verification status of a customer.

use padron_domain::{CustomerStatus, Error, EventData, Failure, Scope};
use padron_dto::customer::cyrexa::CustomerEnvelope;
use padron_http::{Context, Endpoint, InPath, PathParameter, Route, Versioned, Written};
use padron_store::{Action, Store};
use serde_json::{Value, json};

use super::access::MemberByTenant;
use crate::named_customer::{NamedCustomer, resolve};

/// The status of a customer in the path parameter `{status}`.
#[derive(Debug)]
pub struct StatusParameter(CustomerStatus);

impl PathParameter for StatusParameter {
    const NAME: &'static str = "status";
    const DESCRIPTION: &'static str = "The status, in the spelling as published or a correct one";
    const EXPECTED: &'static str = "One of new, verified, under_verificaiton, blacklisted, under_investigation, dispute, on_hold, \
                                    bancrupted, or a correct spelling of them.";
    const VIOLATION: &'static str = "unknown_value";

    fn schema() -> Value {
        json!({ "type": "string", "enum": CustomerStatus::NAMES })
    }

    fn parse(text: &str) -> Option<Self> {
        CustomerStatus::parse(text).map(Self)
    }
}

/// The endpoint that changes the status of a customer.
#[derive(Debug)]
pub struct CyrexaUpdateStatus;

impl Endpoint for CyrexaUpdateStatus {
    const ROUTE: Route = Route::post("cyrexa-update-status", "/customer/update/{customerId}/status/{status}");
    const SUMMARY: &'static str = "Changes the status of a customer";
    const SCOPE: Option<Scope> = Some(Scope::WriteCustomers);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::PRECONDITION_FAILED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::CUSTOMER, Store::UPDATE_IN_PLACE];
    type Access = MemberByTenant<NamedCustomer>;
    type Input = InPath<StatusParameter>;
    type Output = Written<Versioned<CustomerEnvelope>>;

    async fn handle(
        cx: &Context<'_>,
        member: MemberByTenant<NamedCustomer>,
        InPath(StatusParameter(status)): InPath<StatusParameter>,
    ) -> Result<Self::Output, Error> {
        let (member, before) = resolve(cx, member).await?;
        cx.require_version(before.version)?;
        let mut customer = before.clone();
        customer.status = status;
        if customer == before {
            let version = customer.version;
            return cx.unchanged(Versioned { version, body: customer.into() }).await;
        }
        customer.mark_updated(cx.now());
        let updated = EventData::CustomerUpdated {
            customer_id: customer.id.clone(),
            number: customer.number,
            fields: vec!["status".into()],
        };
        let event =
            cx.event(member.principal(), customer.organization, updated).at_or_after(customer.updated_at);
        let transaction = cx.store().update_customer(&before, &customer, &[], &event)?;
        cx.commit(transaction, Versioned { version: customer.version, body: customer.into() }).await
    }
}
