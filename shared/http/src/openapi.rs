//! The API's description (OpenAPI 3.1), made from the endpoints themselves.

use std::collections::BTreeMap;

use padron_domain::{Customer, CustomerReference, Failure, Role};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{
    access::{Access, Rule},
    endpoint::{Endpoint, Registration},
    input::{Input, describe_size},
    problem::{Problem, shape},
    reply::Output,
    route::{BASE_PATH, Method, Route},
};

/// The schemas that operations refer to. What is sent and what is answered are two things: a field that need not be sent is
/// answered all the same.
#[derive(Debug)]
pub struct Schemas {
    sent: SchemaGenerator,
    bounded: SchemaGenerator,
    answered: SchemaGenerator,
}

impl Schemas {
    fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            })
        };
        let bounded = settings().with_transform(describe_size);
        Self {
            sent: settings().into_generator(),
            bounded: bounded.into_generator(),
            answered: settings().for_serialize().into_generator(),
        }
    }

    /// A reference to the schema of what is answered.
    pub fn reference<T: JsonSchema>(&mut self) -> Value {
        self.answered.subschema_for::<T>().to_value()
    }

    /// A reference to the schema of what is sent.
    pub fn sent<T: JsonSchema>(&mut self) -> Value {
        self.sent.subschema_for::<T>().to_value()
    }

    /// A reference to the schema of what is sent, where texts and lists are held to a size.
    pub(crate) fn bounded<T: JsonSchema>(&mut self) -> Value {
        self.bounded.subschema_for::<T>().to_value()
    }

    /// All of them, by name.
    fn into_definitions(mut self) -> Map<String, Value> {
        let mut all = self.answered.take_definitions(true);
        let sent = self.sent.take_definitions(true).into_iter().chain(self.bounded.take_definitions(true));
        for (name, schema) in sent {
            let before = all.insert(name.clone(), schema.clone());
            assert!(
                before.is_none_or(|before| before == schema),
                "`{name}` is sent and answered: name it twice"
            );
        }
        all
    }
}

/// One operation being described.
#[derive(Debug)]
pub struct Operation {
    route: Route,
    value: Map<String, Value>,
    responses: BTreeMap<String, Value>,
    failures: Vec<Failure>,
}

impl Operation {
    /// Describes an endpoint.
    pub(crate) fn of<E: Endpoint>(schemas: &mut Schemas) -> Self {
        let mut operation =
            Self { route: E::ROUTE, value: Map::new(), responses: BTreeMap::new(), failures: Vec::new() };
        operation.set("operationId", json!(E::ROUTE.function));
        operation.set("summary", json!(E::SUMMARY));
        operation.set("description", json!(who(E::Access::RULE)));
        operation.set("tags", json!([tag(&E::ROUTE)]));
        operation.set("parameters", E::ROUTE.parameters().map(path_parameter).collect());
        if E::Access::RULE != Rule::Anonymous {
            operation.set("security", json!([{ "bearer": [] }]));
        }
        operation.describe_headers(E::Access::RULE);
        E::Input::describe(&mut operation, schemas);
        E::Output::describe(&mut operation, schemas);
        if E::FAILURES.concat().contains(&Failure::PreconditionFailed) {
            let meaning = "Entity tags: the request is refused where none of them is of the newest version";
            operation.parameter("header", "If-Match", meaning, false, &json!({ "type": "string" }));
        }
        let problem = schemas.reference::<Problem>();
        let of_output = std::mem::take(&mut operation.failures);
        let of_writes = if E::Output::IS_WRITE { E::Access::WRITE_FAILURES } else { &[] };
        let of_others = E::Access::FAILURES.iter().chain([&of_writes]).chain(E::FAILURES).copied();
        for failures in of_others.chain([E::Input::FAILURES, &of_output, EVERYWHERE]) {
            for failure in failures {
                operation.failure(*failure, &problem);
            }
        }
        operation
    }

    /// Where it is reached.
    pub(crate) fn route(&self) -> Route {
        self.route
    }

    /// It can fail like this too.
    pub(crate) fn fails(&mut self, failure: Failure) {
        self.failures.push(failure);
    }

    /// The headers that the access rule reads, beside the bearer token.
    fn describe_headers(&mut self, rule: Rule) {
        let text = json!({ "type": "string" });
        match rule {
            Rule::CredentialMember => {
                let meaning = "The organization, where the caller belongs to several";
                self.parameter("header", "X-Organization-Id", meaning, false, &text);
            }
            Rule::TenantMember | Rule::MemberOfTenant => {
                if rule == Rule::MemberOfTenant {
                    let meaning = "The organization, where the owner in `tenantId` has several";
                    self.parameter("header", "X-Organization-Id", meaning, false, &text);
                }
                self.parameter("header", "tenantId", "Id of the organization or of its owner", true, &text);
                let meaning = "An access token of the same user as the bearer's; it may be the same one";
                self.parameter("header", "token", meaning, true, &text);
            }
            Rule::Anonymous | Rule::SignedIn | Rule::Member(_) | Rule::AdminOrSelf | Rule::OneSelf => {}
        }
    }

    fn set(&mut self, name: &str, value: Value) {
        self.value.insert(name.into(), value);
    }

    /// It takes this parameter: `query` or `header`.
    pub fn parameter(&mut self, place: &str, name: &str, description: &str, required: bool, schema: &Value) {
        if let Some(parameters) = self.value.get_mut("parameters").and_then(Value::as_array_mut) {
            parameters.push(json!({
                "name": name, "in": place, "required": required, "description": description, "schema": schema,
            }));
        }
    }

