//! Links from operations that create to those that read, change and delete what was created.

use padron_http::{Registration, Route};
use serde_json::{Map, Value, json};
use url::Url;

use super::Sample;

/// Adds to the description of an operation the links to those on the resource that its response names in `Location`, as the sample has it.
pub(super) fn add(operation: &mut Value, sample: &Sample) {
    let route = &sample.endpoint.route;
    let path = sample.request["rawPath"].as_str().unwrap_or_default();
    let Some(location) = sample.answer.location.as_ref().filter(|location| !location.is_empty()) else {
        return;
    };
    let Some(target) = resolve(path.strip_prefix(route.base()).unwrap_or(path), location) else { return };
    let mut links = Map::new();
    'routes: for Registration { route, headers, .. } in padron_api::endpoints() {
        let Some(captures) = captures_of_resource(route, &target) else { continue };
        let mut parameters = Map::new();
        for (name, value) in captures {
            let Some(expression) = expression(sample, value) else { continue 'routes };
            parameters.insert(format!("path.{name}"), expression.into());
        }
        for header in headers.iter().filter(|header| header.is_required) {
            parameters
                .insert(format!("header.{}", header.name), format!("$request.header.{}", header.name).into());
        }
        links.insert(
            route.function.into(),
            json!({ "operationId": route.function, "parameters": parameters }),
        );
    }
    if !links.is_empty()
        && let Some(response) = operation["responses"].get_mut(sample.answer.status.to_string())
    {
        response["links"] = Value::Object(links);
    }
}

/// Resolves a reference that is relative to a path (RFC 3986 §5.2).
fn resolve(path: &str, reference: &str) -> Option<String> {
    let base = Url::parse("http://localhost").and_then(|host| host.join(path));
    base.and_then(|base| base.join(reference)).ok().map(|resolved| resolved.path().to_owned())
}

/// Returns the path parameters of a route if it is on this resource, whose path ends with a parameter: on its path, or on one below that
/// needs no other parameter.
fn captures_of_resource<'t>(route: &'static Route, target: &'t str) -> Option<Vec<(&'static str, &'t str)>> {
    route.method?;
    let path = &route.path[..=route.path.rfind('}')?];
    Route { path, ..*route }.captures(target)
}

/// Returns the runtime expression (OpenAPI 3.1 §4.8.20.4) of a value: in the request's path, or in the response's body.
fn expression(sample: &Sample, value: &str) -> Option<String> {
    let in_path = sample.request["pathParameters"].as_object().into_iter().flatten();
    if let Some((name, _)) = in_path.clone().find(|(_, known)| *known == value) {
        return Some(format!("$request.path.{name}"));
    }
    pointer_to(&sample.answer.body, value).map(|pointer| format!("$response.body#{pointer}"))
}

/// Returns the JSON pointer to a value that is written like this; the shortest, if there are several.
fn pointer_to(body: &Value, text: &str) -> Option<String> {
    let is_here = match body {
        Value::String(value) => value == text,
        Value::Number(value) => value.to_string() == text,
        _ => false,
    };
    if is_here {
        return Some(String::new());
    }
    let within = body
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, member)| pointer_to(member, text).map(|pointer| format!("/{name}{pointer}")));
    within.min_by_key(|pointer| (pointer.matches('/').count(), pointer.len()))
}
