//! A page as a bare array.

use padron_domain::{Customer, Error};
use padron_http::{Array, Context};
use serde::Serialize;

use crate::{engine::Listing, kin::told, plan::Plan};

/// The customers of a page that fit into one answer, with the way to the others.
pub(crate) fn array<T: From<Customer> + Serialize>(
    cx: &Context<'_>,
    plan: &Plan,
    mut listing: Listing,
) -> Result<Array<T>, Error> {
    let customers = std::mem::take(&mut listing.customers);
    let shown = customers.into_iter().map(|customer| T::from(told(&listing.kin, customer)));
    let (array, taken) = Array::of(shown)?;
    let next = listing.after(taken).map(|last| plan.next(cx, last.clone(), listing.count)).transpose()?;
    let array = array.next(next);
    // How many there are is told of the whole list alone.
    Ok(match listing.count.filter(|_| plan.filters.are_none()) {
        Some(count) => array.total(count),
        None => array,
    })
}
