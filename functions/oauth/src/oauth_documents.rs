//! The endpoint `GET /.well-known/{document}`, with which clients discover the authorization server and the API.

use padron_domain::{Error, Failure, Scope};
use padron_http::{Anonymous, Context, Endpoint, InPath, Public, ROUTE_NOT_FOUND, Route};

use crate::documents::{DocumentName, Metadata};

/// The endpoint with which clients discover the authorization server.
#[derive(Debug)]
pub struct OauthDocuments;

impl Endpoint for OauthDocuments {
    const ROUTE: Route = Route::get("oauth-documents", "/.well-known/{document}");
    const SUMMARY: &'static str =
        "Returns the metadata of the authorization server (RFC 8414) or of the API (RFC 9728)";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    const FAILURES: &'static [&'static [Failure]] = &[&[ROUTE_NOT_FOUND]];
    type Access = Anonymous;
    type Input = InPath<DocumentName>;
    type Output = Public<Metadata>;

    async fn handle(
        cx: &Context<'_>,
        _: Anonymous,
        InPath(name): InPath<DocumentName>,
    ) -> Result<Self::Output, Error> {
        Metadata::of(cx, name).map(Public)
    }
}
