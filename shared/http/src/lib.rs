//! From an API Gateway event to an endpoint and back.
//!
//! An endpoint implements [`Endpoint`]: its route, its access check, its input and its output. [`serve`] makes a Lambda function of
//! it; [`App::respond`] is what both the function and the tests call.
//!
//! The modules form layers. Each uses only modules further up in this list:
//!
//! 1. `concat`, `json`, `metrics`, `log`, `route`, `size`: values without a request.
//! 2. `event` and `parameter`: the request. `problem`: failures. `read_back`: records that clients send back.
//! 3. `describe`: one operation of the API description. `entity_tag`, `response`: the response.
//! 4. `input`, `bounded` and `output`: what endpoints take and return.
//! 5. `settings`, `environment`, `rate_limit`, `signing_keys` and `context`: one request being handled. `query`: parameters of lists. `idempotency`, `commit`: writes.
//! 6. `access`: who may call.
//! 7. `endpoint` and `background`: what is registered. `openapi`: the whole API description.
//! 8. `app` and `serve`: the shell around all handlers.

mod access;
mod app;
mod background;
mod bounded;
mod commit;
mod concat;
mod context;
mod describe;
mod endpoint;
mod entity_tag;
mod environment;
mod event;
mod idempotency;
mod input;
mod json;
mod log;
mod metrics;
mod multipart;
pub mod openapi;
mod output;
mod parameter;
mod problem;
mod query;
mod rate_limit;
mod read_back;
mod response;
mod route;
mod serve;
mod settings;
mod signing_keys;
mod size;

pub use access::{
    Access, AccessCheck, Admin, AdminByCredential, AdminOrNamedMember, AdminOrOwner, Anonymous, AnyMember,
    Authorization, Caller, KeyHolder, Member, MemberByCredential, NamedResource, OnlyOrganization, OnlyOwner,
    OrganizationSource, Owner, OwnerIncludingDeleted, Policy, SelfOnly, SelfOrKey, SignedIn, UNAUTHENTICATED,
    UserOrKey, VisibleOrganizations, WithAppRegistry, WithKeyRegistry, WithWebhookRegistry,
    active_organizations, authenticate, named_organization, presented_key, verify,
};
pub use app::App;
pub use background::{
    BackgroundContext, BackgroundRegistration, BackgroundResponse, Consumed, Consumer, Job, RunBackground,
    Source, Trigger, UNREADABLE,
};
pub use bounded::{SizeLimited, without_secrets};
pub use commit::Written;
pub use concat::concat;
pub use context::{Context, Redact, Retries};
pub use endpoint::{Endpoint, Registration, RunEndpoint, Variable};
pub use entity_tag::EntityTag;
pub use environment::Environment;
pub use event::{PAYLOAD_TOO_LARGE, PathEncoding, Request};
pub use idempotency::IDEMPOTENCY_KEY_REUSED;
pub use input::{
    AnyInput, InPath, Input, Json, LazyInput, NoInput, OptionalJson, TwoInPath, UNSUPPORTED_MEDIA_TYPE,
    decode_json, decode_json_array, from_value, json_bytes, no_encoding, unknown_parameter, unsupported,
};
pub use json::member_pointer;
pub use log::Log;
pub use metrics::Metrics;
pub use multipart::{Multipart, MultipartForm, PartDescription, Parts};
pub use output::{
    Accepted, Array, Body, Changes, Created, CreatedWithoutLocation, FilePart, Html, JsonFile, LineFormat,
    Lines, MultiStatus, Ndjson, NoContent, Output, PAGE_TOO_LARGE, Page, Picture, Public, Versioned,
    VersionedPart,
};
pub use padron_dto::Object;
pub use parameter::{
    MemberId, NamedInPath, ParameterDescription, PathParameter, PathParameterDescription, uuid_schema,
};
pub use problem::{ErrorFormat, OauthProblem, Problem, oauth_error, status};
pub use query::{
    PageRequest, Query, cursor_schema, describe_cursor, encode_parameter, instant, invalid_cursor,
};
pub use rate_limit::RateStatus;
pub use read_back::{ReadOnlyFields, to_sent_back_json};
pub use response::{EmbeddedFile, GatewayResponse, Response};
pub use route::{BASE_PATH, METHOD_NOT_ALLOWED, Method, ROUTE_NOT_FOUND, Route};
pub use serve::{Exit, serve, serve_consumer, serve_job};
pub use settings::{
    BucketLocation, BusLocation, KeyLocation, Login, Options, QueueLocation, Settings, SettingsError,
    is_https_or_loopback,
};
pub use signing_keys::{SigningKeys, jwks};
pub use size::size_violations;
