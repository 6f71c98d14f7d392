//! The local stack: the functions, the database and an issuer on one machine, with demo data.
//!
//! The modules form layers. Each uses only modules further up in this list:
//!
//! 1. `data_dir`, `processes`, `error`: files, child processes, messages.
//! 2. `demo`: the demo data.
//! 3. `event_sources`: what invokes the background functions. `run`, `serve`: the two ways to serve the API.
//! 4. `listen`: a receiver of webhooks. `import`: files with customers. `admin`: commands that change data. `wire` and `declared`: commands for development.

pub mod admin;
pub mod data_dir;
pub mod declared;
pub mod demo;
pub mod description;
mod error;
pub mod event_sources;
pub mod import;
pub mod listen;
pub mod processes;
pub mod run;
pub mod serve;
pub mod wire;
