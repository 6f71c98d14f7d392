//! The one DynamoDB table behind Padrón.
//!
//! Keys, items, expressions and attribute values stay in here; what comes out is the domain's. A request works through
//! its own [`Store`], which knows the request's deadline and counts what it spends.

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
mod purge;
mod read;
mod rows;
mod scan;
mod secret;
mod table;
mod transaction;
mod users;

pub use action::{Action, On};
pub use client::{AMAZON_ROOTS, Connection, Credentials, Roots};
pub use customers::{Ancestor, CustomerTaken, CustomersPage, Span};
pub use idempotency::{Recorded, RequestId};
pub use invitations::{InvitationAccess, InvitationToken};
pub use key::Key;
pub use organizations::{Belonging, OrganizationAccess, Place};
pub use purge::{Due, Pace, Purge, Turn};
pub use read::Found;
pub use rows::{Order, Stretch};
pub use scan::Page;
pub use secret::{Purpose, Secrets};
pub use table::{Backoff, Spent, Store};
pub use transaction::{Change, TransactionError};
