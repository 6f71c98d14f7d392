//! The one DynamoDB table behind Padrón.
//!
//! Keys, items, expressions and attribute values stay in here; what comes out is the domain's. A request works through
//! its own [`Store`], which knows the request's deadline and counts what it spends.

mod action;
mod client;
mod item;
mod key;
mod organizations;
mod read;
mod table;
mod transaction;

pub use action::{Action, On};
pub use client::{Connection, Credentials};
pub use key::Key;
pub use organizations::{OrganizationAccess, Taken};
pub use table::{Spent, Store};
pub use transaction::TransactionError;
