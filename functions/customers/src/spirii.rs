//! A customer as Spirii shows it.

use padron_domain::{Customer, Error, Role};
use padron_dto::customer::spirii::CustomerResponse;
use padron_http::{Context, Member};

use crate::kin::{Reach, cpo_of, kin_now, owner_of};

/// The customer, with the names of those above it as they are now.
pub(crate) async fn shown(
    cx: &Context<'_>,
    member: &Member,
    customer: Customer,
) -> Result<CustomerResponse, Error> {
    let kin = kin_now(cx.store(), &customer, Reach::Cpo).await?;
    let (owner, cpo) = (owner_of(&kin, &customer), cpo_of(&kin, &customer));
    Ok(CustomerResponse::new(customer, owner, cpo, sees_account_numbers(member)))
}

/// Account numbers are shown whole to admins only; members may set them without seeing them again.
pub(crate) fn sees_account_numbers(member: &Member) -> bool {
    role_sees_account_numbers(member.membership().role)
}

pub(crate) fn role_sees_account_numbers(role: Role) -> bool {
    role >= Role::Admin
}
