//! Customers: one record, in the dialects of Timbrix, Spirii and Cyrexa.

use padron_http::Registration;

pub mod cyrexa_get_customers;
pub mod delete_customer;
mod family;
pub mod get_customer;
pub mod get_customer_by_external_id;
pub mod list_customers;
mod named;
mod page;
mod query;
pub mod spirii_list_customers;

/// The endpoints of this package.
pub const ENDPOINTS: &[Registration] = &[
    Registration::of::<list_customers::ListCustomers>(),
    Registration::of::<get_customer::GetCustomer>(),
    Registration::of::<get_customer_by_external_id::GetCustomerByExternalId>(),
    Registration::of::<delete_customer::DeleteCustomer>(),
    Registration::of::<spirii_list_customers::SpiriiListCustomers>(),
    Registration::of::<cyrexa_get_customers::CyrexaGetCustomers>(),
];
