//! From an API Gateway event to an endpoint and back.
//!
//! An endpoint implements [`Endpoint`]: its route, who may call it, what it takes and what it answers. [`serve`] makes a
//! Lambda function of it; [`App::answer`] is what both it and the tests call.

mod access;
mod app;
mod commit;
mod endpoint;
mod event;
mod idempotency;
mod input;
mod job;
mod json;
mod log;
pub mod openapi;
mod problem;
mod query;
mod reply;
mod route;
mod serve;
mod settings;

pub use access::{
    Access, Admin, AdminOrSelf, Anonymous, CredentialMember, CustomerCount, DeletedOwner, Entered, Member,
    MemberOfTenant, OneSelf, Owner, Rule, SignedIn, Target, TenantMember,
};
pub use app::{App, Context, Retries};
pub use commit::Written;
pub use endpoint::{Endpoint, Redact, Registration, Run};
pub use event::{PathEncoding, Request};
pub use input::{AnyInput, Bounded, Input, Json, NoInput, ReadBack, unknown_parameter};
pub use job::{Job, JobContext, JobRegistration, RunJob};
pub use json::member_pointer;
pub use log::Log;
pub use padron_dto::Object;
pub use problem::{Problem, Shape, shape};
pub use query::{Paging, Query, cursor_schema, instant};
pub use reply::{
    Array, Body, Changes, Created, Issued, Lines, MultiStatus, NoContent, Output, Page, Reply, Response,
    Versioned, Warned,
};
pub use route::{BASE_PATH, Method, Route};
pub use serve::{Exit, serve, serve_job};
pub use settings::{Settings, SettingsError};