    /// Its success carries this header.
    pub fn response_header(&mut self, name: &str, description: &str) {
        for response in self.responses.values_mut() {
            response["headers"][name] = json!({ "description": description, "schema": { "type": "string" } });
        }
    }

    /// It takes a JSON body.
    pub(crate) fn body(&mut self, schema: &Value) {
        self.set(
            "requestBody",
            json!({ "required": true, "content": { "application/json": { "schema": schema } } }),
        );
    }

    /// It answers this status; with a JSON body, if it has a schema.
    pub fn succeeds(&mut self, status: &str, schema: Option<&Value>) {
        let mut response = json!({ "description": "Success" });
        if let Some(schema) = schema {
            response["content"] = json!({ "application/json": { "schema": schema } });
        }
        self.responses.insert(status.into(), response);
    }

    /// What it answers with 200 has another status.
    pub(crate) fn succeeds_as(&mut self, status: &str) {
        if let Some(response) = self.responses.remove("200") {
            self.responses.insert(status.into(), response);
        }
    }

    /// Its answer of that status is text of this type.
    pub(crate) fn content(&mut self, status: &str, media_type: &str) {
        if let Some(response) = self.responses.get_mut(status) {
            response["content"][media_type] = json!({ "schema": { "type": "string" } });
        }
    }

    /// Its success has an entity tag; where it reads, a client can ask whether anything changed.
    pub(crate) fn versioned(&mut self) {
        self.response_header(
            "ETag",
            "`\"<version>.<variant>\"`: send it back in `If-None-Match` or `If-Match`",
        );
        if self.route.method == Some(Method::Get) {
            self.responses
                .insert("304".into(), json!({ "description": "Nothing changed since that entity tag" }));
            let text = json!({ "type": "string" });
            self.parameter("header", "If-None-Match", "Entity tags of what the client has", false, &text);
        }
    }

    fn failure(&mut self, failure: Failure, problem: &Value) {
        let shape = shape(failure);
        let response = self.responses.entry(shape.status.to_string()).or_insert_with(
            || json!({ "description": "", "content": { "application/problem+json": { "schema": problem } } }),
        );
        let line = format!("`{}`: {}", shape.code, shape.message);
        let known = response["description"].as_str().unwrap_or_default();
        if !known.split('\n').any(|one| one == line) {
            let all = [known, &line].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>();
            response["description"] = json!(all.join("\n"));
        }
    }

    fn into_value(mut self) -> Value {
        self.set("responses", json!(self.responses));
        Value::Object(self.value)
    }
}

/// How every endpoint can fail: by a defect, and by a deadline.
const EVERYWHERE: &[Failure] = &[Failure::Internal, Failure::Unavailable];

/// Who may call it, in a sentence.
fn who(rule: Rule) -> &'static str {
    match rule {
        Rule::Anonymous => "Open to everyone.",
        Rule::SignedIn => "For everyone with a valid access token.",
        Rule::Member(Role::Member) => "For members of the organization.",
        Rule::Member(Role::Admin) => "For admins and the owner of the organization.",
        Rule::Member(Role::Owner) => "For the owner of the organization.",
        Rule::OneSelf => "For the user themselves.",
        Rule::AdminOrSelf => "For admins and the owner of the organization, and for the member themselves.",
        Rule::CredentialMember => {
            "For members of the organization that the token is bound to, that the header `X-Organization-Id` names, or \
             that is their only one."
        }
        Rule::TenantMember => "For members of the organization, with all three headers of Cyrexa's API.",
        Rule::MemberOfTenant => {
            "For members of the organization that `tenantId` names, with all three headers of Cyrexa's API."
        }
    }
}

fn tag(route: &Route) -> &'static str {
    route.path.split('/').nth(1).filter(|segment| !segment.is_empty()).unwrap_or("api")
}

/// One meaning per parameter name, over all routes.
fn path_parameter(name: &'static str) -> Value {
    let reference = || json!({ "type": "string", "pattern": CustomerReference::PATTERN });
    let (description, schema) = match name {
        "organizationId" => ("Id of the organization", json!({ "type": "string", "format": "uuid" })),
        "customerId" => ("Id of the customer: 24 hex digits, or its number", reference()),
        "number" => ("Number of the customer, or its id", reference()),
        "customerType" => {
            ("Type of the customers", json!({ "type": "string", "enum": ["Person", "Organization"] }))
        }
        "status" => ("Status, in the spelling as published or a correct one", json!({ "type": "string" })),
        "externalId" => (
            "Id of the customer in the caller's own system; one with `/` or `?` in it is found by the list's `externalId` alone",
            json!({ "type": "string", "minLength": 1, "maxLength": Customer::LONGEST_EXTERNAL_ID }),
        ),
        "invitationId" => ("Id of the invitation", json!({ "type": "string", "format": "uuid" })),
        "userId" => ("Id of the user", json!({ "type": "string", "format": "uuid" })),
        "memberId" => ("Id of the member: that of the user", json!({ "type": "string", "format": "uuid" })),
        unknown => unreachable!("describe the path parameter `{unknown}` here"),
    };
    json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema })
}

/// The description of all these endpoints.
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
    let schemas = schemas.into_definitions();
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
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" } },
        },
    })
}
