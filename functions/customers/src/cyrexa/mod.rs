//! Endpoints in Cyrexa's dialect: `/organization/getCustomers` and `/customer/…`.

pub mod access;
pub mod create;
pub mod create_bulk;
pub mod get_by_organization;
pub mod get_by_type;
pub mod get_customers;
pub mod get_details;
mod search;
pub mod update;
pub mod update_status;
