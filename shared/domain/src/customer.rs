//! Customers: one record that the three dialects of the API write and read.

mod ancestors;
mod failure;
mod id;
mod list;
mod record;
mod reference;
mod rules;

pub use ancestors::{Ancestor, Ancestors};
pub use id::{CustomerId, CustomerNumber};
pub use list::{
    CustomerFilter, CustomerRow, CustomerSort, Direction, PageStart, Position, SelectedPage, TimeRange,
    name_sort_key, select_page,
};
pub use record::{
    Billing, Categorization, Customer, CustomerAddress, CustomerKind, CustomerStatus, Document, Finance,
    NamePart, Notification, Payout, Person, PersonAddress, Telephone, TwoFactor,
};
pub use reference::CustomerReference;
pub use rules::{CustomerField, Finding};
