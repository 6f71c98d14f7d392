//! The business of Padrón: ids, roles, organizations and what can go wrong with them.
//!
//! Knows no HTTP, no AWS and no JSON; everything else depends on it.

mod customer;
mod error;
mod fold;
mod id;
mod member;
mod organization;
mod time;

pub use customer::{
    Billing, Categorization, Customer, CustomerAddress, CustomerId, CustomerKind, CustomerNumber,
    CustomerStatus, Document, Finance, NamePart, Notification, Payout, Person, PersonAddress, Telephone,
    TwoFactor,
};
pub use error::{Error, Failure, Violation};
pub use fold::name_key;
pub use id::{Id, OrganizationId, UserId};
pub use member::{Membership, Role};
pub use organization::{
    Address, Certificate, Customization, Legal, Organization, PdfExtra, PendingStep, Periodicity, Plan,
    Receipts, SelfInvoice, SubscriptionStatus,
};
pub use time::{Clock, Timestamp};
