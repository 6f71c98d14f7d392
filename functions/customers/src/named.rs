//! The customer that a path names.

use padron_domain::{Customer, CustomerId, CustomerNumber, Error, Failure, OrganizationId};
use padron_http::{Context, Member, Request, Target};
use padron_store::{Found, Key};

/// The customer whom `{customerId}` names, by number or by 24 hex digits, as far as one read tells.
#[derive(Debug)]
pub struct NamedCustomer {
    reference: Reference,
    found: Lookup,
}

/// How a customer is named.
#[derive(Clone, Debug)]
pub(crate) enum Reference {
    Number(CustomerNumber),
    Id(CustomerId),
}

#[derive(Debug)]
enum Lookup {
    /// What there is under the number, which an id made here begins with.
    Customer(Box<Option<Customer>>),
    /// Where the id leads, which was brought from elsewhere.
    Elsewhere(Option<CustomerNumber>),
}

impl Reference {
    /// Reads a number, or 24 hex digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // 24 digits are an id: no number has as many.
        if let Some(id) = CustomerId::parse(text) {
            return Some(Self::Id(id));
        }
        let is_number =
            !text.is_empty() && text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse().ok()).flatten().and_then(CustomerNumber::new).map(Self::Number)
    }

    /// The number that it is, or begins with.
    fn number(&self) -> Option<CustomerNumber> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Id(id) => id.number(),
        }
    }

    fn names(&self, customer: &Customer) -> bool {
        match self {
            Self::Number(number) => customer.number == *number,
            Self::Id(id) => customer.id == *id,
        }
    }
}

fn reference(request: &Request<'_>) -> Result<Reference, Error> {
    Reference::parse(request.path_parameter("customerId").unwrap_or_default()).ok_or_else(|| {
        let detail = "A customer's id is 24 hex digits, or its number.";
        Error::invalid("/path/customerId", "invalid_format", detail)
    })
}

impl Target for NamedCustomer {
    const FAILURES: &'static [Failure] = &[Failure::CustomerNotFound];

    fn key(request: &Request<'_>, organization: OrganizationId) -> Option<Key> {
        let reference = reference(request).ok()?;
        Some(match (reference.number(), reference) {
            (Some(number), _) => Key::customer(organization, number),
            (None, Reference::Id(id)) => Key::customer_id(organization, &id),
            (None, Reference::Number(_)) => return None,
        })
    }

    fn find(request: &Request<'_>, organization: OrganizationId, found: &mut Found) -> Result<Self, Error> {
        let reference = reference(request)?;
        let found = match (reference.number(), &reference) {
            (Some(number), _) => Lookup::Customer(Box::new(found.customer(organization, number)?)),
            (None, Reference::Id(id)) => Lookup::Elsewhere(found.customer_id(organization, id)?),
            (None, Reference::Number(_)) => Lookup::Elsewhere(None),
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
                (Some(customer), reference) if reference.names(&customer) => return Ok(customer),
                // An id from elsewhere that looks like one made here.
                (_, Reference::Id(id)) => cx.store().customer_number(organization, id).await?,
                (_, Reference::Number(_)) => None,
            },
            (Lookup::Elsewhere(number), _) => number,
        };
        let Some(number) = number else { return Err(Failure::CustomerNotFound.into()) };
        let customer = cx.store().customer(organization, number).await?;
        customer.filter(|customer| reference.names(customer)).ok_or_else(|| Failure::CustomerNotFound.into())
    }
}

/// The customer, told without a parent that is gone: it is a root then.
pub(crate) async fn without_lost_parent(
    cx: &Context<'_>,
    member: &Member,
    mut customer: Customer,
) -> Result<Customer, Error> {
    if let Some(parent) = customer.parent {
        let found = cx.store().customer_relatives(member.organization().id, &[parent]).await?;
        customer.parent = found.contains_key(&parent).then_some(parent);
    }
    Ok(customer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_is_named_by_number_or_by_24_hex_digits() {
        for text in ["0", "3559189708800000", "9007199254740991"] {
            assert!(matches!(Reference::parse(text), Some(Reference::Number(_))), "{text}");
        }
        for text in ["590ce6c56d04f840aa8438af", "590CE6C56D04F840AA8438AF", "000000000000000000000000"] {
            assert!(matches!(Reference::parse(text), Some(Reference::Id(_))), "{text}");
        }
        for text in ["", "-1", "+1", "1.0", "9007199254740992", "590ce6c56d04f840aa8438a", "x", "1e3", " 1"] {
            assert!(Reference::parse(text).is_none(), "{text}");
        }
    }
}
