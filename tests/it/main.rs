//! The tests of the API: one binary, a file per endpoint, and one per guarantee that spans endpoints.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod cyrexa_get_customers;
mod errors;
mod events;
mod get_organization;
mod health;
mod list_customers;
mod local_stack;
mod not_found;
mod probes;
mod settings;
mod spirii_list_customers;
mod store;
mod support;
mod tokens;
mod wiring;
