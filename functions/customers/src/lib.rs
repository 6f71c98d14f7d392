//! Customers: one record, in the dialects of Timbrix, Spirii and Cyrexa.

use padron_http::Registration;

pub mod create_customer;
mod cursor;
pub mod cyrexa_create;
pub mod cyrexa_get_by_organization;
pub mod cyrexa_get_by_type;
pub mod cyrexa_get_customers;
pub mod cyrexa_get_details;
mod cyrexa_search;
pub mod cyrexa_update;
pub mod cyrexa_update_status;
pub mod delete_customer;
mod engine;
pub mod get_customer;
pub mod get_customer_by_external_id;
pub mod get_customer_hierarchy;
mod kin;
pub mod list_customers;
mod named;
mod page;
mod plan;
mod query;
mod spirii;
pub mod spirii_create_customer;
pub mod spirii_list_customers;
pub mod spirii_update_customer;
pub mod update_customer;
mod write;

/// The endpoints of this package.
pub const ENDPOINTS: &[Registration] = &[
    Registration::of::<list_customers::ListCustomers>(),
    Registration::of::<create_customer::CreateCustomer>(),
    Registration::of::<get_customer::GetCustomer>(),
    Registration::of::<update_customer::UpdateCustomer>(),
    Registration::of::<get_customer_by_external_id::GetCustomerByExternalId>(),
    Registration::of::<delete_customer::DeleteCustomer>(),
    Registration::of::<get_customer_hierarchy::GetCustomerHierarchy>(),
    Registration::of::<spirii_list_customers::SpiriiListCustomers>(),
    Registration::of::<spirii_create_customer::SpiriiCreateCustomer>(),
    Registration::of::<spirii_update_customer::SpiriiUpdateCustomer>(),
    Registration::of::<cyrexa_get_customers::CyrexaGetCustomers>(),
    Registration::of::<cyrexa_get_by_organization::CyrexaGetByOrganization>(),
    Registration::of::<cyrexa_get_by_type::CyrexaGetByType>(),
    Registration::of::<cyrexa_get_details::CyrexaGetDetails>(),
    Registration::of::<cyrexa_create::CyrexaCreate>(),
    Registration::of::<cyrexa_update::CyrexaUpdate>(),
    Registration::of::<cyrexa_update_status::CyrexaUpdateStatus>(),
];
