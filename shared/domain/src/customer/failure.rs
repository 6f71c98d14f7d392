//! Failures of requests about customers.

use crate::{Failure, FailureClass};

impl Failure {
    /// The organization has no such customer.
    pub const CUSTOMER_NOT_FOUND: Self =
        Self::new(FailureClass::NotFound, "customer_not_found", "Customer not found");

    /// A filter names a customer that the organization does not have.
    pub const CUSTOMER_NOT_ACCESSIBLE: Self = Self::new(
        FailureClass::Forbidden,
        "customer_not_accessible",
        "Access denied. The organization has no customer that this filter names",
    )
    .with_hint("`parentId`, `ownerId` and `cpoId` name customers of this organization.");

    /// The list cannot be streamed, and the organization has too many customers for it.
    pub const QUERY_TOO_BROAD: Self = Self::new(FailureClass::Unprocessable, "query_too_broad", "The organization has too many customers for this list")
        .with_hint("Sort by `id`, `createdAt`, `name` or `updatedAt` without other filters than a range of that time, and follow \
                     the cursor; or name customers in `customerIds`, by external id, or as children in the hierarchy.");

    /// Another customer of the organization has this external id.
    pub const EXTERNAL_ID_TAKEN: Self = Self::new(
        FailureClass::Conflict,
        "external_id_taken",
        "Another customer of this organization has this external id",
    )
    .with_hint(
        "Choose another one, or update the customer that has it: GET …/customers/external/{externalId}.",
    );

    /// A customer cannot be below itself in the hierarchy.
    pub const HIERARCHY_CYCLE: Self =
        Self::new(FailureClass::Conflict, "hierarchy_cycle", "A customer cannot be below itself")
            .with_hint("The parent is the customer itself, or somewhere below it. Choose another parent.");

    /// The hierarchy would have more than [`Customer::MAX_DEPTH`](crate::Customer::MAX_DEPTH) levels.
    pub const HIERARCHY_TOO_DEEP: Self = Self::new(
        FailureClass::Conflict,
        "hierarchy_too_deep",
        "A hierarchy of customers has at most eight levels",
    )
    .with_hint("Choose a parent that is higher up.");

    /// The parent of a CPOSubsidiary is neither a CPO nor another CPOSubsidiary.
    pub const PARENT_NOT_CPO: Self = Self::new(
        FailureClass::Conflict,
        "parent_not_cpo",
        "A CPOSubsidiary belongs to a CPO or to another CPOSubsidiary",
    )
    .with_hint("Choose another parent, or another type.");
}
