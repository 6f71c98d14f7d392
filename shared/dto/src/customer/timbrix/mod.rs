//! Timbrix's dialect: `/organizations/{organizationId}/customers`.

mod body;
mod response;

pub use body::{CustomerFields, POINTERS};
pub use response::CustomerResponse;
