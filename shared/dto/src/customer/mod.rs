//! Customers in the dialects of three published APIs: Cyrexa, Spirii and Timbrix.
//!
//! Each dialect has a module with its request and response bodies.

pub mod cyrexa;
pub mod record;
mod schema;
pub mod spirii;
pub mod timbrix;
mod write;

pub use write::{CustomerBody, FieldPointers};
