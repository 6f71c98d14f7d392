//! The customer in Spirii's dialect.

use padron_domain::{Customer, Error, Role};
use padron_dto::customer::spirii::CustomerResponse;
use padron_http::{Context, MemberByCredential};

use crate::ancestors::{AncestorDepth, cpo_of, parent_reference, read_ancestors_of_one};

/// Returns the customer in Spirii's dialect, with the current names of its ancestors.
pub(super) async fn show(
    cx: &Context<'_>,
    caller: &MemberByCredential,
    customer: Customer,
) -> Result<CustomerResponse, Error> {
    let ancestors = read_ancestors_of_one(cx.store(), &customer, AncestorDepth::Cpo).await?;
    let (owner, cpo) = (parent_reference(&ancestors, &customer), cpo_of(&ancestors, &customer));
    Ok(CustomerResponse::new(customer, owner, cpo, sees_account_numbers(caller.role())))
}

/// Returns whether a member with this role sees whole account numbers. Other members may write them without seeing them again.
pub(super) fn sees_account_numbers(role: Role) -> bool {
    role >= Role::Admin
}
