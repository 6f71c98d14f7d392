//! What tests are written with: the whole API in process, through the real dispatch and the real SDK, against the embedded
//! engine, with a proxy before it that records every request and injects the faults the engine does not know.

mod answer;
mod app;
mod coverage;
mod description;
mod key_server;
mod proxy;

pub use answer::Answer;
pub use app::{Call, TestApp, TestAppBuilder, Tokens};
pub use key_server::{KeyServer, Page};
pub use proxy::{Fault, FaultProxy, Recorded};
