//! The test kit: the whole API in process, with a database and tools to inspect and disturb it.
//!
//! Requests go through the real dispatch and the real SDK to the embedded engine. A proxy in front of the engine
//! records every request, and injects faults that the engine itself does not have.

mod app;
mod coverage;
mod delivery;
mod description;
mod event_bus;
mod key_server;
mod oauth;
mod proxy;
mod receiver;
mod response;
mod saved_tables;

pub use app::{Call, Environment, TestApp, TestAppBuilder, Tokens};
pub use event_bus::EventBusServer;
pub use key_server::{KeyServer, Page};
pub use proxy::{Fault, FaultProxy, Recorded};
pub use receiver::{Received, Receiver, ReceiverResponse};
pub use response::TestResponse;
pub use saved_tables::SavedTables;
