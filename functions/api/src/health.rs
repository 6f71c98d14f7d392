//! The endpoint `GET /health`, which is open to everyone.

use padron_domain::{Error, Scope};
use padron_http::{Anonymous, Body, Context, Endpoint, NoInput, Route};
use schemars::JsonSchema;
use serde::Serialize;

/// The endpoint that reports that the API is available.
///
/// It sends no request to DynamoDB, because a monitor that finds it failing can restart functions but not tables.
#[derive(Debug)]
pub struct Health;

/// The response of the health check.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Health")]
pub struct HealthResponse {
    /// Always `ok`.
    status: &'static str,
    /// The version of the deployed API.
    version: &'static str,
}

impl Endpoint for Health {
    const ROUTE: Route = Route::get("health", "/health");
    const SUMMARY: &'static str = "Reports whether the API is available";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    type Access = Anonymous;
    type Input = NoInput;
    type Output = Body<HealthResponse>;

    async fn handle(_: &Context<'_>, _: Anonymous, _: NoInput) -> Result<Self::Output, Error> {
        Ok(Body(HealthResponse { status: "ok", version: env!("CARGO_PKG_VERSION") }))
    }
}
