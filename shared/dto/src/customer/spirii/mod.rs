//! Spirii's dialect: `/v2/customers`.

mod body;
mod response;

pub use body::{CustomerFields, POINTERS};
pub use response::{CustomerResponse, PageResponse, Reference, mask_account_numbers};
