//! The API description (OpenAPI 3.1), generated from the endpoints.

use std::collections::BTreeMap;

use padron_domain::Scope;
use serde_json::{Map, Value, json};

pub use crate::describe::{Operation, Schemas};
use crate::{
    access::API_KEY_HEADER,
    describe::{Definitions, rename_references},
    endpoint::Registration,
    route::BASE_PATH,
};

/// Returns the description of the requests that webhooks get, by the type of the event.
fn webhooks() -> Map<String, Value> {
    let header = |name: &str, description: &str| {
        json!({
            "name": name, "in": "header", "required": true, "description": description,
            "schema": { "type": "string" },
        })
    };
    let headers = [
        header("webhook-id", "`evt_` and the 32 hex digits of the event's UUID, the same at each attempt"),
        header("webhook-timestamp", "Time of the attempt, in seconds since 1970"),
        header(
            "webhook-signature",
            "Signatures of the request, separated by spaces (Standard Webhooks 1.0.0)",
        ),
        header("webhook-attempt", "Number of the attempt, from 1"),
    ];
    let described = padron_dto::event_types().into_iter().map(|event_type| {
        let (schema, example) = event_type.schema();
        let mut schema = schema.clone();
        if let Some(members) = schema.as_object_mut() {
            members.remove("$schema");
        }
        let operation = json!({
            "operationId": format!("webhook-{}", event_type.name().replace(['.', '_'], "-")),
            "summary": event_type.name(),
            "description": event_type.description(),
            "tags": ["webhooks"],
            "security": [],
            "parameters": headers,
            "requestBody": {
                "required": true, "content": { "application/json": { "schema": schema, "example": example } },
            },
            "responses": {
                "2XX": { "description": "The event was taken" },
                "410": { "description": "The receiver is gone: the webhook is disabled" },
                "default": { "description": "The request is sent again later" },
            },
        });
        (event_type.name().to_owned(), json!({ "post": operation }))
    });
    described.collect()
}

/// The address of the local stack of `make run`.
const LOCAL: &str = "http://localhost:3001";

/// Returns the description of these endpoints.
pub fn document<'a>(registrations: impl IntoIterator<Item = &'a Registration>) -> Value {
    let mut schemas = Schemas::new();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for registration in registrations {
        let Some(method) = registration.route.method else { continue };
        let Some(mut operation) = registration.describe(&mut schemas).map(Operation::into_value) else {
            continue;
        };
        if registration.route.is_at_root {
            operation["servers"] = json!([{ "url": LOCAL, "description": "The root of the host" }]);
        }
        paths.entry(registration.route.path).or_default().insert(method.name().to_lowercase(), operation);
    }
    let Definitions { schemas, renamed, problems } = schemas.into_definitions();
    for operation in paths.values_mut().flat_map(Map::values_mut) {
        if let Some(body) = operation.get_mut("requestBody") {
            rename_references(body, &renamed);
        }
    }
    let scopes: Map<String, Value> =
        Scope::ALL.into_iter().map(|scope| (scope.name().to_owned(), scope.description().into())).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Padrón",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Organizations, their members and their customers.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [
            { "url": format!("{LOCAL}{BASE_PATH}"), "description": "The local stack of `make run`" },
        ],
        "paths": paths,
        "webhooks": webhooks(),
        "components": {
            "schemas": schemas,
            "examples": problems,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An access token of the operator's issuer, which needs no scope, or an API key",
                },
                "oauth2": {
                    "type": "oauth2",
                    "description": "An access token of an OAuth app, which needs the scope that the operation names",
                    "flows": {
                        "clientCredentials": { "tokenUrl": format!("{BASE_PATH}/oauth/token"), "scopes": scopes },
                    },
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
