//! Endpoints in Spirii's dialect: `/v2/customers`.

pub mod create_customer;
pub mod list_customers;
mod show;
pub mod update_customer;
