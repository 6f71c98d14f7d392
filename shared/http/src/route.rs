//! Routes: the method and the path of an endpoint.
//!
//! A route is declared once, on its endpoint. Everything else that lists routes is compared with it.

use padron_domain::{Failure, FailureClass};

/// The failure of a request whose path belongs to no route.
pub const ROUTE_NOT_FOUND: Failure =
    Failure::new(FailureClass::NotFound, "route_not_found", "Not found. No route has this path");

/// The failure of a request whose path has routes, but none with its method.
pub const METHOD_NOT_ALLOWED: Failure =
    Failure::new(FailureClass::MethodNotAllowed, "method_not_allowed", "Method not allowed")
        .with_hint("The Allow header lists the methods of this path.");

/// The prefix of all paths: the name of the stage in the cloud, and a path prefix of the router locally.
pub const BASE_PATH: &str = "/api";

/// The HTTP methods of routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// `GET`: reads.
    Get,
    /// `POST`: creates or acts.
    Post,
    /// `PUT`: updates.
    Put,
    /// `DELETE`: deletes.
    Delete,
}

impl Method {
    /// The name of the method `HEAD`. No route is declared for it; every route with [`Method::Get`] answers it (RFC 9110 §9.3.2).
    pub const HEAD: &'static str = "HEAD";

    /// Returns the name of the method, as requests contain it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// A route and the Lambda function that serves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The name of the function and of its binary: `get-organization`.
    pub function: &'static str,
    /// The method; `None` for the fallback route.
    pub method: Option<Method>,
    /// The path below [`BASE_PATH`], with parameters in braces: `/organizations/{organizationId}`.
    pub path: &'static str,
    /// Whether the path is below the root of the host instead.
    pub is_at_root: bool,
}

impl Route {
    /// Creates a route that reads.
    pub const fn get(function: &'static str, path: &'static str) -> Self {
        Self { function, method: Some(Method::Get), path, is_at_root: false }
    }

    /// Creates a route that creates or acts.
    pub const fn post(function: &'static str, path: &'static str) -> Self {
        Self { function, method: Some(Method::Post), path, is_at_root: false }
    }

    /// Creates a route that updates.
    pub const fn put(function: &'static str, path: &'static str) -> Self {
        Self { function, method: Some(Method::Put), path, is_at_root: false }
    }

    /// Creates a route that deletes.
    pub const fn delete(function: &'static str, path: &'static str) -> Self {
        Self { function, method: Some(Method::Delete), path, is_at_root: false }
    }

    /// Creates the same route below the root of the host, for documents that are looked for there (RFC 8615).
    #[must_use]
    pub const fn at_root(self) -> Self {
        Self { is_at_root: true, ..self }
    }

    /// Returns the path that the paths of the route begin with: [`BASE_PATH`], or nothing at the root of the host.
    pub const fn base(&self) -> &'static str {
        if self.is_at_root { "" } else { BASE_PATH }
    }

    /// Creates the fallback route, which matches requests that no other route matches: API Gateway's `$default`.
    pub const fn fallback(function: &'static str) -> Self {
        Self { function, method: None, path: "$default", is_at_root: false }
    }

    /// Returns the methods that the route answers, as requests contain them.
    pub fn methods(&self) -> impl Iterator<Item = &'static str> + use<> {
        let head = self.method.filter(|method| *method == Method::Get).map(|_| Method::HEAD);
        self.method.map(Method::name).into_iter().chain(head)
    }

    /// Returns the names of the path's parameters, in order.
    pub fn parameters(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(parameter)
    }

    /// Returns the number of the path's parameters.
    pub(crate) const fn count_parameters(&self) -> usize {
        let (path, mut index, mut count) = (self.path.as_bytes(), 0, 0);
        while index < path.len() {
            if path[index] == b'{' {
                count += 1;
            }
            index += 1;
        }
        count
    }

    /// Returns the names and values of the path's parameters; `None` if `path`, which is below [`BASE_PATH`], does not match the route.
    pub fn captures<'p>(&self, path: &'p str) -> Option<Vec<(&'static str, &'p str)>> {
        let (mut ours, mut theirs) = (self.path.split('/'), path.split('/'));
        let mut captures = Vec::new();
        loop {
            match (ours.next(), theirs.next()) {
                (None, None) => return Some(captures),
                (Some(ours), Some(theirs)) => match parameter(ours) {
                    Some(name) if !theirs.is_empty() => captures.push((name, theirs)),
                    None if ours == theirs => {}
                    _ => return None,
                },
                _ => return None,
            }
        }
    }
}

/// Returns the name of a parameter; `None` if the segment is not one.
fn parameter(segment: &'static str) -> Option<&'static str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_matches_segment_by_segment() {
        let route = Route::get("get-member", "/organizations/{organizationId}/members/{memberId}");
        let captures = route.captures("/organizations/a/members/b%2Fc").unwrap();
        assert_eq!(captures, [("organizationId", "a"), ("memberId", "b%2Fc")]);
        for path in [
            "",
            "/",
            "/organizations/a/members",
            "/organizations/a/members/",
            "/organizations//members/b",
            "/x/a/members/b",
        ] {
            assert_eq!(route.captures(path), None, "{path}");
        }
    }
}
