//! From an API Gateway event to an endpoint and back.
//!
//! An endpoint implements [`Endpoint`]: its route, who may call it, what it takes and what it answers. [`serve`] makes a
//! Lambda function of it; [`App::answer`] is what both it and the tests call.

mod access;
mod app;
mod endpoint;
mod event;
mod input;
mod log;
pub mod openapi;
mod problem;
mod reply;
mod route;
mod serve;
mod settings;

pub use access::{Access, Admin, Anonymous, CredentialMember, Member, Owner, Rule, SignedIn, TenantMember};
pub use app::{App, Context};
pub use endpoint::{Endpoint, Registration, Run};
pub use event::Request;
pub use input::{AnyInput, Input, Json, NoInput, unknown_parameter};
pub use log::Log;
pub use problem::{Problem, Shape, shape};
pub use reply::{Array, Body, Output, Page, Reply, Response, Versioned};
pub use route::{BASE_PATH, Method, Route};
pub use serve::{Exit, serve};
pub use settings::{Settings, SettingsError};
