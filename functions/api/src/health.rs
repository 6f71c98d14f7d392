//! `GET /health`: whether the API serves, for everyone.

use padron_domain::Error;
use padron_http::{Anonymous, Body, Context, Endpoint, NoInput, Route};
use schemars::JsonSchema;
use serde::Serialize;

/// Says that it is there. Asks nothing of the database: whoever watches this restarts functions, not tables.
#[derive(Debug)]
pub struct Health;

/// What it says.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Health")]
pub struct HealthResponse {
    /// `ok`.
    status: &'static str,
    /// Version of what is deployed.
    version: &'static str,
}

impl Endpoint for Health {
    const ROUTE: Route = Route::get("health", "/health");
    const SUMMARY: &'static str = "Whether the API serves";
    type Access = Anonymous;
    type Input = NoInput;
    type Output = Body<HealthResponse>;

    async fn handle(_: &Context<'_>, _: Anonymous, _: NoInput) -> Result<Self::Output, Error> {
        Ok(Body(HealthResponse { status: "ok", version: env!("CARGO_PKG_VERSION") }))
    }
}
