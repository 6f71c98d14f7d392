//! The routing and the events (payload format 2.0) of API Gateway's HTTP API.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderMap, Method, Uri, header::COOKIE};
use padron_http::{BASE_PATH, Registration};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The endpoint and the parameters that a request is routed to.
#[derive(Debug)]
pub struct Routed {
    /// The endpoint of the request. If no route matches, the fallback endpoint; `None` if there is none.
    pub endpoint: Option<&'static Registration>,
    /// The decoded path parameters, by name.
    parameters: Vec<(&'static str, String)>,
    /// The decoded path.
    path: String,
}

/// Returns the endpoint of a request, as API Gateway's HTTP API does.
///
/// The path is decoded first. An escaped slash therefore begins another segment, and an escaped question mark ends the
/// path. Endpoints for `GET` also answer `HEAD`.
pub fn route(
    endpoints: impl IntoIterator<Item = &'static Registration>,
    method: &Method,
    path: &str,
) -> Routed {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let path = decoded.split('?').next().unwrap_or_default().to_owned();
    let mut best: (Option<&'static Registration>, Vec<(&'static str, &str)>) = (None, Vec::new());
    for endpoint in endpoints {
        if endpoint.route.method.is_none() {
            if best.0.is_none() {
                best = (Some(endpoint), Vec::new());
            }
        } else if endpoint.route.methods().any(|of_route| of_route == method.as_str()) {
            let below = path.strip_prefix(endpoint.route.base());
            let Some(captures) = below.and_then(|below| endpoint.route.captures(below)) else { continue };
            // A literal path takes precedence over one with parameters, as in API Gateway.
            let known = best.0.is_some_and(|known| known.route.method.is_some());
            if !known || captures.len() < best.1.len() {
                best = (Some(endpoint), captures);
            }
        }
    }
    let parameters = best.1.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    Routed { endpoint: best.0, parameters, path }
}

/// Creates the event of a request. As in API Gateway, a body that is not text is encoded in base64.
pub fn event(routed: &Routed, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Value {
    let Routed { endpoint, parameters, path } = routed;
    let mut joined = Map::new();
    for name in headers.keys().filter(|name| *name != COOKIE) {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        joined.insert(name.to_string(), json!(values.collect::<Vec<_>>().join(",")));
    }
    let cookies =
        headers.get_all(COOKIE).iter().flat_map(|value| value.to_str().unwrap_or_default().split("; "));
    let is_text = headers.get(http::header::CONTENT_TYPE).is_none_or(|content_type| {
        let content_type = content_type.to_str().unwrap_or_default();
        content_type.starts_with("text/") || content_type.starts_with("application/json")
    });
    let (body, is_base64) = match std::str::from_utf8(body) {
        Ok(text) if is_text => (text.to_owned(), false),
        _ => (BASE64_STANDARD.encode(body), true),
    };
    let route_key = endpoint.map_or("$default".into(), |endpoint| match endpoint.route.method {
        Some(_) => format!("{method} {}", endpoint.route.path),
        None => "$default".into(),
    });
    let mut event = json!({
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path,
        "rawQueryString": uri.query().unwrap_or_default(),
        "headers": joined,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "local",
            "domainName": "localhost",
            "domainPrefix": "localhost",
            "http": {
                "method": method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "local",
            },
            "requestId": Uuid::new_v4().to_string(),
            "routeKey": route_key,
            "stage": if endpoint.is_some_and(|endpoint| endpoint.route.is_at_root) { "$default" } else { &BASE_PATH[1..] },
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1_767_225_600_000_u64,
        },
        "isBase64Encoded": is_base64,
    });
    let cookies: Vec<_> = cookies.collect();
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if !parameters.is_empty() {
        event["pathParameters"] =
            parameters.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    }
    if !body.is_empty() {
        event["body"] = json!(body);
    }
    event
}
