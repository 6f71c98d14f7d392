//! The one DynamoDB table behind Padrón.
//!
//! Keys, items, expressions and attribute values stay in here; what comes out is the domain's. A request works through
//! its own [`Store`], which knows the request's deadline and counts what it spends.

mod action;
mod client;
mod customers;
mod item;
mod key;
mod organizations;
mod read;
mod secret;
mod table;
mod transaction;

pub use action::{Action, On};
pub use client::{AMAZON_ROOTS, Connection, Credentials, Roots};
pub use customers::{CustomerTaken, CustomersPage, Direction, Relative, Span};
pub use key::Key;
pub use organizations::{OrganizationAccess, Taken};
pub use secret::Secrets;
pub use table::{Spent, Store};
pub use transaction::TransactionError;
