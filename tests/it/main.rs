//! The integration tests of the API, in one binary.
//!
//! There is a file for each endpoint, and one for each guarantee that spans endpoints.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accept_invitation;
mod access;
mod api_key_races;
mod api_keys;
mod check_slug;
mod commands;
mod create_customer;
mod create_organization;
mod cyrexa_get_customers;
mod delete_organization;
mod deliveries;
mod demo_customers;
mod deploy;
mod description;
mod dialects;
mod docs;
mod errors;
mod events;
mod export_organization;
mod external_ids;
mod faults;
mod get_customer;
mod get_member;
mod get_organization;
mod health;
mod hierarchy;
mod idempotency;
mod instants;
mod invite_member;
mod invite_members;
mod isolation;
mod list_customers;
mod list_engine;
mod list_event_types;
mod list_events;
mod list_invitations;
mod list_members;
mod list_model;
mod list_organizations;
mod not_found;
mod oauth_access;
mod oauth_apps;
mod oauth_keys;
mod oauth_token;
mod operator;
mod probes;
mod purge_organizations;
mod races;
mod remove_member;
mod search;
mod settings;
mod spellings;
mod spirii_list_customers;
mod store;
mod support;
mod tokens;
mod transfer_organization;
mod update_member_role;
mod update_organization;
mod users;
mod webhooks;
mod wiring;
