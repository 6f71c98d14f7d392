//! The local stack: the functions, the database and an issuer on one machine, with demo data.

pub mod admin;
pub mod data_dir;
pub mod declared;
pub mod demo;
pub mod processes;
pub mod run;
pub mod serve;
pub mod wire;
