//! The fallback endpoint: 404 for an unknown path, 405 for a known path with another method.

use padron_domain::{Error, Failure, Scope};
use padron_http::{
    Anonymous, AnyInput, Context, Endpoint, METHOD_NOT_ALLOWED, ROUTE_NOT_FOUND, Response, Route,
};

/// The endpoint for requests that no other route matches.
#[derive(Debug)]
pub struct NotFound;

impl Endpoint for NotFound {
    const ROUTE: Route = Route::fallback("not-found");
    const SUMMARY: &'static str = "Responds to requests that match no other route";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    const FAILURES: &'static [&'static [Failure]] = &[&[ROUTE_NOT_FOUND, METHOD_NOT_ALLOWED]];
    type Access = Anonymous;
    type Input = AnyInput;
    type Output = Response;

    async fn handle(cx: &Context<'_>, _: Anonymous, _: AnyInput) -> Result<Response, Error> {
        let allowed = methods_of(cx.request.path());
        // A path outside the API's base path can look like one of its routes. A route that has the request's method did not match, so the
        // path is unknown.
        if allowed.is_empty() || allowed.contains(&cx.request.method()) {
            return Err(ROUTE_NOT_FOUND.into());
        }
        let problem = Response::problem(&METHOD_NOT_ALLOWED.into(), cx.request_id, cx.issuer());
        Ok(problem.header("allow", allowed.join(", ")))
    }
}

/// Returns the methods of the routes that match a path, with the precedence of the router: where a route names the path literally, routes
/// with parameters in its place are left out.
fn methods_of(path: &str) -> Vec<&'static str> {
    let matching = || ROUTES.iter().filter_map(|route| Some((route, route.captures(path)?.len())));
    let fewest = matching().map(|(_, parameters)| parameters).min();
    let methods = matching()
        .filter(|(_, parameters)| Some(*parameters) == fewest)
        .flat_map(|(route, _)| route.methods());
    methods.collect()
}

/// The routes of all endpoints, without their handlers, whose code is therefore not linked into this function.
const ROUTES: &[Route] = &{
    let mut routes = [NotFound::ROUTE; count()];
    let (mut package, mut next) = (0, 0);
    while package < crate::PACKAGES.len() {
        let mut endpoint = 0;
        while endpoint < crate::PACKAGES[package].len() {
            routes[next] = crate::PACKAGES[package][endpoint].route;
            (endpoint, next) = (endpoint + 1, next + 1);
        }
        package += 1;
    }
    routes
};

const fn count() -> usize {
    let (mut package, mut count) = (0, 0);
    while package < crate::PACKAGES.len() {
        count += crate::PACKAGES[package].len();
        package += 1;
    }
    count
}
