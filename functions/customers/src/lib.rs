//! Customers: one record, in the dialects of Timbrix, Spirii and Cyrexa.

use padron_http::Registration;

pub mod cyrexa_get_customers;
mod family;
pub mod list_customers;
mod page;
mod query;
pub mod spirii_list_customers;

/// The endpoints of this package.
pub const ENDPOINTS: &[Registration] = &[
    Registration::of::<list_customers::ListCustomers>(),
    Registration::of::<spirii_list_customers::SpiriiListCustomers>(),
    Registration::of::<cyrexa_get_customers::CyrexaGetCustomers>(),
];
