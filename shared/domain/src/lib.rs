//! The business of Padrón: ids, roles, organizations and what can go wrong with them.
//!
//! Knows no HTTP, no AWS and no JSON; everything else depends on it.

mod error;
mod id;
mod member;
mod organization;
mod time;

pub use error::{Error, Failure, Violation};
pub use id::{Id, OrganizationId, UserId};
pub use member::{Membership, Role};
pub use organization::{
    Address, Certificate, Customization, Legal, Organization, PdfExtra, PendingStep, Periodicity, Plan,
    Receipts, SelfInvoice, SubscriptionStatus,
};
pub use time::{Clock, Timestamp};
