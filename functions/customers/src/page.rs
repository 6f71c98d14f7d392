//! A page as a bare array.

use padron_domain::{Customer, CustomerNumber, Error};
use padron_http::{Array, Context};
use padron_store::CustomersPage;
use serde::Serialize;

use crate::query::Plan;

/// The customers of a page that fit into one answer, with the way to the others.
pub(crate) fn array<T: From<Customer> + Serialize>(
    cx: &Context<'_>,
    plan: &Plan,
    path: &str,
    page: CustomersPage,
    count: u64,
) -> Result<Array<T>, Error> {
    let CustomersPage { customers, more } = page;
    let numbers: Vec<CustomerNumber> = customers.iter().map(|customer| customer.number).collect();
    let (array, taken) = Array::of(customers.into_iter().map(T::from))?;
    let more = more || taken < numbers.len();
    let last = numbers[..taken].last().filter(|_| more);
    Ok(array.next(last.map(|last| plan.next(cx, path, *last))).total(count))
}
