//! The API description (OpenAPI 3.1), generated from the endpoints.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

pub use crate::describe::{Operation, Schemas};
use crate::{
    access::API_KEY_HEADER,
    describe::{Definitions, rename_references},
    endpoint::Registration,
    route::BASE_PATH,
};

/// Returns the description of these endpoints.
pub fn document<'a>(registrations: impl IntoIterator<Item = &'a Registration>) -> Value {
    let mut schemas = Schemas::new();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for registration in registrations {
        let Some(method) = registration.route.method else { continue };
        let Some(operation) = registration.describe(&mut schemas).map(Operation::into_value) else {
            continue;
        };
        paths.entry(registration.route.path).or_default().insert(method.name().to_lowercase(), operation);
    }
    let Definitions { schemas, renamed } = schemas.into_definitions();
    for operation in paths.values_mut().flat_map(Map::values_mut) {
        if let Some(body) = operation.get_mut("requestBody") {
            rename_references(body, &renamed);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Padrón",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Organizations, their members and their customers.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [
            { "url": format!("http://localhost:3001{BASE_PATH}"), "description": "The local stack of `make run`" },
        ],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An access token of the operator's issuer, which needs no scope, or an API key",
                },
                "apiKey": {
                    "type": "apiKey",
                    "in": "header",
                    "name": API_KEY_HEADER,
                    "description": "An API key of an organization, which needs the scope that the operation names",
                },
            },
        },
    })
}
