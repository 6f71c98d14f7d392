//! Customers that a path, a query or a body names by number or id.
//!
//! Ids that Padrón generates begin with the customer's number. An imported id was generated elsewhere, and needs one more read to find
//! the number.

use std::marker::PhantomData;

use padron_domain::{Customer, CustomerNumber, CustomerReference, Error, Failure, OrganizationId};
use padron_http::{Caller, Context, NamedResource, PathParameter, PathParameterDescription, Request};
use padron_store::{Items, Key, Read, Store};
use serde_json::{Value, json};

/// A path parameter that names a customer.
pub trait CustomerParameter: Send + Sync + 'static {
    /// The name of the path parameter.
    const NAME: &'static str;
    /// The description of the path parameter.
    const DESCRIPTION: &'static str;
}

/// The path parameter `{customerId}`.
#[derive(Debug)]
pub struct CustomerIdParameter;

impl CustomerParameter for CustomerIdParameter {
    const NAME: &'static str = "customerId";
    const DESCRIPTION: &'static str = "The id of the customer, 24 hex digits, or its number";
}

/// The number or id of a customer in a path.
struct ReferenceInPath<P>(CustomerReference, PhantomData<fn() -> P>);

impl<P: CustomerParameter> PathParameter for ReferenceInPath<P> {
    const NAME: &'static str = P::NAME;
    const DESCRIPTION: &'static str = P::DESCRIPTION;
    const EXPECTED: &'static str = "A customer's id is 24 hex digits, or its number.";

    fn schema() -> Value {
        json!({ "type": "string", "pattern": CustomerReference::PATTERN })
    }

    fn parse(text: &str) -> Option<Self> {
        CustomerReference::parse(text).map(|reference| Self(reference, PhantomData))
    }
}

/// The customer that the path parameter `P` names, as far as the read of the access check finds it.
///
/// [`NamedCustomer::resolve`] returns the customer itself.
#[derive(Debug)]
pub struct NamedCustomer<P = CustomerIdParameter> {
    reference: CustomerReference,
    found: FirstRead,
    parameter: PhantomData<fn() -> P>,
}

#[derive(Debug)]
enum FirstRead {
    /// The customer with the number, which is also the beginning of a generated id; `None` if there is none.
    Customer(Box<Option<Customer>>),
    /// The number of the customer with an imported id; `None` if there is none.
    Number(Option<CustomerNumber>),
}

impl<I, P: CustomerParameter> NamedResource<I> for NamedCustomer<P> {
    const PATH: &'static [PathParameterDescription] = &[PathParameterDescription::of::<ReferenceInPath<P>>()];
    const FAILURES: &'static [Failure] = &[Failure::CUSTOMER_NOT_FOUND];

    type Name = CustomerReference;

    fn name(request: &Request<'_>, _: &I) -> Result<CustomerReference, Error> {
        request.parameter().map(|ReferenceInPath::<P>(reference, _)| reference)
    }

    fn read(reference: &CustomerReference, organization: OrganizationId) -> Option<Read> {
        let key = match reference.number() {
            Some(number) => Some(Key::customer(organization, number)),
            None => reference.id().map(|id| Key::customer_id(organization, id)),
        };
        key.map(Into::into)
    }

    fn from_items(
        reference: CustomerReference,
        organization: OrganizationId,
        items: &mut Items,
    ) -> Result<Self, Error> {
        let found = match (reference.number(), reference.id()) {
            (Some(number), _) => FirstRead::Customer(Box::new(items.customer(organization, number)?)),
            (None, Some(id)) => FirstRead::Number(items.customer_id(organization, id)?),
            (None, None) => FirstRead::Number(None),
        };
        Ok(Self { reference, found, parameter: PhantomData })
    }
}

/// Returns the caller and the customer that the path names. Reads once more if the id of the customer was imported. Fails if the customer
/// does not exist.
pub(crate) async fn resolve<A, P>(
    cx: &Context<'_>,
    caller: Caller<A, NamedCustomer<P>>,
) -> Result<(Caller<A>, Customer), Error> {
    let (caller, named) = caller.with_resource()?;
    let customer = named.resolve(cx, caller.organization().id).await?;
    Ok((caller, customer))
}

impl<P> NamedCustomer<P> {
    /// Returns the customer. Reads once more if its id was imported. Fails if the customer does not exist.
    pub(crate) async fn resolve(
        self,
        cx: &Context<'_>,
        organization: OrganizationId,
    ) -> Result<Customer, Error> {
        let Self { reference, found, .. } = self;
        let number = match (found, &reference) {
            (FirstRead::Customer(customer), _) => match (*customer, &reference) {
                (Some(customer), reference) if reference.refers_to(customer.number, &customer.id) => {
                    return Ok(customer);
                }
                // An imported id can look like a generated one.
                (_, CustomerReference::Id(id)) => cx.store().customer_number(organization, id).await?,
                (_, CustomerReference::Number(_)) => None,
            },
            (FirstRead::Number(number), _) => number,
        };
        let customer = read_if_named(cx.store(), organization, &reference, number).await?;
        customer.ok_or_else(|| Failure::CUSTOMER_NOT_FOUND.into())
    }
}

/// Reads the customer that a reference names, with strongly consistent reads; `None` if there is none.
pub(crate) async fn find_customer(
    store: &Store,
    organization: OrganizationId,
    reference: &CustomerReference,
) -> Result<Option<Customer>, Error> {
    if let Some(customer) = read_if_named(store, organization, reference, reference.number()).await? {
        return Ok(Some(customer));
    }
    let Some(id) = reference.id() else { return Ok(None) };
    let number = store.customer_number(organization, id).await?;
    read_if_named(store, organization, reference, number).await
}

/// Reads the customer with a number; `None` if there is none, or the reference does not name it.
async fn read_if_named(
    store: &Store,
    organization: OrganizationId,
    reference: &CustomerReference,
    number: Option<CustomerNumber>,
) -> Result<Option<Customer>, Error> {
    let Some(number) = number else { return Ok(None) };
    let customer = store.customer(organization, number).await?;
    Ok(customer.filter(|customer| reference.refers_to(customer.number, &customer.id)))
}
