//! The endpoint `GET /docs`: the API reference, a page that reads `openapi.json`.

use padron_domain::{Error, Scope};
use padron_http::{Anonymous, Context, EmbeddedFile, Endpoint, Html, NoInput, Route};

/// The endpoint of the API reference.
#[derive(Debug)]
pub struct GetDocs;

/// The page, which the build script puts together.
const PAGE: EmbeddedFile = EmbeddedFile {
    content: include_str!(concat!(env!("OUT_DIR"), "/page.html")),
    compressed: None,
    hash: include_str!(concat!(env!("OUT_DIR"), "/page.html.sha256")),
    security_policy: Some(include_str!(concat!(env!("OUT_DIR"), "/page.policy"))),
};

impl Endpoint for GetDocs {
    const ROUTE: Route = Route::get("get-docs", "/docs");
    const SUMMARY: &'static str = "Shows the API reference, with search, curl lines and requests to try";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    type Access = Anonymous;
    type Input = NoInput;
    type Output = Html;

    async fn handle(_: &Context<'_>, _: Anonymous, _: NoInput) -> Result<Html, Error> {
        Ok(Html(PAGE))
    }
}
