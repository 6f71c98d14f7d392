//! The local stack: the functions, the database and an issuer on one machine, with demo data.

pub mod admin;
pub mod demo;
pub mod home;
pub mod run;
pub mod serve;
pub mod supervise;
