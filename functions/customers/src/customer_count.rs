//! The number of an organization's customers, read in the same batch as the caller's membership.

use padron_domain::{Error, OrganizationId};
use padron_http::{NamedResource, Request};
use padron_store::{Action, Items, Read, Store};

/// The number of the customers of an organization.
#[derive(Clone, Copy, Debug)]
pub struct CustomerCount(pub u64);

impl<I> NamedResource<I> for CustomerCount {
    const ACTIONS: &'static [Action] = Store::CUSTOMER_COUNT;

    type Name = ();

    fn name(_: &Request<'_>, _: &I) -> Result<(), Error> {
        Ok(())
    }

    fn read((): &(), _: OrganizationId) -> Option<Read> {
        Some(Read::CustomerCount)
    }

    fn from_items((): (), _: OrganizationId, items: &mut Items) -> Result<Self, Error> {
        Ok(Self(items.customer_count()))
    }
}
