//! A page of a list as a JSON array.

use padron_domain::{Customer, Error};
use padron_http::{Array, Context};
use serde::Serialize;

use super::{Listing, Plan};
use crate::ancestors::with_live_parent;

/// Returns the customers of a page that fit into one response, with the link to the next page.
pub(crate) fn array<T: From<Customer> + Serialize>(
    cx: &Context<'_>,
    plan: &Plan,
    mut listing: Listing,
) -> Result<Array<T>, Error> {
    let customers = std::mem::take(&mut listing.customers);
    let shown = customers.into_iter().map(|customer| T::from(with_live_parent(&listing.ancestors, customer)));
    let array = Array::new(shown)?;
    let next =
        listing.after(array.len()).map(|last| plan.next(cx, last.clone(), listing.count)).transpose()?;
    let array = array.next(next);
    // The total is returned only for the whole list, without filters.
    Ok(match listing.count.filter(|_| plan.filters.is_empty()) {
        Some(count) => array.total(count),
        None => array,
    })
}
