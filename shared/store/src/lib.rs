//! The store of Padrón: typed operations on one DynamoDB table.
//!
//! DynamoDB's items, expressions and attribute values do not leave this crate. Its functions take and return the types
//! of `padron_domain`. Each request uses its own [`Store`], which has the request's deadline and counts the capacity
//! that the request consumes.

mod action;
mod client;
mod customers;
mod events;
mod expression;
mod idempotency;
mod invitations;
mod item;
mod key;
mod members;
mod organizations;
mod profile;
mod purge;
mod range_query;
mod read;
mod roster;
mod row;
mod rows;
mod secret;
mod table;
mod transaction;
mod users;

pub use action::{Action, Resource};
pub use client::{AMAZON_ROOTS, Connection, Credentials, TrustedRoots};
pub use customers::{AncestorLink, CustomerConflict, CustomersPage, NumberRange};
pub use idempotency::IdempotencyRecord;
pub use invitations::{InvitationAccess, InvitationToken, InvitationWithOrganization, InvitationsPage};
pub use key::{IdempotencyId, Key};
pub use organizations::{MembershipEntry, MembershipWithOrganization, OrganizationAccess};
pub use purge::{PurgeCandidate, PurgeOutcome, TimeSlice, WriteRateLimiter};
pub use range_query::{Page, QueryPage};
pub use read::{Consistency, Items, Read};
pub use rows::{CustomersByNumber, IndexOrder, IndexRange};
pub use secret::{Purpose, Secrets};
pub use table::{Backoff, Spent, Store};
pub use transaction::{Transaction, TransactionError};
