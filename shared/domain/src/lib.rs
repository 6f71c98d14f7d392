//! The business of Padrón: ids, roles, organizations and what can go wrong with them.
//!
//! Knows no HTTP, no AWS and no JSON; everything else depends on it.

mod country;
mod customer;
mod email;
mod error;
mod event;
mod fold;
mod https_url;
mod id;
mod invitation;
mod latin;
mod member;
mod metadata;
mod organization;
mod patch;
mod sat;
mod slug;
mod text;
mod time;

pub use country::{MEXICO, alpha_2_of_alpha_3, alpha_3_of_alpha_2, alpha_3_of_words};
pub use customer::{
    Billing, Categorization, Customer, CustomerAddress, CustomerField, CustomerFilter, CustomerId,
    CustomerKind, CustomerNumber, CustomerReference, CustomerRow, CustomerSort, CustomerStatus, Direction,
    Document, Finance, Finding, Kin, NamePart, Notification, Payout, Person, PersonAddress, Position,
    Relative, Selection, Start, Telephone, TwoFactor, Within, name_sort_key, select,
};
pub use email::Email;
pub use error::{Error, Failure, Violation};
pub use event::{Actor, Event, EventId, Happening, NoActor};
pub use fold::{name_key, search_key};
pub use https_url::{LONGEST_URL, https_url};
pub use id::{Id, OrganizationId, UserId};
pub use invitation::{Invitation, InvitationId, InvitationState, InvitationStatus};
pub use member::{Membership, Profile, Role};
pub use metadata::{LONGEST_KEY, LONGEST_VALUE, MOST_ENTRIES, Metadata};
pub use organization::{
    AccountChanges, Address, Certificate, Customization, Legal, Organization, PdfExtra, PendingStep,
    Periodicity, Plan, Receipts, Seats, SelfInvoice, SubscriptionStatus,
};
pub use patch::Patch;
pub use sat::{Applies, InvoiceUse, Rfc, RfcProblem, TaxPerson, TaxSystem};
pub use slug::{RESERVED_SLUGS, SLUG_LENGTH, SLUG_PATTERN, SlugProblem, check_slug};
pub use text::{LINE_PATTERN, to_line, trim};
pub use time::{Clock, InstantProblem, Timestamp};
