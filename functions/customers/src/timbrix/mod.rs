//! Endpoints in Timbrix's dialect: `/organizations/{organizationId}/customers`.

pub mod create_customer;
pub mod delete_customer;
pub mod export_customers;
pub mod get_customer;
pub mod get_customer_by_external_id;
pub mod get_customer_hierarchy;
pub mod import_customers;
pub mod list_customers;
pub mod update_customer;
