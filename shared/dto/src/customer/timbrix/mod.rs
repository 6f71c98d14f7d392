//! Timbrix's dialect: `/organizations/{organizationId}/customers`.

mod body;
mod response;

pub use body::{CustomerFields, FLAT_POINTERS, POINTERS};
pub use response::CustomerResponse;
