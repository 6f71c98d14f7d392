//! Cyrexa's dialect: `/organization/getCustomers` and `/customer/…`.
//!
//! Cyrexa's page shows passwords, PINs, answers and codes. They are never stored and never returned.

mod body;
mod customer_type;
mod parts;
mod response;

pub use body::{CustomerFields, POINTERS};
pub use customer_type::CustomerType;
pub use response::{CustomerEnvelope, CustomerResponse, CustomersResponse};
