//! The customer that a path names.

use padron_domain::{Customer, CustomerNumber, CustomerReference, Error, Failure, OrganizationId};
use padron_http::{Context, Request, Target};
use padron_store::{Found, Key, Store};

use crate::kin::{Reach, kin_now, told};

/// The customer whom `{customerId}` names, or `{number}` in Spirii's paths, by number or by 24 hex digits, as far as one read tells.
#[derive(Debug)]
pub struct NamedCustomer {
    reference: CustomerReference,
    found: Lookup,
}

#[derive(Debug)]
enum Lookup {
    /// What there is under the number, which an id made here begins with.
    Customer(Box<Option<Customer>>),
    /// Where the id leads, which was brought from elsewhere.
    Elsewhere(Option<CustomerNumber>),
}

/// The customer that a reference is of, as it is now.
pub(crate) async fn look_up(
    store: &Store,
    organization: OrganizationId,
    reference: &CustomerReference,
) -> Result<Option<Customer>, Error> {
    if let Some(customer) = follow(store, organization, reference, reference.number()).await? {
        return Ok(Some(customer));
    }
    let Some(id) = reference.id() else { return Ok(None) };
    let number = store.customer_number(organization, id).await?;
    follow(store, organization, reference, number).await
}

/// The customer that an id led to, if it is the one that is meant.
async fn follow(
    store: &Store,
    organization: OrganizationId,
    reference: &CustomerReference,
    number: Option<CustomerNumber>,
) -> Result<Option<Customer>, Error> {
    let Some(number) = number else { return Ok(None) };
    let customer = store.customer(organization, number).await?;
    Ok(customer.filter(|customer| reference.names(customer.number, &customer.id)))
}

fn reference(request: &Request<'_>) -> Result<CustomerReference, Error> {
    let named = |name| request.path_parameter(name).map(|text| (name, text));
    let (name, text) = named("customerId").or_else(|| named("number")).unwrap_or(("customerId", ""));
    CustomerReference::parse(text).ok_or_else(|| {
        let detail = "A customer's id is 24 hex digits, or its number.";
        Error::invalid(format!("/path/{name}"), "invalid_format", detail)
    })
}

impl Target for NamedCustomer {
    const FAILURES: &'static [Failure] = &[Failure::CustomerNotFound];

    type Name = CustomerReference;

    fn name(request: &Request<'_>) -> Result<CustomerReference, Error> {
        reference(request)
    }

    fn key(reference: &CustomerReference, organization: OrganizationId) -> Option<Key> {
        match reference.number() {
            Some(number) => Some(Key::customer(organization, number)),
            None => reference.id().map(|id| Key::customer_id(organization, id)),
        }
    }

    fn find(
        reference: CustomerReference,
        organization: OrganizationId,
        found: &mut Found,
    ) -> Result<Self, Error> {
        let found = match (reference.number(), reference.id()) {
            (Some(number), _) => Lookup::Customer(Box::new(found.customer(organization, number)?)),
            (None, Some(id)) => Lookup::Elsewhere(found.customer_id(organization, id)?),
            (None, None) => Lookup::Elsewhere(None),
        };
        Ok(Self { reference, found })
    }
}

impl NamedCustomer {
    /// Follows the reference to its end: a second read where the id was brought from elsewhere.
    pub(crate) async fn resolve(
        self,
        cx: &Context<'_>,
        organization: OrganizationId,
    ) -> Result<Customer, Error> {
        let Self { reference, found } = self;
        let number = match (found, &reference) {
            (Lookup::Customer(customer), _) => match (*customer, &reference) {
                (Some(customer), reference) if reference.names(customer.number, &customer.id) => {
                    return Ok(customer);
                }
                // An id from elsewhere that looks like one made here.
                (_, CustomerReference::Id(id)) => cx.store().customer_number(organization, id).await?,
                (_, CustomerReference::Number(_)) => None,
            },
            (Lookup::Elsewhere(number), _) => number,
        };
        let customer = follow(cx.store(), organization, &reference, number).await?;
        customer.ok_or_else(|| Failure::CustomerNotFound.into())
    }
}

/// The customer, told without a parent that is gone: it is a root then.
pub(crate) async fn without_lost_parent(cx: &Context<'_>, customer: Customer) -> Result<Customer, Error> {
    let kin = kin_now(cx.store(), &customer, Reach::Parents).await?;
    Ok(told(&kin, customer))
}
