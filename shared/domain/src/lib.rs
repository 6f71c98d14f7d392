//! The business of Padrón: ids, roles, organizations and what can go wrong with them.
//!
//! Knows no HTTP, no AWS and no JSON; everything else depends on it.

mod customer;
mod email;
mod error;
mod event;
mod fold;
mod id;
mod invitation;
mod member;
mod organization;
mod patch;
mod slug;
mod time;

pub use customer::{
    Billing, Categorization, Customer, CustomerAddress, CustomerId, CustomerKind, CustomerNumber,
    CustomerStatus, Document, Finance, NamePart, Notification, Payout, Person, PersonAddress, Telephone,
    TwoFactor,
};
pub use email::Email;
pub use error::{Error, Failure, Violation};
pub use event::{Actor, Event, EventId, Happening, NoActor};
pub use fold::{name_key, search_key};
pub use id::{Id, OrganizationId, UserId};
pub use invitation::{Invitation, InvitationId, InvitationState, InvitationStatus};
pub use member::{Membership, Profile, Role};
pub use organization::{
    AccountChanges, Address, Certificate, Customization, Legal, Organization, PdfExtra, PendingStep,
    Periodicity, Plan, Receipts, Seats, SelfInvoice, SubscriptionStatus,
};
pub use patch::Patch;
pub use slug::{SlugProblem, check_slug};
pub use time::{Clock, Timestamp};
