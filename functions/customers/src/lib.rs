//! Endpoints for customers. There is one record, which each endpoint shows in the dialect of Timbrix, Spirii or Cyrexa.
//!
//! A dialect is the routes and the JSON format of another API. `list` and `write` are the same for all dialects. `timbrix`, `spirii` and
//! `cyrexa` hold the endpoints of each dialect.

use padron_http::Registration;

mod ancestors;
mod customer_count;
pub mod cyrexa;
mod import;
mod list;
mod named_customer;
pub mod spirii;
pub mod timbrix;
mod warned;
mod write;

pub use import::csv::{
    LineCounter, UNCLOSED_QUOTE, count_lines, decode_text, is_unclosed, reader as csv_reader,
};

/// The endpoints of this package.
pub const ENDPOINTS: &[Registration] = &[
    Registration::of::<timbrix::list_customers::ListCustomers>(),
    Registration::of::<timbrix::create_customer::CreateCustomer>(),
    Registration::of::<timbrix::get_customer::GetCustomer>(),
    Registration::of::<timbrix::update_customer::UpdateCustomer>(),
    Registration::of::<timbrix::get_customer_by_external_id::GetCustomerByExternalId>(),
    Registration::of::<timbrix::delete_customer::DeleteCustomer>(),
    Registration::of::<timbrix::get_customer_hierarchy::GetCustomerHierarchy>(),
    Registration::of::<timbrix::import_customers::ImportCustomers>(),
    Registration::of::<timbrix::export_customers::ExportCustomers>(),
    Registration::of::<spirii::list_customers::SpiriiListCustomers>(),
    Registration::of::<spirii::create_customer::SpiriiCreateCustomer>(),
    Registration::of::<spirii::update_customer::SpiriiUpdateCustomer>(),
    Registration::of::<cyrexa::get_customers::CyrexaGetCustomers>(),
    Registration::of::<cyrexa::get_by_organization::CyrexaGetByOrganization>(),
    Registration::of::<cyrexa::get_by_type::CyrexaGetByType>(),
    Registration::of::<cyrexa::get_details::CyrexaGetDetails>(),
    Registration::of::<cyrexa::create::CyrexaCreate>(),
    Registration::of::<cyrexa::create_bulk::CyrexaCreateBulk>(),
    Registration::of::<cyrexa::update::CyrexaUpdate>(),
    Registration::of::<cyrexa::update_status::CyrexaUpdateStatus>(),
];
