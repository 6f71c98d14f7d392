//! A customer as each of three published APIs shows it.

pub mod cyrexa;
pub mod spirii;
pub mod timbrix;
