//! The endpoint `GET /.well-known/{document}/api` at the root of the host, where clients look for the documents of a server whose URL has a path
//! (RFC 8414 §3.1, RFC 9728 §3.1).

use padron_domain::{Error, Failure, Scope};
use padron_http::{Anonymous, Context, Endpoint, InPath, Public, ROUTE_NOT_FOUND, Route};

use crate::documents::{DocumentName, Metadata};

/// The endpoint with which clients discover the authorization server at the root of the host.
#[derive(Debug)]
pub struct OauthRootDocuments;

impl Endpoint for OauthRootDocuments {
    const ROUTE: Route = Route::get("oauth-root-documents", "/.well-known/{document}/api").at_root();
    const SUMMARY: &'static str =
        "Returns the same metadata at the root of the host, where some clients look for it";
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
