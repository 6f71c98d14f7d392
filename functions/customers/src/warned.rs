//! Responses with warnings.

use padron_domain::Finding;
use padron_dto::{WithWarnings, customer::FieldPointers};
use padron_http::VersionedPart;

/// A customer that was written, and warnings about values that may be wrong.
pub(crate) type CustomerWithWarnings<T> = VersionedPart<WithWarnings<T>, T>;

/// Returns the response for a version of a customer. `pointers` are the JSON pointers of the fields in that customer.
pub(crate) fn with_warnings<T>(
    version: u64,
    customer: T,
    warnings: Vec<Finding>,
    pointers: FieldPointers,
) -> CustomerWithWarnings<T> {
    let body = WithWarnings::of_customer(customer, warnings, pointers);
    VersionedPart { version, body, record: |body| &body.record }
}
