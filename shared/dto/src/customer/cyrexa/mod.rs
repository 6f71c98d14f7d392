//! Cyrexa's dialect: `/organization/getCustomers` and `/customer/…`.
//!
//! Its page shows passwords, PINs, answers and codes. They are never stored, so they are never answered.

mod body;
mod customer_type;
mod parts;
mod response;

pub use body::{CustomerFields, POINTERS};
pub use customer_type::CustomerType;
pub use response::{CustomerEnvelope, CustomerResponse, CustomersResponse};
