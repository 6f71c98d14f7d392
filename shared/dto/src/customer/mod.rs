//! A customer as each of three published APIs shows it and writes it.

pub mod cyrexa;
mod schema;
pub mod spirii;
pub mod timbrix;
mod write;

pub use write::{CustomerBody, FieldPointers, Warning, WithWarnings};
