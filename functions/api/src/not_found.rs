//! What no other route takes: 404, or 405 where the path is known.

use padron_domain::{Error, Failure};
use padron_http::{
    Anonymous, AnyInput, Context, Endpoint, METHOD_NOT_ALLOWED, ROUTE_NOT_FOUND, Reply, Route,
};

/// Answers what no other endpoint does.
#[derive(Debug)]
pub struct NotFound;

impl Endpoint for NotFound {
    const ROUTE: Route = Route::fallback("not-found");
    const SUMMARY: &'static str = "Unknown routes";
    const FAILURES: &'static [&'static [Failure]] = &[&[ROUTE_NOT_FOUND, METHOD_NOT_ALLOWED]];
    type Access = Anonymous;
    type Input = AnyInput;
    type Output = Reply;

    async fn handle(cx: &Context<'_>, _: Anonymous, _: AnyInput) -> Result<Reply, Error> {
        let allowed = methods_of(cx.request.path());
        // A path outside the API's base can look like one of its own.
        if allowed.is_empty() || allowed.contains(&cx.request.method()) {
            return Err(ROUTE_NOT_FOUND.into());
        }
        let problem = Reply::problem(&METHOD_NOT_ALLOWED.into(), cx.request_id);
        Ok(problem.header("allow", allowed.join(", ")))
    }
}

/// The methods of a path, as the router would find it: where a route names the path to the letter, routes with parameters
/// in its place are not meant.
fn methods_of(path: &str) -> Vec<&'static str> {
    let matching = || ROUTES.iter().filter_map(|route| Some((route, route.captures(path)?.len())));
    let fewest = matching().map(|(_, parameters)| parameters).min();
    let methods = matching()
        .filter(|(_, parameters)| Some(*parameters) == fewest)
        .flat_map(|(route, _)| route.methods());
    methods.collect()
}

/// The routes alone: the code behind them is not linked into this function.
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
