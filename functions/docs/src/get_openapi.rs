//! The endpoint `GET /openapi.json`, which describes the API for programs.

use padron_domain::{Error, Scope};
use padron_http::{Anonymous, Context, EmbeddedFile, Endpoint, JsonFile, NoInput, Route};

/// The endpoint of the API description.
#[derive(Debug)]
pub struct GetOpenapi;

/// The description. Its servers are relative to its own address.
const DESCRIPTION: EmbeddedFile = EmbeddedFile {
    content: include_str!(concat!(env!("OUT_DIR"), "/openapi.json")),
    compressed: Some(include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json.gz"))),
    hash: include_str!(concat!(env!("OUT_DIR"), "/openapi.json.sha256")),
    security_policy: None,
};

impl Endpoint for GetOpenapi {
    const ROUTE: Route = Route::get("get-openapi", "/openapi.json");
    const SUMMARY: &'static str = "Describes the API for programs (OpenAPI 3.1)";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    type Access = Anonymous;
    type Input = NoInput;
    type Output = JsonFile;

    async fn handle(_: &Context<'_>, _: Anonymous, _: NoInput) -> Result<JsonFile, Error> {
        Ok(JsonFile(DESCRIPTION))
    }
}
