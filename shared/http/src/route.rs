//! Where an endpoint is reached. Declared once, on the endpoint; everything else is compared with it.

use padron_domain::{Class, Failure};

/// No route has this path.
pub const ROUTE_NOT_FOUND: Failure =
    Failure::new(Class::NotFound, "route_not_found", "Not found. No route has this path");

/// The path has routes, none with this method.
pub const METHOD_NOT_ALLOWED: Failure =
    Failure::new(Class::MethodNotAllowed, "method_not_allowed", "Method not allowed")
        .with_hint("The Allow header lists the methods of this path.");

/// What all paths begin with: the name of the stage in the cloud, a prefix of the router locally.
pub const BASE_PATH: &str = "/api";

/// The methods that routes use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates or acts.
    Post,
    /// Updates.
    Put,
    /// Deletes.
    Delete,
}

impl Method {
    /// Reads the head of what [`Method::Get`] answers: no route is declared for it, each that reads answers it (RFC 9110 §9.3.2).
    pub const HEAD: &'static str = "HEAD";

    /// As it stands in a request.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// A route, and the Lambda function behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Name of the function and of its binary: `get-organization`.
    pub function: &'static str,
    /// `None` for the route that takes what no other does.
    pub method: Option<Method>,
    /// Below [`BASE_PATH`], parameters in braces: `/organizations/{organizationId}`.
    pub path: &'static str,
}

impl Route {
    /// A route that reads.
    pub const fn get(function: &'static str, path: &'static str) -> Self {
        Self { function, method: Some(Method::Get), path }
    }

    /// A route that creates or acts.
    pub const fn post(function: &'static str, path: &'static str) -> Self {
        Self { function, method: Some(Method::Post), path }
    }

    /// A route that updates.
    pub const fn put(function: &'static str, path: &'static str) -> Self {
        Self { function, method: Some(Method::Put), path }
    }

    /// A route that deletes.
    pub const fn delete(function: &'static str, path: &'static str) -> Self {
        Self { function, method: Some(Method::Delete), path }
    }

    /// The route that takes what no other does: API Gateway's `$default`.
    pub const fn fallback(function: &'static str) -> Self {
        Self { function, method: None, path: "$default" }
    }

    /// The methods that it answers, as they stand in requests.
    pub fn methods(&self) -> impl Iterator<Item = &'static str> + use<> {
        let head = self.method.filter(|method| *method == Method::Get).map(|_| Method::HEAD);
        self.method.map(Method::name).into_iter().chain(head)
    }

    /// The names of the path's parameters, in order.
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

    /// The values of the parameters if the path, below [`BASE_PATH`], is one of this route's.
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
